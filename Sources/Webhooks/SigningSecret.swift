import Crypto
import Foundation

/// Why a text is no secret to sign by; does not repeat the text.
package struct SigningSecretError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// A symmetric secret of the Standard Webhooks specification: `whsec_` and base64 of 24 to 64 bytes.
package struct SigningSecret: Sendable, Equatable {
    package static let prefix = "whsec_"
    /// What the specification asks for.
    static let byteCounts = 24...64

    private let key: [UInt8]

    /// Reads the text form; whitespace around it (a file's last line end) is left out.
    package init(_ text: String) throws(SigningSecretError) {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard trimmed.hasPrefix(Self.prefix), let data = Data(base64Encoded: String(trimmed.dropFirst(6)))
        else {
            throw SigningSecretError(
                description:
                    "a webhook secret is \(Self.prefix) and base64, as: echo whsec_$(openssl rand -base64 32)"
            )
        }
        guard Self.byteCounts.contains(data.count) else {
            throw SigningSecretError(
                description: "the webhook secret has \(data.count) bytes; it takes "
                    + "\(Self.byteCounts.lowerBound) to \(Self.byteCounts.upperBound)"
            )
        }
        key = Array(data)
    }

    /// One signature of the `webhook-signature` field: `v1,` and base64 of HMAC-SHA-256 over
    /// `id.timestamp.body`, the timestamp in whole seconds since 1970.
    package func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        var hmac = HMAC<SHA256>(key: SymmetricKey(data: key))
        hmac.update(data: Array("\(id).\(timestamp).".utf8))
        hmac.update(data: body)
        return "v1," + Data(hmac.finalize()).base64EncodedString()
    }
}

extension SigningSecret: CustomStringConvertible {
    /// Never the secret, so that it cannot get into a log by accident.
    package var description: String { "whsec_…" }
}
