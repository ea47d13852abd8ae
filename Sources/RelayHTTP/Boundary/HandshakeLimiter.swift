import Synchronization

/// Token buckets by key (a token's identifier, an address) in a table of bounded size.
struct RateBuckets {
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    /// Some 2 MB of memory; a flood of fresh keys recycles buckets instead of growing the table.
    static let maximumKeys = 16_384

    /// Tokens that come back each second.
    let ratePerSecond: Double
    /// Tokens of a full bucket.
    let burst: Double
    private var buckets: [String: Bucket] = [:]
    private var sweptAt: ContinuousClock.Instant?

    init(ratePerSecond: Double, burst: Double) {
        self.ratePerSecond = ratePerSecond
        self.burst = burst
    }

    var count: Int { buckets.count }

    /// Takes one token of `key`; `nil` if there was one, else the whole seconds until there is one again.
    mutating func take(_ key: String, now: ContinuousClock.Instant) -> Int? {
        var bucket = buckets[key] ?? Bucket(tokens: burst, filledAt: now)
        let elapsed = max(0, seconds(from: bucket.filledAt, to: now))
        bucket.tokens = min(burst, bucket.tokens + elapsed * ratePerSecond)
        bucket.filledAt = now
        if buckets[key] == nil { makeRoom(now: now) }
        guard bucket.tokens >= 1 else {
            buckets[key] = bucket
            return max(1, Int(((1 - bucket.tokens) / ratePerSecond).rounded(.up)))
        }
        bucket.tokens -= 1
        buckets[key] = bucket
        return nil
    }

    private mutating func makeRoom(now: ContinuousClock.Instant) {
        guard buckets.count >= Self.maximumKeys else { return }
        // A sweep reads the whole table, so at most one a second; between sweeps any bucket goes.
        if sweptAt.map({ seconds(from: $0, to: now) >= 1 }) ?? true {
            sweptAt = now
            buckets = buckets.filter { _, bucket in
                bucket.tokens + seconds(from: bucket.filledAt, to: now) * ratePerSecond < burst
            }
        }
        if buckets.count >= Self.maximumKeys { buckets.remove(at: buckets.startIndex) }
    }

    private func seconds(from earlier: ContinuousClock.Instant, to later: ContinuousClock.Instant) -> Double {
        (later - earlier) / Duration.seconds(1)
    }
}

/// Holds new sessions and tokens to a rate for each token and each address, and all requests for each address.
final class HandshakeLimiter: Sendable {
    private struct Tables {
        var handshakes: RateBuckets
        var requests: RateBuckets
    }

    private let tables: Mutex<Tables>

    /// A bucket holds two seconds' worth, so that a page that opens several sessions at once is served.
    init(handshakesPerSecond: Int, requestsPerSecond: Int) {
        tables = Mutex(
            Tables(
                handshakes: RateBuckets(
                    ratePerSecond: Double(handshakesPerSecond),
                    burst: Double(handshakesPerSecond) * 2
                ),
                requests: RateBuckets(
                    ratePerSecond: Double(requestsPerSecond),
                    burst: Double(requestsPerSecond) * 2
                )
            )
        )
    }

    /// Counts a handshake against its token (if any) and address; seconds to wait if either has none left.
    func handshake(tokenID: String?, address: String, now: ContinuousClock.Instant = .now) -> Int? {
        tables.withLock { tables in
            if let wait = tables.handshakes.take("a " + address, now: now) { return wait }
            guard let tokenID else { return nil }
            return tables.handshakes.take("t " + tokenID, now: now)
        }
    }

    /// Counts a request against its address; seconds to wait if it has none left.
    func request(address: String, now: ContinuousClock.Instant = .now) -> Int? {
        tables.withLock { $0.requests.take(address, now: now) }
    }
}
