/// A month of the calendar (UTC), from 1970 on.
package struct CalendarMonth: Sendable, Hashable {
    /// As `2026-01`.
    package let text: String
    /// From its first moment to the first of the next.
    package let span: Range<WallClockTime>

    /// `nil` unless `text` is of the form `2026-01`.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 7, bytes[4] == 0x2D,
            (bytes[..<4] + bytes[5...]).allSatisfy({ (0x30...0x39).contains($0) }),
            let year = Int(text.prefix(4)), let month = Int(text.suffix(2)), year >= 1970,
            let start = WallClockTime(rfc3339: "\(text)-01T00:00:00Z"),
            let end = WallClockTime(rfc3339: "\(Self.next(year, month))-01T00:00:00Z"), start < end
        else { return nil }
        self.text = text
        span = start..<end
    }

    private static func next(_ year: Int, _ month: Int) -> String {
        let (year, month) = month < 12 ? (year, month + 1) : (year + 1, 1)
        return "\(year)-\(month < 10 ? "0" : "")\(month)"
    }
}
