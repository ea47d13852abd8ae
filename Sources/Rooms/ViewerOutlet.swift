import Primitives
import SRTPProtection

/// Where one viewer's packets go and how they are protected.
package struct ViewerOutlet: ~Copyable {
    /// The keys; `nil` until the handshake is done.
    package var protection: OutboundProtection?
    /// The nominated path; `nil` until a check has nominated one, and again once it is dead.
    package var remote: SocketAddress?
    package var local: SocketAddress?
    /// This viewer's lines (slots of the forwarder's line table), in the order of the answer.
    package var lines: [Int] = []
    package var estimate = BandwidthEstimate()
    /// Retransmissions this viewer may still cause.
    var retransmissionBudget = RetransmissionBudget()

    package init() {}

    /// Whether packets can leave at all.
    package var isReady: Bool { protection != nil && remote != nil && local != nil }
}

/// A bucket of retransmitted bytes, so that a viewer's NACKs cannot multiply its share of the uplink.
struct RetransmissionBudget: Sendable {
    /// 1.2 Mbit/s: five per cent of loss on the largest stream taken in, with room.
    static let bytesPerSecond: Int64 = 150_000
    /// One second's worth may come at once, as after a burst of loss.
    static let burstBytes: Int64 = 150_000

    private var available = burstBytes
    private var updatedAt = MonotonicTime.distantPast

    /// Takes `bytes` out, if they are there.
    mutating func take(_ bytes: Int, now: MonotonicTime) -> Bool {
        if updatedAt != .distantPast {
            let elapsed = min(max(0, now.nanoseconds(since: updatedAt)), 10_000_000_000)
            let earned = elapsed * Self.bytesPerSecond / 1_000_000_000
            if earned > 0 {
                available = min(Self.burstBytes, available + earned)
                updatedAt = now
            }
        } else {
            updatedAt = now
        }
        guard available >= Int64(bytes) else { return false }
        available -= Int64(bytes)
        return true
    }

    /// Returns what was taken and not sent.
    mutating func giveBack(_ bytes: Int) {
        available = min(Self.burstBytes, available + Int64(bytes))
    }
}
