import Synchronization

/// Quiescent-state bookkeeping of one media loop (as in RCU): when it holds no byte read through an earlier pass.
final class QuiescentState: Sendable {
    /// The loop sleeps, and will take new passes on waking.
    private static let asleep = UInt64.max

    private let passed = Atomic<UInt64>(asleep)

    /// The loop holds nothing at this moment; `requested` are the grace periods begun so far.
    func pass(_ requested: borrowing Atomic<UInt64>) {
        passed.store(requested.load(ordering: .sequentiallyConsistent), ordering: .sequentiallyConsistent)
    }

    /// The loop is about to sleep, holding nothing.
    func sleeps() {
        passed.store(Self.asleep, ordering: .sequentiallyConsistent)
    }

    /// Whether the loop has held nothing since grace period `number` began.
    func hasPassed(_ number: UInt64) -> Bool {
        passed.load(ordering: .sequentiallyConsistent) >= number
    }
}
