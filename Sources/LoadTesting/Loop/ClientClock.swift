import CLinuxNet
import Primitives

/// The machine's clocks, as the clients and the loops that drive them read them.
package enum ClientClock {
    /// CLOCK_BOOTTIME.
    package static var monotonic: MonotonicTime {
        MonotonicTime(nanoseconds: tally_boot_nanoseconds())
    }

    /// CLOCK_REALTIME, the clock of the kernel's receive times too.
    package static var wall: WallClockTime {
        WallClockTime(nanosecondsSince1970: tally_wall_nanoseconds())
    }
}
