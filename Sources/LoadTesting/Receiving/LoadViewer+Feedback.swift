import Primitives
import RTPPackets

/// Reports and requests, as a browser sends them.
extension LoadViewer {
    private static let keyframeRequestMilliseconds: Int64 = 500
    private static let maximumKeyframeRequests = 20
    /// Who has no picture by then is not joining any more.
    private static let joinMilliseconds: Int64 = 15_000

    func tick(_ peer: ClientPeer, now: MonotonicTime) -> MonotonicTime {
        writer.removeAll()
        if asksForRepeats { appendRequests(now: now) }
        if keyframeDue <= now { appendKeyframeRequest(now: now) }
        if reportDue <= now {
            reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds)
            if writer.isEmpty { appendReport(now: now) }
        }
        peer.sendControl(writer)
        var due = min(reportDue, keyframeDue)
        if asksForRepeats {
            for stream in streams where stream.hasMissing { due = min(due, stream.nextDue ?? due) }
        }
        return due
    }

    private func appendReport(now: MonotonicTime) {
        let blocks = streams.indices.prefix(31).map { streams[$0].makeReportBlock(now: now) }
        writer.appendReceiverReport(senderSSRC: ownSSRC, blocks: blocks)
        writer.appendCanonicalName(cname, ssrc: ownSSRC)
    }

    private func appendRequests(now: MonotonicTime) {
        for index in streams.indices where streams[index].hasMissing {
            let lost = streams[index].requests(now: now)
            guard !lost.isEmpty else { continue }
            if writer.isEmpty { appendReport(now: now) }
            _ = writer.appendNACK(senderSSRC: ownSSRC, mediaSSRC: streams[index].ssrc, lost: lost)
        }
    }

    private func appendKeyframeRequest(now: MonotonicTime) {
        keyframeDue = .distantFuture
        let since = join.establishedAt.map { now.milliseconds(since: $0) } ?? 0
        if since > Self.joinMilliseconds { isJoining = false }
        guard isJoining, keyframeRequests < Self.maximumKeyframeRequests else { return }
        keyframeDue = now.advanced(byMilliseconds: Self.keyframeRequestMilliseconds)
        guard let stream = streams.first(where: \.isVideo) else { return }
        keyframeRequests += 1
        if writer.isEmpty { appendReport(now: now) }
        writer.appendPictureLossIndication(senderSSRC: ownSSRC, mediaSSRC: stream.ssrc)
    }
}
