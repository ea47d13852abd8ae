import MediaCodecs
import Primitives
import RTPPackets
import SessionDescriptions

/// Receives and decodes all slots of a WHEP session, asks for what is missing, and reports.
final class ViewingMedia: PeerMedia {
    private static let reportMilliseconds: Int64 = 1_000
    private static let transportFeedbackMilliseconds: Int64 = 100
    /// A stream of which no keyframe came is asked for one after this time, and again.
    private static let firstKeyframeRequestMilliseconds: Int64 = 300
    private static let keyframeRequestMilliseconds: Int64 = 500

    private(set) var slots: [ViewerSlot]
    private var slotOfSSRC: [UInt32: Int] = [:]
    private var slotOfRetransmission: [UInt32: Int] = [:]
    private let midExtension: UInt8?
    private let transportExtension: UInt8?
    private let ownSSRC = UInt32.random(in: 1...UInt32.max)
    private let cname: String
    private let keepsLog: Bool
    private(set) var log: [PacketRecord] = []
    private(set) var establishedAt: MonotonicTime?
    private(set) var firstPictureAt: MonotonicTime?
    private(set) var unassignedPackets = 0
    private var reportDue = MonotonicTime.distantFuture
    private var feedbackDue = MonotonicTime.distantFuture
    private var arrivals = TransportFeedbackRecorder()
    private let onEvent: @Sendable (ViewingEvent) -> Void

    /// `keepsLog` keeps a record of each packet, for those who judge them later.
    init(
        _ session: NegotiatedSession,
        cname: String,
        keepsLog: Bool,
        onEvent: @escaping @Sendable (ViewingEvent) -> Void
    ) {
        self.cname = cname
        self.keepsLog = keepsLog
        self.onEvent = onEvent
        var videos = 0
        var audios = 0
        slots = session.media.compactMap { media in
            let number = media.kind == .audio ? audios : videos
            if media.kind == .audio { audios += 1 } else { videos += 1 }
            return ViewerSlot(media, number: number)
        }
        let accepted = session.acceptedMedia
        midExtension = accepted.lazy.compactMap { $0.extensionID(HeaderExtensionURI.mid) }.first
        transportExtension =
            accepted.contains { $0.rtcpFeedback.contains(.transportCC) }
            ? accepted.lazy.compactMap { $0.extensionID(HeaderExtensionURI.transportWideCC) }.first : nil
        for (index, slot) in slots.enumerated() {
            if let ssrc = slot.ssrc { slotOfSSRC[ssrc] = index }
            if let ssrc = slot.retransmissionSSRC { slotOfRetransmission[ssrc] = index }
        }
    }

