import CLinuxNet
import Primitives

/// The machine's clocks; the only place of the data plane where time is read.
package enum SystemClock {
    /// CLOCK_BOOTTIME, which counts suspended time: a suspended relay wakes with its leases lapsed.
    @inline(always)
    package static var monotonic: MonotonicTime {
        MonotonicTime(nanoseconds: tally_boot_nanoseconds())
    }

    package static var wall: WallClockTime {
        WallClockTime(nanosecondsSince1970: tally_wall_nanoseconds())
    }

    package static var reading: ClockReading {
        ClockReading(wall: wall, monotonic: monotonic)
    }
}
