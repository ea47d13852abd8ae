import Crypto

/// A log's private key: signs its notes with Ed25519.
package struct SigningKey: Sendable {
    /// Bytes of a seed (the private key of RFC 8032).
    package static let seedByteCount = 32
    /// What a key's text begins with, as Go's note tools write it.
    private static let marker = "PRIVATE+KEY"

    /// The public half.
    package let verifier: VerifierKey
    private let seed: [UInt8]

    /// `nil` unless `seed` is 32 bytes, which the caller has drawn at random.
    package init?(name: KeyName, seed: [UInt8]) {
        guard seed.count == Self.seedByteCount,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let verifier = VerifierKey(name: name, publicKey: Array(key.publicKey.rawRepresentation))
        else { return nil }
        self.verifier = verifier
        self.seed = seed
    }

    /// Reads `PRIVATE+KEY+<name>+<key id>+<key>`; `nil` for anything else.
    package init?(text: some StringProtocol) {
        let prefix = Self.marker + "+"
        guard text.hasPrefix(prefix) else { return nil }
        let parts = text.dropFirst(prefix.count)
            .split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = KeyName(parts[0]),
            let material = Base64Text.decode(parts[2]), material.first == VerifierKey.ed25519Type,
            let key = SigningKey(name: name, seed: Array(material.dropFirst())),
            parts[1] == Hexadecimal.encode(key.verifier.idBytes)
        else { return nil }
        self = key
    }

    /// `PRIVATE+KEY+<name>+<key id>+<key>`: a secret.
    package var secretText: String {
        let id = Hexadecimal.encode(verifier.idBytes)
        return "\(Self.marker)+\(verifier.name)+\(id)+\(Base64Text.encode([VerifierKey.ed25519Type] + seed))"
    }

    /// This key's signature over `message`.
    package func signature(over message: [UInt8]) -> [UInt8] {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let signature = try? key.signature(for: message)
        else { preconditionFailure("Ed25519 signs every message with every seed of 32 bytes") }
        return Array(signature)
    }
}

extension SigningKey: CustomStringConvertible, CustomReflectable {
    /// The verifier key, so that no log ever holds the secret.
    package var description: String { "SigningKey(\(verifier.text))" }
    package var customMirror: Mirror { Mirror(self, children: ["verifier": verifier.text]) }
}
