import Synchronization

/// How long joins took, by phase, over all rooms; for metrics.
final class JoinStatistics: Sendable {
    static let boundsMilliseconds: [Int64] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]

    struct Histogram: Sendable {
        var counts = [UInt64](repeating: 0, count: boundsMilliseconds.count + 1)
        var sumMilliseconds: Int64 = 0

        mutating func note(_ milliseconds: Int64) {
            sumMilliseconds += milliseconds
            let bucket = boundsMilliseconds.firstIndex { milliseconds <= $0 } ?? boundsMilliseconds.count
            counts[bucket] += 1
        }
    }

    struct Phases: Sendable {
        /// From the POST's answer to the nomination of a path.
        var ice = Histogram()
        /// From there to the keys.
        var dtls = Histogram()
        /// From the POST's answer to the first media or slate on a viewer's line.
        var firstLine = Histogram()
    }

    private let phases = Mutex(Phases())

    func note(_ change: (inout Phases) -> Void) {
        phases.withLock { change(&$0) }
    }

    var snapshot: Phases { phases.withLock { $0 } }
}
