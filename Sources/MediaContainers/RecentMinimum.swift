/// The least of the values of the last two to four seconds.
struct RecentMinimum: Sendable {
    private static let bucketNanoseconds: Int64 = 2_000_000_000
    private var bucketStart: Int64?
    private var current: Int64?
    private var previous: Int64?

    mutating func note(_ value: Int64, at time: Int64) {
        guard let start = bucketStart, time >= start else {
            bucketStart = time
            current = min(current ?? value, value)
            return
        }
        if time - start >= Self.bucketNanoseconds {
            previous = current
            current = nil
            bucketStart = time
        }
        current = min(current ?? value, value)
    }

    /// `nil` until two seconds have been seen.
    var value: Int64? { previous.map { min($0, current ?? $0) } }

    /// Adds to all values.
    mutating func shift(by change: Int64) {
        current = current.map { $0 &+ change }
        previous = previous.map { $0 &+ change }
    }
}
