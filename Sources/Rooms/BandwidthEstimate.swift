import Primitives

/// What a viewer's path carries, from REMB and reported loss, and what to leave out when it does not suffice.
///
/// Loss below 20 % says nothing about capacity (radio links lose that much); only what the receiver
/// estimates, or heavier loss that lasts, makes a viewer's video thinner. A receiver's estimate begins low
/// and climbs a few per cent a second however much the path carries: while it climbs, nothing is congested.
package struct BandwidthEstimate: Sendable {
    /// What to send of video.
    package enum Level: UInt8, Sendable, Comparable {
        case full
        /// The base temporal layer only.
        case thinned
        /// Audio only.
        case stopped

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// Overload must last this long before anything is left out.
    package static let overloadMilliseconds: Int64 = 2_000
    /// After this long without overload the next level up is tried; doubled after each failed try.
    package static let recoveryMilliseconds: Int64 = 4_000
    private static let longestRecoveryMilliseconds: Int64 = 60_000
    /// Reported loss above this fraction (of 256) is congestion.
    private static let congestedLoss: UInt8 = 51
    /// An estimate below this share of what is sent is overload by itself.
    ///
    /// A path that carries more than this but not all loses more than `congestedLoss` once its queue is full,
    /// while a receiver whose processor is busy takes its own delays for the path's and errs this far.
    private static let sufficientPercent: Int64 = 40
    /// What no path carries: a receiver may state any 64-bit number.
    private static let largestEstimate: Int64 = 1_000_000_000_000
    /// An estimate that has grown by this much while it was too small is on its way up.
    private static let climbPercent: Int64 = 2

    package private(set) var level = Level.full
    /// Bits per second that the receiver last estimated (REMB); `nil` before the first.
    package private(set) var receiverEstimate: Int64?
    private var lossFraction: UInt8 = 0
    private var overloadedSince: MonotonicTime?
    /// What the receiver estimated when the overload began.
    private var estimateBefore: Int64 = 0
    private var calmSince: MonotonicTime?
    private var recovery = recoveryMilliseconds
    private var raisedAt = MonotonicTime.distantPast
    private var sentBytes: Int64 = 0
    private var windowStart = MonotonicTime.distantPast
    private var sentBitsPerSecond: Int64 = 0

    package init() {}

    /// Counts bytes that were sent to the viewer.
    package mutating func sent(_ bytes: Int) { sentBytes += Int64(bytes) }

    /// Takes the receiver's own estimate in bits per second.
    package mutating func received(estimate bitsPerSecond: UInt64) {
        receiverEstimate = min(Int64(clamping: bitsPerSecond), Self.largestEstimate)
    }

    /// Takes the fraction lost (of 256) of a report block about video.
    package mutating func received(lossFraction: UInt8) { self.lossFraction = lossFraction }

    /// Decides the level anew; to be called about every 200 ms.
    ///
    /// Answers whether it changed.
    package mutating func update(now: MonotonicTime) -> Bool {
        if windowStart == .distantPast { windowStart = now }
        let window = now.milliseconds(since: windowStart)
        if window >= 1_000 {
            sentBitsPerSecond = sentBytes * 8_000 / window
            sentBytes = 0
            windowStart = now
        }
        let starved =
            receiverEstimate.map {
                sentBitsPerSecond > 64_000 && $0 * 100 < sentBitsPerSecond * Self.sufficientPercent
            } ?? false
        let before = level
        let isClimbing =
            (receiverEstimate ?? 0) * 100 >= estimateBefore * (100 + Self.climbPercent)
        if lossFraction > Self.congestedLoss || starved {
            calmSince = nil
            if overloadedSince == nil || (isClimbing && lossFraction <= Self.congestedLoss) {
                overloadedSince = now
                estimateBefore = receiverEstimate ?? 0
            }
            let since = overloadedSince ?? now
            if now.milliseconds(since: since) >= Self.overloadMilliseconds, level < .stopped {
                // A level that failed soon after it was tried is tried less often.
                if raisedAt != .distantPast, now.milliseconds(since: raisedAt) < 10_000 {
                    recovery = min(recovery * 2, Self.longestRecoveryMilliseconds)
                }
                level = level == .full ? .thinned : .stopped
                overloadedSince = now
            }
        } else {
            overloadedSince = nil
            let since = calmSince ?? now
            calmSince = since
            if level > .full, now.milliseconds(since: since) >= recovery {
                level = level == .stopped ? .thinned : .full
                raisedAt = now
                calmSince = now
            } else if level == .full, now.milliseconds(since: since) >= Self.longestRecoveryMilliseconds {
                recovery = Self.recoveryMilliseconds
            }
        }
        if level == .stopped {
            // Nothing is sent, so nothing is reported: old reports must not hold the level down for ever.
            lossFraction = 0
            receiverEstimate = nil
        }
        return level != before
    }
}
