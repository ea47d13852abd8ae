import Foundation

@testable import ConsentReceipts

/// Signed texts as an attacker puts them together.
enum ForgedReceipt {
    /// A compact JWS of any header and payload, with whatever `sign` makes of them.
    static func compact(
        header: [UInt8],
        payload: [UInt8],
        sign: (Data) throws -> Data
    ) throws -> [UInt8] {
        let header = Base64URLText.encode(header)
        let payload = Base64URLText.encode(payload)
        let signature = try sign(SigningInput.bytes(header, payload))
        return Array("\(header).\(payload).\(Base64URLText.encode(signature))".utf8)
    }
}
