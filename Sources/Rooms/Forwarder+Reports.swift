import Disclosures
import MediaRings
import Primitives
import RTPPackets

extension Forwarder {
    /// The sender report of a line that carries media now, on the publisher's own clock so that its audio and
    /// video stay together, and the end of the lease under which it may leave; `nil` for every other line.
    ///
    /// A line may still be `.live` although its gate has closed since it was served last, so the gate is asked,
    /// and for the opening that the line is admitted under.
    package func senderReport(
        _ line: Int,
        now: MonotonicTime
    ) -> (report: SenderReport, notAfter: MonotonicTime)? {
        guard lines[line].state == .live, !lines[line].isStarting, lines[line].packetCount > 0,
            lines[line].lastCaptureTime != 0, lines[line].feed >= 0,
            let notAfter = feeds[lines[line].feed].audiences[lines[line].audience].gate
                .withPass(now: now, { $0.opening == lines[line].admittedOpening ? $0.notAfter : nil }) ?? nil
        else { return nil }
        let elapsed = min(max(0, now.nanoseconds(since: lines[line].lastTimestampAt)), 10_000_000_000)
        let rate: Int64 = lines[line].parameters.kind == .audio ? 48_000 : 90_000
        let ntpOffset =
            ((elapsed / 1_000_000_000) << 32) + ((elapsed % 1_000_000_000) << 32) / 1_000_000_000
        let report = SenderReport(
            ssrc: lines[line].parameters.ssrc,
            ntpTime: NTPTimestamp(rawValue: lines[line].lastCaptureTime &+ UInt64(bitPattern: ntpOffset)),
            rtpTimestamp: lines[line].lastTimestamp
                &+ UInt32(truncatingIfNeeded: elapsed / 1_000 * rate / 1_000_000),
            packetCount: lines[line].packetCount,
            octetCount: lines[line].octetCount
        )
        return (report, notAfter)
    }

    /// Tells the ring whether this loop has viewers of it.
    package func setReader(feed: Int, loop: Int) {
        guard feeds.contains(feed) else { return }
        feeds[feed].ring.setReader(loop: loop, hasLines(feed: feed))
    }
}
