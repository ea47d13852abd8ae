/// Durations in units of 1/65536 s, as DLSR fields carry them (RFC 3550 6.4.1).
package enum CompactNTP {
    /// Units in `nanoseconds`; saturates at both ends.
    package static func units(nanoseconds: Int64) -> UInt32 {
        guard nanoseconds > 0 else { return 0 }
        let seconds = UInt64(nanoseconds) / 1_000_000_000
        guard seconds <= 0xFFFF else { return .max }
        let rest = UInt64(nanoseconds) % 1_000_000_000
        return UInt32(truncatingIfNeeded: seconds << 16 | rest << 16 / 1_000_000_000)
    }

    /// Nanoseconds of `units`.
    package static func nanoseconds(units: UInt32) -> Int64 {
        Int64((UInt64(units) * 1_000_000_000) >> 16)
    }

    /// Round-trip nanoseconds from a report block (RFC 3550 6.4.1): `now` is the middle of the NTP time at
    /// its arrival; `nil` without a sender report to measure from, or if the sum is negative.
    package static func roundTripNanoseconds(now: UInt32, report: ReportBlock) -> Int64? {
        guard report.lastSenderReport != 0 else { return nil }
        let units = now &- report.lastSenderReport &- report.delaySinceLastSenderReport
        guard units < 0x8000_0000 else { return nil }
        return nanoseconds(units: units)
    }
}
