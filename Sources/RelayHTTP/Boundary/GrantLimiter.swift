import Synchronization

/// Holds each partner to the grants a minute that its terms allow.
final class GrantLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: ContinuousClock.Instant
    }

    private let buckets = Mutex<[String: Bucket]>([:])

    /// Takes one grant; seconds to wait if there is none left.
    ///
    /// Only registered partners have buckets, so that their number is bounded.
    func take(_ partner: String, perMinute: Int, now: ContinuousClock.Instant = .now) -> Int? {
        buckets.withLock { buckets in
            let most = Double(perMinute)
            var bucket = buckets[partner] ?? Bucket(tokens: most, filledAt: now)
            let elapsed = max(0, (now - bucket.filledAt) / Duration.seconds(1))
            bucket.tokens = min(most, bucket.tokens + elapsed * most / 60)
            bucket.filledAt = now
            defer { buckets[partner] = bucket }
            guard bucket.tokens >= 1 else {
                return max(1, Int(((1 - bucket.tokens) * 60 / most).rounded(.up)))
            }
            bucket.tokens -= 1
            return nil
        }
    }
}
