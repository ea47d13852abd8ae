/// A point in civil time, in nanoseconds since 1970-01-01T00:00:00Z (Unix time).
package struct WallClockTime: Hashable, Comparable, Sendable {
    package var nanosecondsSince1970: Int64

    @inlinable
    package init(nanosecondsSince1970: Int64) {
        self.nanosecondsSince1970 = nanosecondsSince1970
    }

    @inlinable
    package static func < (left: WallClockTime, right: WallClockTime) -> Bool {
        left.nanosecondsSince1970 < right.nanosecondsSince1970
    }

    /// This time moved by a number of nanoseconds; saturates instead of overflowing.
    @inlinable
    package func advanced(byNanoseconds delta: Int64) -> WallClockTime {
        let (sum, overflow) = nanosecondsSince1970.addingReportingOverflow(delta)
        return WallClockTime(nanosecondsSince1970: overflow ? (delta < 0 ? .min : .max) : sum)
    }

    /// RFC 3339 in UTC with nine digits of the second, as the API writes `effective_at`.
    package var rfc3339: String {
        let second = 1_000_000_000 as Int64
        var days = nanosecondsSince1970 / (86_400 * second)
        var rest = nanosecondsSince1970 % (86_400 * second)
        if rest < 0 {
            rest += 86_400 * second
            days -= 1
        }
        // Civil date from a day count, in the proleptic Gregorian calendar counted from 0000-03-01.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func digits(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let seconds = rest / second
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T"
            + "\(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2))"
            + ".\(digits(rest % second, 9))Z"
    }
}

/// Both clocks, read at the same moment: civil time for records, monotonic time for leases.
package struct ClockReading: Hashable, Sendable {
    package var wall: WallClockTime
    package var monotonic: MonotonicTime

    package init(wall: WallClockTime, monotonic: MonotonicTime) {
        self.wall = wall
        self.monotonic = monotonic
    }

    /// The monotonic deadline at which the civil clock, as it runs now, reaches `time`.
    package func monotonicDeadline(for time: WallClockTime) -> MonotonicTime {
        let (delta, overflow) = time.nanosecondsSince1970.subtractingReportingOverflow(
            wall.nanosecondsSince1970
        )
        return monotonic.advanced(byNanoseconds: overflow ? (time < wall ? .min : .max) : delta)
    }
}
