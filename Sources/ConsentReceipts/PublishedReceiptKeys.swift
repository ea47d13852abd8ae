import Crypto
import Foundation

/// Why a document holds no keys to check receipts with; says what to do.
package struct ReceiptKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// The public keys that a relay signs receipts with, or did: a JWK Set (RFC 7517 5) for everybody to read.
package struct PublishedReceiptKeys: Sendable {
    /// Many times what a relay that changes its key every month collects in years.
    package static let maximumDocumentBytes = 64 * 1024
    static let maximumKeys = 128
    /// For `Content-Type` (RFC 7517 8.5.2).
    package static let mediaType = "application/jwk-set+json"

    private let keys: [(id: String, key: Curve25519.Signing.PublicKey)]

    init(_ keys: [Curve25519.Signing.PublicKey]) {
        self.keys = keys.map { (Self.thumbprint($0), $0) }
    }

    /// Reads a JWK Set or a single JWK; keys of other kinds are passed over.
    package init(document: [UInt8]) throws(ReceiptKeyError) {
        let found = try Self.webKeys(in: document)
        guard !found.contains(where: { $0["d"] != nil }) else {
            throw ReceiptKeyError(
                description: "it holds a private key, which is nobody's but the relay's; checking takes the "
                    + "published key"
            )
        }
        var keys: [Curve25519.Signing.PublicKey] = []
        for webKey in found {
            guard let key = try Self.publicKey(webKey) else { continue }
            keys.append(key)
        }
        guard !keys.isEmpty else {
            throw ReceiptKeyError(description: "it holds no Ed25519 key (kty OKP, crv Ed25519)")
        }
        self.init(keys)
    }

    /// RFC 7638 thumbprints.
    package var keyIDs: [String] { keys.map(\.id) }

    /// The JWK Set to publish.
    package var document: [UInt8] {
        JSONValue.object(["keys": .array(keys.map { Self.webKey($0.key) })]).canonicalBytes
    }

    /// By bytes, as Swift takes a Kelvin sign for a K.
    func key(withID id: String) -> Curve25519.Signing.PublicKey? {
        keys.first { $0.id.utf8.elementsEqual(id.utf8) }?.key
    }

    /// The members `keys` of a JWK Set, or the one JWK.
    static func webKeys(in document: [UInt8]) throws(ReceiptKeyError) -> [JSONValue] {
        guard document.count <= maximumDocumentBytes else {
            throw ReceiptKeyError(description: "it has more than \(maximumDocumentBytes) bytes")
        }
        let value: JSONValue
        do throws(JSONFailure) {
            value = try JSONReader.read(document)
        } catch {
            throw ReceiptKeyError(description: "it is not JSON: \(error)")
        }
        guard value.members != nil else { throw ReceiptKeyError(description: "it is not a JWK Set") }
        let keys = value["keys"] == nil ? [value] : value["keys"]?.elements ?? []
        guard keys.count <= maximumKeys, keys.allSatisfy({ $0.members != nil }) else {
            throw ReceiptKeyError(description: "its keys are not a list of at most \(maximumKeys) JWKs")
        }
        return keys
    }

    /// The Ed25519 key that a JWK holds (RFC 8037 2); `nil` if it is one of another kind.
    static func publicKey(_ webKey: JSONValue) throws(ReceiptKeyError) -> Curve25519.Signing.PublicKey? {
        guard webKey["kty"]?.text == "OKP", webKey["crv"]?.text == "Ed25519" else { return nil }
        guard let text = webKey["x"]?.text, let bytes = Base64URLText.decode(text),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else { throw ReceiptKeyError(description: "it has a key whose x is not 32 bytes in base64url") }
        let id = thumbprint(key)
        if let named = webKey["kid"], named.text?.utf8.elementsEqual(id.utf8) != true {
            throw ReceiptKeyError(
                description: "the key \(id) is named otherwise: a kid is the key's thumbprint"
            )
        }
        return key
    }

    /// The public JWK, with its thumbprint for a name.
    static func webKey(_ key: Curve25519.Signing.PublicKey) -> JSONValue {
        thumbprintMembers(key).adding([
            "alg": .string(SignatureHeader.algorithm), "kid": .string(thumbprint(key)), "use": "sig",
        ])
    }

    /// RFC 7638, with the members that RFC 8037 2 names.
    static func thumbprint(_ key: Curve25519.Signing.PublicKey) -> String {
        Base64URLText.encode(SHA256.hash(data: thumbprintMembers(key).canonicalBytes))
    }

    private static func thumbprintMembers(_ key: Curve25519.Signing.PublicKey) -> JSONValue {
        ["crv": "Ed25519", "kty": "OKP", "x": .string(Base64URLText.encode(key.rawRepresentation))]
    }
}
