/// The protected header of a receipt's signature (RFC 7515 4): these members and no others, so that nothing in a
/// header is believed that nobody looked at.
struct SignatureHeader: Equatable {
    /// RFC 8037 3.1; with the curve of our keys this is Ed25519.
    static let algorithm = "EdDSA"

    let type: String
    let keyID: String
    /// SHA-256 of the certificate that a vCon carries beside the signature (RFC 7515 4.1.8).
    let certificateHash: String?

    var canonicalBytes: [UInt8] {
        var members: [String: JSONValue] = [
            "alg": .string(Self.algorithm), "kid": .string(keyID), "typ": .string(type),
        ]
        if let certificateHash { members["x5t#S256"] = .string(certificateHash) }
        return JSONValue.object(members).canonicalBytes
    }

    init(type: String, keyID: String, certificateHash: String? = nil) {
        self.type = type
        self.keyID = keyID
        self.certificateHash = certificateHash
    }

    /// Reads the header from its base64url text; the algorithm is the first thing that counts.
    init(encoded: some StringProtocol) throws(ReceiptRefusal) {
        guard let bytes = Base64URLText.decode(encoded) else {
            throw .malformed("the signature's header is not base64url")
        }
        let header: JSONValue
        do throws(JSONFailure) {
            header = try JSONReader.read(bytes)
        } catch {
            throw .malformed("the signature's header is not JSON")
        }
        guard let members = header.members, let algorithm = members["alg"]?.text else {
            throw .malformed("the signature's header names no algorithm")
        }
        guard algorithm == Self.algorithm else { throw .algorithm(Self.shown(algorithm)) }
        guard let type = members["typ"]?.text, let keyID = members["kid"]?.text else {
            throw .malformed("the signature's header does not say its type and key")
        }
        self.init(type: type, keyID: keyID, certificateHash: members["x5t#S256"]?.text)
        // Covers members that are unknown, critical ones (`crit`) and keys that a header brings along.
        guard canonicalBytes == bytes else {
            throw .malformed("the signature's header has members that no receipt has")
        }
    }

    /// Foreign text for a message: cut, and only what is printable ASCII.
    static func shown(_ text: String) -> String {
        String(decoding: text.utf8.prefix(64).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
    }
}
