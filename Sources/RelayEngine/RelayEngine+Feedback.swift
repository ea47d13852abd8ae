import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import Rooms
import SRTPProtection

extension RelayEngine {
    /// Takes a peer's RTCP: a viewer's wishes, or a publisher's sender reports.
    mutating func receiveControl(
        _ slot: Int,
        _ datagram: UnsafeMutableRawBufferPointer,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        guard let result = peers[slot].transport.inbound?.unprotectRTCP(datagram) else {
            return drop(.notEstablished)
        }
        guard case .plaintext(let length) = result else {
            if case .drop(.replayed) = result { return drop(.replayed) }
            return drop(.authenticationFailed)
        }
        var reader = RTCPReader(UnsafeRawBufferPointer(datagram).bytes.extracting(0..<length))
        while let packet = reader.next() {
            if peers[slot].viewer >= 0 {
                takeFeedback(peers[slot].viewer, packet, now: now, into: &slab)
            } else if let senderReport = packet.senderReport {
                note(senderReport, from: slot, now: now)
            } else if packet.kind == .bye {
                for index in 0..<packet.byeSourceCount {
                    if let ssrc = packet.byeSource(at: index) { noteGoodbye(of: ssrc, from: slot) }
                }
            }
        }
        if reader.isMalformed { drop(.malformed) }
    }

    private mutating func note(_ report: SenderReport, from slot: Int, now: MonotonicTime) {
        guard let count = peers[slot].publisher?.tracks.count else { return }
        for index in 0..<count where peers[slot].publisher?.tracks[index].mediaSSRC == report.ssrc {
            peers[slot].publisher?.tracks[index].note(report, arrival: now)
        }
    }

    private mutating func noteGoodbye(of ssrc: UInt32, from slot: Int) {
        guard let count = peers[slot].publisher?.tracks.count else { return }
        for index in 0..<count where peers[slot].publisher?.tracks[index].endSource(ssrc) == true {
            guard let track = peers[slot].publisher?.tracks[index].ring.track else { return }
            events.append(.trackStopped(peers[slot].id, track))
        }
    }

    private mutating func takeFeedback(
        _ viewer: Int,
        _ packet: borrowing RTCPPacketView,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        switch packet.kind {
        case .genericNACK:
            guard let ssrc = packet.mediaSSRC, let line = line(viewer, ssrc),
                forwarder.lines[line].parameters.acceptsNACK
            else { return }
            var sequences = packet.lostSequences
            while let number = sequences.next() {
                counters.nacksReceived += 1
                guard forwarder.retransmit(line, number, now: now, into: &slab) else { return }
            }
        case .pictureLossIndication:
            guard let ssrc = packet.mediaSSRC, let line = line(viewer, ssrc) else { return }
            counters.keyframeRequestsReceived += 1
            forwarder.keyframeWished(line, now: now)
        case .fullIntraRequest:
            for index in 0..<packet.fullIntraRequestCount {
                guard let request = packet.fullIntraRequest(at: index), let line = line(viewer, request.ssrc)
                else { continue }
                counters.keyframeRequestsReceived += 1
                forwarder.keyframeWished(line, now: now)
            }
        case .receiverEstimate:
            if let estimate = packet.estimatedBitsPerSecond {
                forwarder.viewers[viewer].estimate.received(estimate: estimate)
            }
        case .receiverReport, .senderReport:
            for index in 0..<packet.reportBlockCount {
                guard let block = packet.reportBlock(at: index), let line = line(viewer, block.ssrc),
                    forwarder.lines[line].parameters.kind == .video
                else { continue }
                forwarder.viewers[viewer].estimate.received(lossFraction: block.fractionLost)
            }
        case .sourceDescription, .bye, .transportFeedback, .other:
            break
        }
    }

    private func line(_ viewer: Int, _ ssrc: UInt32) -> Int? {
        for line in forwarder.viewers[viewer].lines where forwarder.lines[line].parameters.ssrc == ssrc {
            return line
        }
        return nil
    }