    func established(_ peer: ClientPeer, now: MonotonicTime) {
        establishedAt = now
        reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds / 2)
        for index in slots.indices {
            slots[index].keyframeRequestDue = now.advanced(
                byMilliseconds: Self.firstKeyframeRequestMilliseconds
            )
        }
        onEvent(.established(now))
    }

    func ended(_ end: PeerEnd) {
        onEvent(.ended(end))
    }

    // MARK: Packets

    func received(
        _ packet: RawSpan,
        header: RTPHeader,
        receivedAt: Int64,
        on peer: ClientPeer,
        now: MonotonicTime
    ) {
        if let transportExtension,
            let range = RTPHeaderExtensions.find(id: transportExtension, in: packet, header: header),
            let number = packet.bigEndianUInt16(at: range.lowerBound)
        {
            arrivals.record(sequenceNumber: number, arrival: now)
            if feedbackDue == .distantFuture {
                feedbackDue = now.advanced(byMilliseconds: Self.transportFeedbackMilliseconds)
            }
        }
        guard let (index, isRetransmission) = slot(of: header, in: packet),
            var range = try? header.payloadRange(in: packet)
        else {
            unassignedPackets += 1
            return
        }
        var sequence = header.sequenceNumber
        var payloadType = header.payloadType
        if isRetransmission {
            // An empty one is a probe for bandwidth.
            guard
                let original = RTXPayload.originalSequenceNumber(in: packet.extracting(range)),
                let type = slots[index].repeated[header.payloadType]
            else { return }
            sequence = original
            payloadType = type
            range = (range.lowerBound + RTXPayload.headerByteCount)..<range.upperBound
        } else {
            let clockRate: UInt32 = slots[index].kind == .audio ? 48_000 : 90_000
            if slots[index].reception?.ssrc != header.ssrc {
                slots[index].reception = ReceptionStatistics(ssrc: header.ssrc, clockRate: clockRate)
            }
            slots[index].reception?.record(
                sequenceNumber: sequence,
                timestamp: header.timestamp,
                arrival: now
            )
        }
        slots[index].payloadBytes += range.count
        if range.isEmpty { slots[index].paddingPackets += 1 }
        var record: Int?
        if keepsLog {
            record = log.count
            log.append(
                PacketRecord(
                    kind: slots[index].kind,
                    slot: slots[index].number,
                    receivedAt: receivedAt,
                    timestamp: header.timestamp,
                    isRetransmission: isRetransmission
                )
            )
        }
        let received = ReceivedPacket(
            sequence: 0,
            timestamp: header.timestamp,
            marker: header.marker,
            payloadType: payloadType,
            payload: packet.extracting(range).withUnsafeBytes { Array($0) },
            record: record
        )
        take(slots[index].reorderer.append(received, sequence: sequence, now: now), in: index, now: now)
        if let due = slots[index].reorderer.nextDue { peer.wake(at: due) }
    }

    private func take(_ packets: [ReceivedPacket], in index: Int, now: MonotonicTime) {
        for packet in packets {
            guard let codec = slots[index].codecs[packet.payloadType] else { continue }
            switch slots[index].content {
            case .video(var video):
                let before = video.framesDecoded
                // Taken out and put back, so that it is changed in place.
                slots[index].content = .audio(ReceivedAudio())
                let findings = video.append(packet, codec: codec, now: now)
                slots[index].content = .video(video)
                for finding in findings {
                    for record in finding.records { log[record].content = finding.content }
                }
                if video.framesDecoded > before, firstPictureAt == nil {
                    firstPictureAt = video.lastDecodedAt
                    onEvent(.firstPicture(video.lastDecodedAt ?? now))
                }
            case .audio(var audio):
                slots[index].content = .audio(ReceivedAudio())
                let content = audio.append(packet, judges: keepsLog, now: now)
                slots[index].content = .audio(audio)
                if let record = packet.record { log[record].content = content }
            }
        }
    }

    /// The slot of a packet: by its announced SSRC, else by its mid, else by its payload type where only one fits.
    private func slot(of header: RTPHeader, in packet: RawSpan) -> (index: Int, isRetransmission: Bool)? {
        if let index = slotOfSSRC[header.ssrc] {
            // Some servers repeat under the stream's own SSRC with RTX's payload type.
            return (index, slots[index].repeated[header.payloadType] != nil)
        }
        if let index = slotOfRetransmission[header.ssrc] { return (index, true) }
        var found: Int?
        if let midExtension,
            let range = RTPHeaderExtensions.find(id: midExtension, in: packet, header: header)
        {
            let mid = String(decoding: packet.extracting(range).withUnsafeBytes { Array($0) }, as: UTF8.self)
            found = slots.firstIndex { $0.mid == mid }
        }
        if found == nil {
            let fitting = slots.indices.filter {
                slots[$0].codecs[header.payloadType] != nil
                    || slots[$0].repeated[header.payloadType] != nil
            }
            found = fitting.count == 1 ? fitting.first : nil
        }
        guard let found else { return nil }
        if slots[found].repeated[header.payloadType] != nil {
            slotOfRetransmission[header.ssrc] = found
            return (found, true)
        }
        slotOfSSRC[header.ssrc] = found
        slots[found].ssrc = header.ssrc
        return (found, false)
    }

    func receivedControl(_ packet: RawSpan, on peer: ClientPeer, now: MonotonicTime) {
        var reader = RTCPReader(packet)
        while let part = reader.next() {
            guard let report = part.senderReport, let index = slotOfSSRC[report.ssrc] else { continue }
            slots[index].reception?.noteSenderReport(report, arrival: now)
        }
    }

    // MARK: Timers

    func tick(_ peer: ClientPeer, now: MonotonicTime) -> MonotonicTime {
        var writer = RTCPWriter()
        for index in slots.indices {
            take(slots[index].reorderer.giveUp(now: now), in: index, now: now)
            appendFeedback(index, to: &writer, now: now)
        }
        if reportDue <= now {
            sendReport(peer, now: now)
            reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds)
        }
        peer.sendControl(writer)
        if feedbackDue <= now { sendTransportFeedback(peer) }
        var due = min(reportDue, feedbackDue)
        for slot in slots {
            if let next = slot.reorderer.nextDue { due = min(due, next) }
            if slot.wantsKeyframe { due = min(due, slot.keyframeRequestDue) }
        }
        return due
    }

    private func appendFeedback(_ index: Int, to writer: inout RTCPWriter, now: MonotonicTime) {
        guard let ssrc = slots[index].ssrc else { return }
        if slots[index].requestsRepeats {
            let lost = slots[index].reorderer.requests(now: now)
            if !lost.isEmpty {
                open(&writer)
                _ = writer.appendNACK(senderSSRC: ownSSRC, mediaSSRC: ssrc, lost: lost)
            }
        }
        guard slots[index].wantsKeyframe, slots[index].keyframeRequestDue <= now else { return }
        slots[index].keyframeRequestDue = now.advanced(byMilliseconds: Self.keyframeRequestMilliseconds)
        slots[index].keyframeRequests += 1
        open(&writer)
        writer.appendPictureLossIndication(senderSSRC: ownSSRC, mediaSSRC: ssrc)
    }

    /// Without a report in front, only those who negotiated reduced size would take it (RFC 5506).
    private func open(_ writer: inout RTCPWriter) {
        if writer.isEmpty { writer.appendReceiverReport(senderSSRC: ownSSRC, blocks: []) }
    }

    private func sendReport(_ peer: ClientPeer, now: MonotonicTime) {
        var blocks: [ReportBlock] = []
        for index in slots.indices {
            if let block = slots[index].reception?.makeReportBlock(now: now) { blocks.append(block) }
        }
        var start = 0
        repeat {
            var writer = RTCPWriter()
            writer.appendReceiverReport(senderSSRC: ownSSRC, blocks: Array(blocks[start...].prefix(31)))
            writer.appendCanonicalName(cname, ssrc: ownSSRC)
            peer.sendControl(writer)
            start += 31
        } while start < blocks.count
    }

    private func sendTransportFeedback(_ peer: ClientPeer) {
        feedbackDue = .distantFuture
        let media = slots.lazy.compactMap { $0.ssrc }.first ?? 0
        while arrivals.hasPending {
            var writer = RTCPWriter()
            guard arrivals.appendFeedback(to: &writer, senderSSRC: ownSSRC, mediaSSRC: media) else { return }
            peer.sendControl(writer)
        }
    }

    // MARK: Reports

    /// What the slots show now, and did since the last call.
    func report(now: MonotonicTime) -> [SlotReport] {
        slots.indices.map { index in
            let report = slots[index].report(now: now)
            slots[index].noteReported(now: now)
            return report
        }
    }

    /// What the slots show, without starting a new interval.
    func peek(now: MonotonicTime) -> [SlotReport] { slots.map { $0.report(now: now) } }

    /// Forgets when pictures of each kind first came, so that the next ones count as first.
    func forgetFirsts() {
        for index in slots.indices {
            guard case .video(var video) = slots[index].content else { continue }
            video.forgetFirsts()
            slots[index].content = .video(video)
        }
    }

    /// The entries of the log from `index` on.
    func records(from index: Int) -> [PacketRecord] {
        index < log.count ? Array(log[index...]) : []
    }
}

/// What a viewer tells while it runs.
package enum ViewingEvent: Sendable {
    case established(MonotonicTime)
    /// The first picture of any slot was decoded.
    case firstPicture(MonotonicTime)
    case ended(PeerEnd)
}

extension ViewerSlot {
    /// A slot in which nothing comes is asked for a keyframe this often and then left alone.
    private static let requestsOfSilentSlot = 3

    /// Whether a keyframe should be asked for.
    var wantsKeyframe: Bool {
        guard ssrc != nil, let video, video.needsKeyframe else { return false }
        return reorderer.receivedCount > 0 || keyframeRequests < Self.requestsOfSilentSlot
    }
}
