import Primitives

/// A moment in a receipt: RFC 3339 in UTC with nine digits of the second, and no other spelling of it.
package struct ReceiptTime: Sendable, Hashable, Comparable {
    package let wall: WallClockTime

    package init(_ wall: WallClockTime) {
        self.wall = wall
    }

    /// `nil` if `text` is not how a receipt spells a moment.
    package init?(_ text: String) {
        guard let wall = WallClockTime(rfc3339: text), wall.rfc3339 == text else { return nil }
        self.wall = wall
    }

    package var text: String { wall.rfc3339 }

    /// Whole seconds since 1970, the second that the moment is in.
    var secondsSince1970: Int64 {
        let (quotient, remainder) = wall.nanosecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    package static func < (left: ReceiptTime, right: ReceiptTime) -> Bool { left.wall < right.wall }
}

extension ReceiptTime: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let time = ReceiptTime(text) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "not RFC 3339 in UTC with nine digits of the second"
                )
            )
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// How long an event holds (`validity_duration`): half-open, as an ISO 8601 interval whose open ends are `..`.
package struct ReceiptValidity: Sendable, Hashable {
    package let from: ReceiptTime?
    package let until: ReceiptTime?

    package init(from: ReceiptTime? = nil, until: ReceiptTime? = nil) {
        self.from = from
        self.until = until
    }

    /// `nil` if `text` is not how a receipt spells an interval.
    package init?(_ text: String) {
        let ends = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard ends.count == 2 else { return nil }
        let from = ReceiptTime(ends[0])
        let until = ReceiptTime(ends[1])
        guard from != nil || ends[0] == Self.open, until != nil || ends[1] == Self.open else { return nil }
        self.init(from: from, until: until)
    }

    private static let open = ".."

    package var text: String { "\(from?.text ?? Self.open)/\(until?.text ?? Self.open)" }
}

extension ReceiptValidity: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let validity = ReceiptValidity(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not an interval FROM/UNTIL")
            )
        }
        self = validity
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
