import Synchronization

/// Who reads media through passes, and so is waited for by grace periods.
protocol GraceConsumer: Sendable {
    /// Whether it has held nothing of an earlier pass since grace period `number` began.
    func hasPassed(_ number: UInt64) -> Bool

    /// A grace period has begun.
    func noteGrace()

    /// Makes sure that nothing it holds leaves any more; answers whether that is so.
    func cutOff() -> Bool
}

/// Quiescent-state bookkeeping of one reader of media (as in RCU): when it holds no byte read through an earlier pass.
final class QuiescentState: Sendable {
    /// It sleeps, and will take new passes on waking.
    private static let asleep = UInt64.max

    private let passed = Atomic<UInt64>(asleep)

    /// It holds nothing at this moment; `requested` are the grace periods begun so far.
    func pass(_ requested: borrowing Atomic<UInt64>) {
        passed.store(requested.load(ordering: .sequentiallyConsistent), ordering: .sequentiallyConsistent)
    }

    /// It has held nothing since grace period `number` began, which was asked for earlier.
    func pass(upTo number: UInt64) {
        passed.store(number, ordering: .sequentiallyConsistent)
    }

    /// It is about to sleep, holding nothing.
    func sleeps() {
        passed.store(Self.asleep, ordering: .sequentiallyConsistent)
    }

    /// Whether it has held nothing since grace period `number` began.
    func hasPassed(_ number: UInt64) -> Bool {
        passed.load(ordering: .sequentiallyConsistent) >= number
    }
}
