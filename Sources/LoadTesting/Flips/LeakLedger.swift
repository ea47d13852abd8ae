import Primitives
import RTPPackets

/// A packet of the broadcaster's that arrived while it was withheld.
package struct Leak: Sendable, Codable, Equatable {
    package var viewer: Int
    package var kind: String
    /// Nanoseconds from the acknowledgement's `effective_at` to the kernel's receipt.
    package var nanosecondsAfterEffect: Int64
}

/// Holds what viewers receive against what was acknowledged.
///
/// One loop's thread owns it.
final class LeakLedger {
    /// Received packets remembered until the acknowledgement of a withdrawal is known.
    static let rememberedCount = 1 << 18
    /// Leaks kept with their details; all are counted.
    static let keptLeaks = 20

    private struct Match {
        var receivedAt: Int64
        var viewer: Int32
        var isVideo: Bool
    }

    private struct Interval {
        var effectiveAt: Int64
        /// When the following grant was sent; open until then.
        var until = Int64.max
    }

    private let viewerCount: Int
    private var matches: [Match] = []
    private var nextMatch = 0
    private var withheld: [Interval] = []
    private(set) var leakCount = 0
    private(set) var leaks: [Leak] = []
    /// Packets received while withheld that are not the broadcaster's: slate and silence.
    private(set) var innocentCount = 0
    private(set) var matchedCount = 0

    /// When the grant was sent whose effect is awaited, and when each viewer first saw the broadcaster after it.
    private var grantSentAt = Int64.max
    private var seenAt: [Int64]

    init(viewerCount: Int) {
        self.viewerCount = viewerCount
        seenAt = [Int64](repeating: .max, count: viewerCount)
        matches.reserveCapacity(Self.rememberedCount)
    }

    /// Notes a packet of the broadcaster's.
    func note(viewer: Int, isVideo: Bool, receivedAt: Int64) {
        matchedCount += 1
        let match = Match(receivedAt: receivedAt, viewer: Int32(viewer), isVideo: isVideo)
        if matches.count < Self.rememberedCount {
            matches.append(match)
        } else {
            matches[nextMatch] = match
            nextMatch = (nextMatch + 1) % Self.rememberedCount
        }
        // Intervals before the last two are long over.
        for interval in withheld.suffix(2) { judge(match, by: interval) }
        if isVideo, receivedAt > grantSentAt, seenAt[viewer] == .max { seenAt[viewer] = receivedAt }
    }

    func noteOther() {
        if withheld.last?.until == .max { innocentCount += 1 }
    }

    /// A withdrawal was acknowledged: what came after `effectiveAt` is judged, backwards and from now on.
    func withheld(from effectiveAt: WallClockTime) {
        let interval = Interval(effectiveAt: effectiveAt.nanosecondsSince1970)
        for match in matches { judge(match, by: interval) }
        withheld.append(interval)
    }

    /// A grant is about to be sent: answers its time, from which on packets are expected again.
    func grantIsSent(at time: WallClockTime) {
        if !withheld.isEmpty { withheld[withheld.count - 1].until = time.nanosecondsSince1970 }
        grantSentAt = time.nanosecondsSince1970
        for viewer in 0..<viewerCount { seenAt[viewer] = .max }
    }

    /// Nanoseconds from `acknowledgedAt` to each viewer's first video packet after the grant; negative if it came
    /// before the acknowledgement, `nil` if none came.
    func resumptions(since acknowledgedAt: WallClockTime) -> [Int64?] {
        seenAt.map { $0 == .max ? nil : $0 - acknowledgedAt.nanosecondsSince1970 }
    }

    private func judge(_ match: Match, by interval: Interval) {
        guard match.receivedAt > interval.effectiveAt, match.receivedAt < interval.until else { return }
        leakCount += 1
        guard leaks.count < Self.keptLeaks else { return }
        leaks.append(
            Leak(
                viewer: Int(match.viewer),
                kind: match.isVideo ? "video" : "audio",
                nanosecondsAfterEffect: match.receivedAt - interval.effectiveAt
            )
        )
    }
}
