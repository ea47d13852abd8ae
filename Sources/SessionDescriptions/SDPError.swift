/// Why a text is no session description: which line, which value, and what is wrong with it.
package struct SDPError: Error, Equatable, Sendable {
    /// What is wrong; raw values are stable and meant for logs and problem documents.
    package enum Reason: String, Sendable {
        case tooLarge = "too-large"
        case notUTF8 = "not-utf-8"
        case forbiddenByte = "forbidden-byte"
        case malformedLine = "malformed-line"
        case unknownType = "unknown-type"
        case misplacedLine = "misplaced-line"
        case badVersion = "bad-version"
        case badOrigin = "bad-origin"
        case badMediaLine = "bad-media-line"
        case badAttribute = "bad-attribute"
        case badCandidate = "bad-candidate"
        case tooManyMediaLines = "too-many-media-lines"
        case tooManyAttributes = "too-many-attributes"
    }

    package let reason: Reason
    /// The line's number from 1; 0 when the text as a whole is meant.
    package let line: Int
    /// What to change, in words; holds the offending value, shortened.
    package let message: String

    /// The longest value repeated in a message: enough to find it, too short to flood a log.
    static let longestQuotedBytes = 80

    init(_ reason: Reason, line: Int, _ text: String) {
        self.reason = reason
        self.line = line
        message = (line > 0 ? "line \(line): " : "") + text
    }

    init(_ reason: Reason, line: Int, _ text: String, value: some StringProtocol) {
        self.init(reason, line: line, "\(text), got \(Self.quoted(value))")
    }

    /// A value from the network as a message may repeat it: printable ASCII, shortened.
    static func quoted(_ value: some StringProtocol) -> String {
        var result = "'"
        for byte in value.utf8.prefix(longestQuotedBytes) {
            result.unicodeScalars.append((32...126).contains(byte) ? Unicode.Scalar(byte) : "?")
        }
        return result + (value.utf8.count > longestQuotedBytes ? "...'" : "'")
    }
}

extension SDPError: CustomStringConvertible {
    package var description: String { "\(reason.rawValue): \(message)" }
}
