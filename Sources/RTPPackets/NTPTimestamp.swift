import Primitives

/// A point in time as NTP writes it: seconds since 1900 as 32.32 fixed point (RFC 3550 4).
package struct NTPTimestamp: Sendable, Hashable {
    /// Seconds from the NTP epoch (1900) to the Unix epoch (1970).
    package static let secondsToUnixEpoch: Int64 = 2_208_988_800

    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The timestamp of `nanoseconds` since 1970; wraps with its era in 2036.
    package init(nanosecondsSince1970 nanoseconds: Int64) {
        var seconds = nanoseconds / 1_000_000_000
        var rest = nanoseconds % 1_000_000_000
        if rest < 0 {
            rest += 1_000_000_000
            seconds -= 1
        }
        let whole = UInt64(UInt32(truncatingIfNeeded: seconds &+ Self.secondsToUnixEpoch))
        rawValue = whole << 32 | UInt64(rest) << 32 / 1_000_000_000
    }

    /// The timestamp of a wall-clock time.
    package init(_ time: WallClockTime) {
        self.init(nanosecondsSince1970: time.nanosecondsSince1970)
    }

    /// Seconds since 1900, modulo 2^32.
    package var seconds: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    /// Fraction of a second in units of 2^-32.
    package var fraction: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
    /// The middle 32 bits, as LSR fields carry them (RFC 3550 6.4.1).
    package var middle: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 16) }

    /// Nanoseconds since 1970, taking times before 1968 for the era that begins in 2036 (RFC 4330 3).
    package var nanosecondsSince1970: Int64 {
        let era: Int64 = seconds < 0x8000_0000 ? 1 << 32 : 0
        let whole = Int64(seconds) + era - Self.secondsToUnixEpoch
        // Rounded up, so that what a nanosecond was truncated to gives that nanosecond again.
        let rest = Int64((UInt64(fraction) * 1_000_000_000 + 0xFFFF_FFFF) >> 32)
        return whole * 1_000_000_000 + rest
    }

    /// The wall-clock time.
    package var wallClockTime: WallClockTime { WallClockTime(nanosecondsSince1970: nanosecondsSince1970) }
}
