import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions

/// A viewer that counts by headers, decrypts a share of what comes, and decodes nothing.
final class LoadViewer: PeerMedia {
    static let reportMilliseconds: Int64 = 1_000
    /// A stream of which no keyframe came is asked for one after this time, and again.
    private static let firstKeyframeRequestMilliseconds: Int64 = 300

    /// What a payload type carries.
    private enum Use {
        case nothing
        case media(MediaCodec)
        case repetition(of: MediaCodec)
    }

    /// The viewer's number in its room, for the leak ledger.
    private let number: Int
    private let room: Int
    private let fleet: ViewerFleet
    private var uses = [Use](repeating: .nothing, count: 128)
    let hasVideo: Bool
    let asksForRepeats: Bool
    var streams: [ReceivedStream] = []
    private var lastStream = 0
    private var skip = 1
    var isJoining = true
    private var firstFrame = FirstFrame()
    private(set) var join: JoinTimes
    private(set) var isWatching = false
    /// Of a session that was over before its time.
    private(set) var end: PeerEnd?
    /// The share of received packets that it pretends not to have received.
    private let loss: Double
    /// It joined while others were measured, and only its joining is of interest.
    let isLate: Bool

    /// The packet that is decrypted now counts as lost.
    private var pretendsLoss = false

    private var own = ViewerCounts()
    private var atStart = ViewerCounts()
    /// What was counted while measuring, once that is over.
    private(set) var measured: ViewerCounts?
    private(set) var measuresWhole = false
    private var isCounting = false

    let ownSSRC = UInt32.random(in: 1...UInt32.max)
    let cname: String
    var reportDue = MonotonicTime.distantFuture
    var keyframeDue = MonotonicTime.distantFuture
    var keyframeRequests = 0
    var writer = RTCPWriter(reservingCapacity: 256)
    private let onEvent: @Sendable (SessionEvent) -> Void

    /// `loss` is the share of packets that are thrown away on arrival, for a viewer behind a bad network.
    init(
        number: Int,
        room: Int,
        _ ready: NegotiatedViewing,
        fleet: ViewerFleet,
        loss: Double,
        isLate: Bool,
        onEvent: @escaping @Sendable (SessionEvent) -> Void
    ) {
        self.number = number
        self.room = room
        self.fleet = fleet
        self.loss = loss
        self.isLate = isLate
        self.onEvent = onEvent
        cname = ready.cname
        join = JoinTimes(requestedAt: ready.session.requestedAt, answeredAt: ready.session.answeredAt)
        let accepted = ready.negotiated.acceptedMedia
        hasVideo = accepted.contains { $0.kind == .video }
        asksForRepeats = accepted.contains { $0.rtcpFeedback.contains(.nack) }
        for media in accepted {
            for codec in media.codecs {
                uses[Int(codec.payloadType & 127)] = .media(codec.name.mediaCodec)
                if let type = codec.rtxPayloadType {
                    uses[Int(type & 127)] = .repetition(of: codec.name.mediaCodec)
                }
            }
        }
    }

    func established(_ peer: ClientPeer, now: MonotonicTime) {
        join.pathAt = peer.answeredAt
        join.establishedAt = now
        isWatching = true
        // Viewers that report at the same moment would make a burst of their own.
        reportDue = now.advanced(byMilliseconds: Int64.random(in: 0..<Self.reportMilliseconds))
        if hasVideo { keyframeDue = now.advanced(byMilliseconds: Self.firstKeyframeRequestMilliseconds) }
        if fleet.isMeasuring { startMeasuring(isWhole: false) }
        onEvent(.established(now))
    }

    func ended(_ end: PeerEnd) {
        isWatching = false
        if end != .closedByUs { self.end = end }
        stopMeasuring()
        onEvent(.ended(end))
    }

    // MARK: Packets

    func examines(_ packet: RawSpan, receivedAt: Int64, on peer: ClientPeer, now: MonotonicTime) -> Bool {
        guard let second = packet.byte(at: 1), let sequence = packet.bigEndianUInt16(at: 2),
            let timestamp = packet.bigEndianUInt32(at: 4), let ssrc = packet.bigEndianUInt32(at: 8)
        else { return false }
        if loss > 0, fleet.draw() < loss {
            // What the server sent although it was withheld has leaked, wherever it is lost afterwards.
            pretendsLoss = fleet.rooms[room].examinesAll
            return pretendsLoss
        }
        own.packets += 1
        own.bytes += UInt64(packet.byteCount)
        let arrival = fleet.time(ofReceipt: receivedAt, now: now)
        if join.firstPacketAt == nil { join.firstPacketAt = arrival }
        switch uses[Int(second & 0x7F)] {
        case .nothing:
            return false
        case .repetition:
            // Which packet it repeats stands in what is encrypted.
            return true
        case .media(let codec):
            let index = stream(ssrc, codec)
            if streams[index].take(sequence: sequence, timestamp: timestamp, arrival: arrival),
                asksForRepeats
            {
                peer.wake(at: streams[index].nextDue ?? .distantFuture)
            }
            let isVideo = codec != .opus
            if !isVideo {
                own.soundPackets += 1
                own.soundBytes += UInt64(packet.byteCount)
            }
            if isVideo, second & 0x80 != 0, let pause = streams[index].endFrame(arrival: arrival) {
                own.freezes += 1
                fleet.noteFreeze(pause)
            }
            skip -= 1
            if skip <= 0 {
                skip = fleet.nextSkip()
                return true
            }
            return fleet.rooms[room].examinesAll || (isJoining && isVideo)
        }
    }