    /// Sends sender reports for the lines that carry media (RFC 3550 6.4.1): none for what is withheld.
    mutating func sendSenderReports(_ slot: Int, now: MonotonicTime, into slab: inout SendSlab) {
        guard now >= peers[slot].nextSenderReports, slab.hasRoom else { return }
        peers[slot].nextSenderReports = now.advanced(byMilliseconds: 1_000)
        let viewer = peers[slot].viewer
        guard forwarder.viewers[viewer].isReady, let remote = forwarder.viewers[viewer].remote,
            let local = forwarder.viewers[viewer].local
        else { return }
        report.removeAll()
        var notAfter = MonotonicTime.distantFuture
        for line in forwarder.viewers[viewer].lines {
            guard let (senderReport, leaseEnd) = forwarder.senderReport(line, now: now),
                report.byteCount + 64 <= RTCPWriter.maximumByteCount - 64
            else { continue }
            notAfter = min(notAfter, leaseEnd)
            report.appendSenderReport(senderReport)
            report.appendCanonicalName(cname, ssrc: senderReport.ssrc)
        }
        guard !report.isEmpty else { return }
        let space = slab.space
        let length =
            report.bytes.withUnsafeBytes { bytes in
                forwarder.viewers[viewer].protection?.protectRTCP(bytes, into: space) ?? 0
            }
        if length > 0 { slab.commit(length, to: remote, from: local, notAfter: notAfter) }
    }

    /// Ends our sources at a peer that leaves (RFC 3550 6.6): a viewer's lines, or the reports to a publisher.
    ///
    /// A line whose stream ends gets none, because the next stream uses the same source.
    mutating func sendGoodbye(_ slot: Int, into slab: inout SendSlab) {
        guard !peers[slot].isEnded, peers[slot].transport.isEstablished else { return }
        report.removeAll()
        if peers[slot].viewer >= 0 {
            let viewer = peers[slot].viewer
            guard forwarder.viewers[viewer].isReady, slab.hasRoom,
                let remote = forwarder.viewers[viewer].remote, let local = forwarder.viewers[viewer].local
            else { return }
            for line in forwarder.viewers[viewer].lines
            where report.byteCount + 16 <= RTCPWriter.maximumByteCount - 64 {
                let ssrc = forwarder.lines[line].parameters.ssrc
                if report.isEmpty { report.appendReceiverReport(senderSSRC: ssrc) }
                report.appendBye(ssrc: ssrc)
            }
            guard !report.isEmpty else { return }
            let space = slab.space
            let length = report.bytes.withUnsafeBytes { bytes in
                forwarder.viewers[viewer].protection?.protectRTCP(bytes, into: space) ?? 0
            }
            // It tells nothing of anybody's stream, so no lease bounds it.
            if length > 0 { slab.commit(length, to: remote, from: local, notAfter: .distantFuture) }
        } else {
            report.appendReceiverReport(senderSSRC: controlSSRC)
            report.appendBye(ssrc: controlSSRC)
            sendReport(slot, into: &slab)
        }
    }

    /// Sends a publisher what it is owed: reports, NACKs, keyframe requests, feedback on its transport.
    mutating func sendPublisherFeedback(_ slot: Int, now: MonotonicTime, into slab: inout SendSlab) {
        guard peers[slot].control != nil, peers[slot].transport.isLive(now: now) else { return }
        report.removeAll()
        appendReports(slot, now: now)
        appendTrackFeedback(slot, now: now)
        sendReport(slot, into: &slab)
        guard peers[slot].publisher?.parameters.sendsTransportFeedback == true,
            let due = peers[slot].publisher?.nextFeedback, now >= due
        else { return }
        peers[slot].publisher?.nextFeedback = now.advanced(byMilliseconds: 50)
        // A window of packets fits into a few feedback packets; what is more waits for the next turn.
        for _ in 0..<4 {
            guard let media = peers[slot].publisher?.anySSRC,
                peers[slot].publisher?.feedback.hasPending == true
            else { return }
            report.removeAll()
            report.appendReceiverReport(senderSSRC: controlSSRC)
            guard
                peers[slot].publisher?.feedback.appendFeedback(
                    to: &report,
                    senderSSRC: controlSSRC,
                    mediaSSRC: media
                ) == true
            else { return }
            sendReport(slot, into: &slab)
        }
    }

