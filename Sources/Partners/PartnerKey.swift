import Crypto
import Foundation

/// A partner's secret, by which its server asks for grants: `tpk_` and 32 random bytes in base64url.
///
/// The relay keeps its digest only; who loses it has it replaced.
package struct PartnerKey: Sendable {
    package static let prefix = "tpk_"
    private static let byteCount = 32

    /// The secret itself: shown once, never logged.
    package let text: String

    /// A new one.
    init() {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        text =
            Self.prefix
            + Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// SHA-256 of a text that may be a key; the secret is random, so that nothing slower is needed.
    static func digest(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// Compares digests in a time that depends on nothing.
    static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension PartnerKey: CustomStringConvertible {
    /// Never the secret, so that it cannot get into a log by accident.
    package var description: String { "tpk_…" }
}