    func received(
        _ packet: RawSpan,
        header: RTPHeader,
        receivedAt: Int64,
        on peer: ClientPeer,
        now: MonotonicTime
    ) {
        let isLost = pretendsLoss
        pretendsLoss = false
        if !isLost { own.examined += 1 }
        guard let range = try? header.payloadRange(in: packet) else { return }
        var start = range.lowerBound
        var sequence = header.sequenceNumber
        let codec: MediaCodec
        switch uses[Int(header.payloadType)] {
        case .nothing: return
        case .media(let media): codec = media
        case .repetition(of: let media):
            codec = media
            // An empty one is a probe for bandwidth.
            guard let original = RTXPayload.originalSequenceNumber(in: packet.extracting(range)) else {
                return
            }
            sequence = original
            start += RTXPayload.headerByteCount
            if !isLost { noteRepetition(original, codec) }
        }
        guard start < range.upperBound else { return }
        let payload = packet.extracting(start..<range.upperBound)
        let arrival = fleet.time(ofReceipt: receivedAt, now: now)
        judge(payload, codec: codec, receivedAt: receivedAt, arrival: isLost ? nil : arrival)
        if isJoining, !isLost, codec != .opus {
            watchForFirstFrame(payload, codec: codec, header: header, sequence: sequence, arrival: arrival)
        }
    }

    /// Whose packet it is, and how old where that counts.
    private func judge(_ payload: RawSpan, codec: MediaCodec, receivedAt: Int64, arrival: MonotonicTime?) {
        let isVideo = codec != .opus
        let stamp = MediaStamp.find(in: payload, codec: codec).flatMap { $0.run == fleet.run ? $0 : nil }
        // What a relay had kept for those who come later is older than the viewer, and not late.
        if let stamp, let arrival, !isLate, let since = join.establishedAt, stamp.sentAt >= since {
            fleet.noteLatency(arrival.nanoseconds(since: stamp.sentAt), isVideo: isVideo)
        }
        guard let ledger = fleet.rooms[room].ledger else { return }
        let isFlippers: Bool
        if let stamp {
            isFlippers = stamp.publisher == fleet.rooms[room].flipper
        } else if let hash = PayloadHash.of(payload, codec: codec) {
            isFlippers = fleet.rooms[room].flipped.contains { $0.hashes.contains(hash) }
        } else {
            isFlippers = false
        }
        if isFlippers {
            ledger.note(viewer: number, isVideo: isVideo, receivedAt: receivedAt)
        } else {
            ledger.noteOther()
        }
    }

    private func watchForFirstFrame(
        _ payload: RawSpan,
        codec: MediaCodec,
        header: RTPHeader,
        sequence: UInt16,
        arrival: MonotonicTime
    ) {
        // Only of the stream that came first: which of several is whole first says nothing.
        guard let first = streams.first(where: \.isVideo),
            first.ssrc == header.ssrc || sequence != header.sequenceNumber,
            let facts = PayloadFacts.inspect(codec: codec, packet: payload, marker: header.marker)
        else { return }
        firstFrame.take(
            sequence: sequence,
            timestamp: header.timestamp,
            startsKeyframe: facts.startsKeyframe,
            isMarked: header.marker
        )
        if firstFrame.hasKeyframe, join.firstKeyframeAt == nil { join.firstKeyframeAt = arrival }
        guard firstFrame.isWhole else { return }
        join.firstFrameAt = arrival
        isJoining = false
    }

    private func noteRepetition(_ sequence: UInt16, _ codec: MediaCodec) {
        guard let index = streams.firstIndex(where: { $0.codec == codec && $0.hasMissing }) else { return }
        streams[index].takeRepetition(of: sequence)
    }

    @inline(__always)
    private func stream(_ ssrc: UInt32, _ codec: MediaCodec) -> Int {
        if lastStream < streams.count, streams[lastStream].ssrc == ssrc { return lastStream }
        lastStream = streams.firstIndex { $0.ssrc == ssrc } ?? streams.count
        if lastStream == streams.count { streams.append(ReceivedStream(ssrc: ssrc, codec: codec)) }
        return lastStream
    }

    func receivedControl(_ packet: RawSpan, on peer: ClientPeer, now: MonotonicTime) {
        var reader = RTCPReader(packet)
        while let part = reader.next() {
            guard let report = part.senderReport,
                let index = streams.firstIndex(where: { $0.ssrc == report.ssrc })
            else { continue }
            streams[index].noteSenderReport(report, arrival: now)
        }
    }

    // MARK: Counts

    /// Everything so far.
    var counts: ViewerCounts {
        var counts = own
        for stream in streams {
            counts.lost += stream.lost
            counts.late += stream.late
            counts.recovered += stream.recovered + stream.recoveredInPlace
            counts.requested += stream.requested
            counts.frames += stream.frames
        }
        return counts
    }

    /// From now on packets count; `isWhole` if the viewer watches from the beginning of what is measured.
    func startMeasuring(isWhole: Bool = true) {
        guard isWatching else { return }
        atStart = counts
        measured = nil
        measuresWhole = isWhole
        isCounting = true
    }

    func stopMeasuring() {
        guard isCounting else { return }
        isCounting = false
        measured = counts - atStart
        if !isWatching { measuresWhole = false }
    }

    /// From now on it hears nothing, as if it had lost its network.
    func vanish(from peer: ClientPeer) {
        peer.isSilenced = true
        isWatching = false
        stopMeasuring()
    }
}
