import Primitives

/// A bucket of bytes and packets that a publisher may send, so that a flood cannot lap everybody's rings.
struct InputAllowance: Sendable {
    /// Packets a second: the largest permitted bitrate in packets of 200 bytes stays below.
    static let packetsPerSecond: Int64 = 5_000
    /// Share of a second that may come at once.
    private static let burstMilliseconds: Int64 = 500

    private let bytesPerSecond: Int64
    private var bytes: Int64
    private var packets = packetsPerSecond * burstMilliseconds / 1_000
    private var updatedAt = MonotonicTime.distantPast

    init(bitsPerSecond: Int64) {
        // Retransmissions and probing come on top of the media's own rate.
        bytesPerSecond = max(125_000, bitsPerSecond / 8 * 2)
        bytes = bytesPerSecond * Self.burstMilliseconds / 1_000
    }

    mutating func take(_ count: Int, now: MonotonicTime) -> Bool {
        if updatedAt == .distantPast { updatedAt = now }
        let elapsed = min(max(0, now.milliseconds(since: updatedAt)), 1_000)
        if elapsed > 0 {
            updatedAt = now
            let share = Self.burstMilliseconds
            bytes = min(bytesPerSecond * share / 1_000, bytes + bytesPerSecond * elapsed / 1_000)
            packets = min(
                Self.packetsPerSecond * share / 1_000,
                packets + Self.packetsPerSecond * elapsed / 1_000
            )
        }
        guard packets > 0, bytes >= Int64(count) else { return false }
        packets -= 1
        bytes -= Int64(count)
        return true
    }
}
