/// How long a push waits until it tries again.
struct ReconnectionBackOff: Sendable, Equatable {
    static let firstMilliseconds: Int64 = 1_000
    /// So that a server that is back has the stream within a minute.
    static let longestMilliseconds: Int64 = 60_000
    /// A session that lasted this long has worked: the next wait is the first again.
    static let settledMilliseconds: Int64 = 60_000
    /// The longest that a server may ask for by `Retry-After`.
    static let longestAskedSeconds = 3_600

    private var failures = 0

    /// The wait after a session of `liveMilliseconds` has ended, or `nil` where none came about.
    ///
    /// Twice as long each time up to the longest, and of that between half and all of it, so that pushes that failed
    /// together do not come back together; never shorter than what the server asked for.
    mutating func wait(
        afterLiveMilliseconds liveMilliseconds: Int64? = nil,
        askedSeconds: Int? = nil,
        using random: inout some RandomNumberGenerator
    ) -> Int64 {
        if let liveMilliseconds, liveMilliseconds >= Self.settledMilliseconds { failures = 0 }
        let doubled = Self.firstMilliseconds << Int64(min(failures, 16))
        let full = min(doubled, Self.longestMilliseconds)
        failures += 1
        let asked = Int64(min(max(askedSeconds ?? 0, 0), Self.longestAskedSeconds)) * 1_000
        return max(asked, Int64.random(in: full / 2...full, using: &random))
    }
}
