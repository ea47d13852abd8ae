/// A point on the clock that counts suspended time (CLOCK_BOOTTIME), in nanoseconds since boot.
///
/// Rows 1 to 5 never read a clock: every machine takes the time as an argument.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Since boot.
    public var nanoseconds: Int64

    /// So many nanoseconds since boot.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The earliest time there is; before every reading of a clock.
    package static let distantPast = MonotonicTime(nanoseconds: 0)
    /// The latest time there is; after every reading of a clock.
    package static let distantFuture = MonotonicTime(nanoseconds: .max)

    /// Written out, so that it is inlined where packets are compared.
    @inlinable
    public static func == (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds == right.nanoseconds
    }

    /// Whether `left` is the earlier.
    @inlinable
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// This time moved by a number of nanoseconds; saturates instead of overflowing.
    @inlinable
    public func advanced(byNanoseconds delta: Int64) -> MonotonicTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        return MonotonicTime(nanoseconds: overflow ? (delta < 0 ? .min : .max) : sum)
    }

    /// This time moved by a number of milliseconds; saturates instead of overflowing.
    @inlinable
    public func advanced(byMilliseconds delta: Int64) -> MonotonicTime {
        let (product, overflow) = delta.multipliedReportingOverflow(by: 1_000_000)
        return advanced(byNanoseconds: overflow ? (delta < 0 ? .min : .max) : product)
    }

    /// Nanoseconds from `earlier` to this time; negative if `earlier` is later.
    @inlinable
    public func nanoseconds(since earlier: MonotonicTime) -> Int64 {
        nanoseconds &- earlier.nanoseconds
    }

    /// Whole milliseconds from `earlier` to this time, rounded toward zero.
    @inlinable
    public func milliseconds(since earlier: MonotonicTime) -> Int64 {
        nanoseconds(since: earlier) / 1_000_000
    }
}