    private mutating func appendReports(_ slot: Int, now: MonotonicTime) {
        guard let due = peers[slot].publisher?.nextReport, now >= due,
            let count = peers[slot].publisher?.tracks.count
        else { return }
        peers[slot].publisher?.nextReport = now.advanced(byMilliseconds: 500)
        var blocks: [ReportBlock] = []
        for index in 0..<count {
            if let block = peers[slot].publisher?.tracks[index].statistics?.makeReportBlock(now: now) {
                blocks.append(block)
            }
        }
        report.appendReceiverReport(senderSSRC: controlSSRC, blocks: blocks)
        report.appendCanonicalName(cname, ssrc: controlSSRC)
        if peers[slot].publisher?.parameters.sendsREMB == true,
            let limit = peers[slot].publisher?.parameters
                .maximumBitsPerSecond
        {
            let sources = peers[slot].publisher?.tracks.compactMap(\.mediaSSRC) ?? []
            report.appendReceiverEstimate(
                senderSSRC: controlSSRC,
                bitsPerSecond: UInt64(limit),
                ssrcs: sources
            )
        }
    }

    private mutating func appendTrackFeedback(_ slot: Int, now: MonotonicTime) {
        guard let count = peers[slot].publisher?.tracks.count else { return }
        for index in 0..<count {
            guard let ssrc = peers[slot].publisher?.tracks[index].mediaSSRC,
                let parameters = peers[slot].publisher?.tracks[index].parameters
            else { continue }
            if parameters.sendsNACK {
                lost.removeAll(keepingCapacity: true)
                peers[slot].publisher?.tracks[index].missing.takeDue(now: now, into: &lost)
                if !lost.isEmpty {
                    openCompound()
                    counters.nacksSent += UInt64(
                        report.appendNACK(senderSSRC: controlSSRC, mediaSSRC: ssrc, lost: lost)
                    )
                }
            }
            if parameters.ring.takeKeyframeWishes() { peers[slot].publisher?.tracks[index].keyframes.wish() }
            guard let request = peers[slot].publisher?.tracks[index].keyframes.takeDue(now: now) else {
                continue
            }
            openCompound()
            counters.keyframeRequestsSent += 1
            switch request {
            case .pictureLoss:
                if parameters.sendsPLI || !parameters.sendsFIR {
                    report.appendPictureLossIndication(senderSSRC: controlSSRC, mediaSSRC: ssrc)
                } else {
                    report.appendFullIntraRequest(
                        senderSSRC: controlSSRC,
                        mediaSSRC: ssrc,
                        commandSequence: 0
                    )
                }
            case .fullIntra(let number):
                report.appendPictureLossIndication(senderSSRC: controlSSRC, mediaSSRC: ssrc)
                report.appendFullIntraRequest(
                    senderSSRC: controlSSRC,
                    mediaSSRC: ssrc,
                    commandSequence: number
                )
            }
        }
    }

    /// A compound begins with a report (RFC 3550 6.1).
    private mutating func openCompound() {
        if report.isEmpty { report.appendReceiverReport(senderSSRC: controlSSRC) }
    }

    private mutating func sendReport(_ slot: Int, into slab: inout SendSlab) {
        guard !report.isEmpty, slab.hasRoom, let path = peers[slot].transport.selectedPath else { return }
        let space = slab.space
        let length = report.bytes.withUnsafeBytes { bytes in
            peers[slot].control?.protectRTCP(bytes, into: space) ?? 0
        }
        if length > 0 { slab.commit(length, to: path.remote, from: path.local, notAfter: .distantFuture) }
    }
}
