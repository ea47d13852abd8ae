import MediaRings
import Primitives
import RTPPackets

extension Forwarder {
    /// The sender report of a line that carries media now, on the publisher's own clock so that its audio and
    /// video stay together; `nil` for every other line.
    package func senderReport(_ line: Int, now: MonotonicTime) -> SenderReport? {
        guard lines[line].state == .live, !lines[line].isStarting, lines[line].packetCount > 0,
            lines[line].lastCaptureTime != 0
        else { return nil }
        let elapsed = min(max(0, now.nanoseconds(since: lines[line].lastTimestampAt)), 10_000_000_000)
        let rate: Int64 = lines[line].parameters.kind == .audio ? 48_000 : 90_000
        let ntpOffset =
            ((elapsed / 1_000_000_000) << 32) + ((elapsed % 1_000_000_000) << 32) / 1_000_000_000
        return SenderReport(
            ssrc: lines[line].parameters.ssrc,
            ntpTime: NTPTimestamp(rawValue: lines[line].lastCaptureTime &+ UInt64(bitPattern: ntpOffset)),
            rtpTimestamp: lines[line].lastTimestamp
                &+ UInt32(truncatingIfNeeded: elapsed / 1_000 * rate / 1_000_000),
            packetCount: lines[line].packetCount,
            octetCount: lines[line].octetCount
        )
    }

    /// Tells the ring whether this loop has viewers of it.
    package func setReader(feed: Int, loop: Int) {
        guard feeds.contains(feed) else { return }
        feeds[feed].ring.setReader(loop: loop, hasLines(feed: feed))
    }
}
