import Crypto
import Foundation

/// The key that a relay signs its receipts with, and the public keys that it signed with before.
package struct ReceiptKeys: Sendable {
    let signing: Curve25519.Signing.PrivateKey
    private let earlier: [Curve25519.Signing.PublicKey]
    /// The signing key's certificate in DER, for vCons.
    let certificate: [UInt8]

    /// The signing key's RFC 7638 thumbprint.
    package var keyID: String { PublishedReceiptKeys.thumbprint(signing.publicKey) }

    /// What everybody may read, the present key first.
    package var published: PublishedReceiptKeys { PublishedReceiptKeys([signing.publicKey] + earlier) }

    init(
        signing: Curve25519.Signing.PrivateKey,
        earlier: [Curve25519.Signing.PublicKey] = []
    ) throws(ReceiptKeyError) {
        self.signing = signing
        self.earlier = earlier
        do {
            certificate = try ReceiptCertificate.make(for: signing)
        } catch {
            throw ReceiptKeyError(description: "its certificate cannot be made: \(error)")
        }
    }

    /// A new key, kept nowhere.
    package static func random() throws(ReceiptKeyError) -> ReceiptKeys {
        try ReceiptKeys(signing: Curve25519.Signing.PrivateKey())
    }

    /// Reads the JWK Set of a key file: one key with its private part, and those that were used before it.
    init(keyFile: [UInt8]) throws(ReceiptKeyError) {
        var signing: Curve25519.Signing.PrivateKey?
        var earlier: [Curve25519.Signing.PublicKey] = []
        for webKey in try PublishedReceiptKeys.webKeys(in: keyFile) {
            guard let key = try PublishedReceiptKeys.publicKey(webKey) else {
                throw ReceiptKeyError(description: "it has a key that is not Ed25519")
            }
            guard let secret = webKey["d"] else {
                earlier.append(key)
                continue
            }
            guard let text = secret.text, let bytes = Base64URLText.decode(text),
                let found = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
            else { throw ReceiptKeyError(description: "its d is not 32 bytes in base64url") }
            guard found.publicKey.rawRepresentation == key.rawRepresentation else {
                throw ReceiptKeyError(description: "its d and its x are not of one key")
            }
            guard signing == nil else { throw ReceiptKeyError(description: "it has two keys with a d") }
            signing = found
        }
        guard let signing else { throw ReceiptKeyError(description: "it has no key with a d") }
        try self.init(signing: signing, earlier: earlier)
    }

    /// What a key file holds.
    var keyFile: [UInt8] {
        let secret: JSONValue = .string(Base64URLText.encode(signing.rawRepresentation))
        let keys = [PublishedReceiptKeys.webKey(signing.publicKey).adding(["d": secret])]
        return JSONValue.object([
            "keys": .array(keys + earlier.map(PublishedReceiptKeys.webKey))
        ]).canonicalBytes
    }
}

/// A log, a message or a dump shows which key it is and never the key.
extension ReceiptKeys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "receipt key \(keyID)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["keyID": keyID]) }
}
