import Crypto

/// The public half of a log's key, which verifies its notes: Ed25519 (C2SP signed-note).
package struct VerifierKey: Sendable, Hashable {
    /// The signature type of plain Ed25519 signatures.
    static let ed25519Type = 0x01 as UInt8

    package let name: KeyName
    /// The 32 bytes of RFC 8032.
    package let publicKey: [UInt8]
    /// Names the key together with `name`: the first four bytes of a hash over both.
    package let id: UInt32

    /// `nil` if `publicKey` is not a key's 32 bytes.
    package init?(name: KeyName, publicKey: [UInt8]) {
        guard publicKey.count == 32,
            (try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)) != nil
        else { return nil }
        self.name = name
        self.publicKey = publicKey
        id = Self.id(name: name, publicKey: publicKey)
    }

    /// Reads `<name>+<key id>+<key>`; `nil` for anything else, other kinds of keys included.
    package init?(text: some StringProtocol) {
        // The key's Base 64 may hold plus signs itself.
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = KeyName(parts[0]), parts[1].utf8.count == 8,
            let id = Hexadecimal.decode(parts[1]),
            let material = Base64Text.decode(parts[2]), material.first == Self.ed25519Type,
            let key = VerifierKey(name: name, publicKey: Array(material.dropFirst())),
            key.idBytes == id
        else { return nil }
        self = key
    }

    /// `<name>+<key id>+<key>`, the form in which verifiers are given the key.
    package var text: String {
        "\(name)+\(Hexadecimal.encode(idBytes))+\(Base64Text.encode([Self.ed25519Type] + publicKey))"
    }

    /// Whether `signature` is this key's over `message`.
    package func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: message)
    }

    var idBytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) }
    }

    private static func id(name: KeyName, publicKey: [UInt8]) -> UInt32 {
        let hash = MerkleHash(sha256Of: Array(name.text.utf8) + [0x0A, ed25519Type] + publicKey)
        return UInt32(truncatingIfNeeded: hash.words.first >> 32)
    }
}
