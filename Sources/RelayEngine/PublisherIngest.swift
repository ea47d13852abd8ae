import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms

/// What became of a publisher's packet.
enum IngestOutcome {
    case published(track: Int)
    case drop(DropReason)
}

/// All tracks of one publisher: from a decrypted packet to the ring, and the feedback that it is owed.
struct PublisherIngest {
    /// Sources that are learned by mid or payload type beside those announced.
    static let learnedSourceLimit = 16

    private struct Source {
        var track: Int
        var isRTX: Bool
    }

    let parameters: PublisherParameters
    var tracks: [TrackIngest]
    var feedback = TransportFeedbackRecorder()
    var allowance: InputAllowance
    private var sources: [UInt32: Source] = [:]
    var nextReport = MonotonicTime.distantPast
    var nextEstimate = MonotonicTime.distantPast
    var nextFeedback = MonotonicTime.distantPast
    /// The first source seen: feedback about the transport names it.
    var anySSRC: UInt32 = 0

    init(_ parameters: PublisherParameters) {
        self.parameters = parameters
        tracks = parameters.tracks.map(TrackIngest.init)
        allowance = InputAllowance(bitsPerSecond: parameters.maximumBitsPerSecond)
        for (index, track) in parameters.tracks.enumerated() {
            for ssrc in track.ssrcs { sources[ssrc] = Source(track: index, isRTX: false) }
            for ssrc in track.rtxSSRCs { sources[ssrc] = Source(track: index, isRTX: true) }
        }
    }

    /// Takes one decrypted RTP packet.
    mutating func receive(_ packet: RawSpan, now: MonotonicTime, wallNTP: UInt64) -> IngestOutcome {
        guard let header = try? RTPHeader(parsing: packet),
            let payloadRange = try? header.payloadRange(in: packet)
        else { return .drop(.malformed) }
        anySSRC = header.ssrc
        if parameters.transportSequenceExtension != 0,
            let range = RTPHeaderExtensions.find(
                id: parameters.transportSequenceExtension,
                in: packet,
                header: header
            ),
            range.count >= 2, let number = packet.bigEndianUInt16(at: range.lowerBound)
        {
            feedback.record(sequenceNumber: number, arrival: now)
        }
        guard let source = source(of: header, in: packet) else { return .drop(.unknownTrack) }
        var payload = payloadRange
        var sequenceNumber = header.sequenceNumber
        var payloadType = header.payloadType
        if source.isRTX {
            guard let original = tracks[source.track].parameters.rtxTypes[header.payloadType] else {
                return .drop(.unknownPayloadType)
            }
            // Probing with RTX: padding alone, no packet inside.
            guard !payload.isEmpty else { return .drop(.padding) }
            guard let number = RTXPayload.originalSequenceNumber(in: packet.extracting(payload)) else {
                return .drop(.malformed)
            }
            sequenceNumber = number
            payloadType = original
            payload = (payload.lowerBound + RTXPayload.headerByteCount)..<payload.upperBound
        } else {
            tracks[source.track].mediaSSRC = header.ssrc
            tracks[source.track].startSource(header.ssrc)
        }
        return publish(
            packet,
            header,
            track: source.track,
            payload: payload,
            sequenceNumber: sequenceNumber,
            payloadType: payloadType,
            isRTX: source.isRTX,
            now: now,
            wallNTP: wallNTP
        )
    }

    /// The track that an RTP source feeds: as announced, else by mid, else by payload type (RFC 9143 9.2).
    private mutating func source(of header: RTPHeader, in packet: RawSpan) -> Source? {
        if let known = sources[header.ssrc] { return known }
        guard sources.count < Self.learnedSourceLimit else { return nil }
        var found: Source?
        if parameters.midExtension != 0,
            let range = RTPHeaderExtensions.find(id: parameters.midExtension, in: packet, header: header)
        {
            let mid = packet.extracting(range)
            for (index, track) in tracks.enumerated() where equals(mid, track.parameters.mid) {
                found = Source(
                    track: index,
                    isRTX: track.parameters.rtxTypes[header.payloadType] != nil
                )
            }
        }
        if found == nil {
            for (index, track) in tracks.enumerated() {
                if track.parameters.codecs[header.payloadType] != nil {
                    found = Source(track: index, isRTX: false)
                } else if track.parameters.rtxTypes[header.payloadType] != nil {
                    found = Source(track: index, isRTX: true)
                }
            }
        }
        if let found { sources[header.ssrc] = found }
        return found
    }

    private func equals(_ span: RawSpan, _ bytes: [UInt8]) -> Bool {
        guard span.byteCount == bytes.count else { return false }
        for (index, byte) in bytes.enumerated() where span.byte(at: index) != byte { return false }
        return true
    }

    private mutating func publish(
        _ packet: RawSpan,
        _ header: RTPHeader,
        track: Int,
        payload: Range<Int>,
        sequenceNumber: UInt16,
        payloadType: UInt8,
        isRTX: Bool,
        now: MonotonicTime,
        wallNTP: UInt64
    ) -> IngestOutcome {
        guard let codec = tracks[track].parameters.codecs[payloadType] else {
            return .drop(.unknownPayloadType)
        }
        if parameters.requiresConsentState,
            let refusal = refusalByCarriedConsent(
                packet,
                header,
                track: track,
                sequenceNumber: isRTX ? nil : sequenceNumber,
                now: now
            )
        {
            return .drop(refusal)
        }
        if isRTX {
            // One of an earlier source, or of nothing that was sent, must not carry the window away.
            guard let newest = tracks[track].unwrapper.newest,
                tracks[track].unwrapper.peek(sequenceNumber) - newest <= MissingSequences.largestGap
            else { return .drop(.tooOld) }
        }
        let raw = tracks[track].unwrapper.unwrap(sequenceNumber)
        let isFirst = tracks[track].admitted.admit(raw)
        // A retransmission may overtake everything, even the news that its original was lost: browsers probe
        // with packets that they have just sent.
        tracks[track].missing.received(raw, now: now)
        if !isRTX {
            tracks[track].record(header, clockRate: codec.clockRate, arrival: now)
        }
        guard isFirst else { return .drop(.replayed) }
        // A retransmission keeps its original's timestamp, but may be of the stretch before a jump.
        if !isRTX, !payload.isEmpty { tracks[track].noteClock(raw, header.timestamp, arrival: now) }
        guard raw >= tracks[track].sourceStart else { return .drop(.tooOld) }
        if !tracks[track].hasNumbering {
            tracks[track].hasNumbering = true
            if tracks[track].lastPublished < 0 {
                // Room for packets that arrive late before the first.
                tracks[track].numbering.restart(incoming: raw - 1_000, outgoing: raw - 1_000)
            } else {
                tracks[track].numbering.restart(incoming: raw, outgoing: tracks[track].lastPublished + 1)
            }
        }
        var facts = PayloadFacts()
        if payload.isEmpty {
            if tracks[track].numbering.skip(raw) { return .drop(.padding) }
        } else {
            guard
                let inspected = PayloadFacts.inspect(
                    codec: codec,
                    packet: packet.extracting(payload),
                    marker: header.marker
                )
            else { return .drop(.malformed) }
            facts = inspected
        }
        guard let sequence = tracks[track].numbering.map(raw) else { return .drop(.tooOld) }
        var descriptor: Range<Int>?
        if parameters.dependencyDescriptorExtension != 0,
            let range = RTPHeaderExtensions.find(
                id: parameters.dependencyDescriptorExtension,
                in: packet,
                header: header
            ),
            range.count <= MediaRing.maximumDescriptorByteCount
        {
            descriptor = range
            refine(&facts, track: track, with: packet.extracting(range))
        }
        let captureTime = TrackIngest.captureTime(
            of: header.timestamp,
            codec,
            by: tracks[track].captureReference,
            fallback: wallNTP
        )
        let record = RingPacket(
            sequence: sequence,
            timestamp: header.timestamp,
            arrival: now,
            captureTime: captureTime,
            facts: facts,
            codec: codec,
            marker: header.marker,
            hasSenderClock: tracks[track].captureReference != nil,
            source: tracks[track].sourceCount,
            audioLevel: byteExtension(parameters.audioLevelExtension, in: packet, header),
            orientation: byteExtension(parameters.orientationExtension, in: packet, header)
        )
        let position =
            descriptor.map { range in
                tracks[track].ring.publish(
                    record,
                    payload: packet.extracting(payload),
                    dependencyDescriptor: packet.extracting(range)
                )
            } ?? tracks[track].ring.publish(record, payload: packet.extracting(payload))
        guard position != nil else { return .drop(.tooLarge) }
        tracks[track].lastPublished = max(tracks[track].lastPublished, sequence)
        if facts.startsKeyframe, tracks[track].keyframeTimestamp != header.timestamp {
            tracks[track].keyframeTimestamp = header.timestamp
            tracks[track].keyframes.keyframeArrived()
            // Whoever has wished for one by now finds it in the ring.
            _ = tracks[track].ring.takeKeyframeWishes()
        }
        return .published(track: track)
    }

    /// Compares what the packet carries with what the gates let through.
    ///
    /// Before the packet counts as received: one that has to wait for the gates is asked for once more.
    private mutating func refusalByCarriedConsent(
        _ packet: RawSpan,
        _ header: RTPHeader,
        track: Int,
        sequenceNumber: UInt16?,
        now: MonotonicTime
    ) -> DropReason? {
        guard let byte = byteExtension(parameters.consentExtension, in: packet, header) else {
            return .withoutConsentState
        }
        return tracks[track].carried.take(
            CarriedConsent(rawValue: byte),
            number: sequenceNumber.map { tracks[track].unwrapper.peek($0) },
            now: now
        ) ? nil : .awaitsConsentState
    }

    /// The gates follow what was told under `number`.
    mutating func carriedApplied(_ number: UInt64, of track: TrackID) {
        for index in tracks.indices where tracks[index].ring.track == track {
            tracks[index].carried.applied(number)
        }
    }

    private mutating func refine(_ facts: inout PayloadFacts, track: Int, with data: RawSpan) {
        guard let descriptor = DependencyDescriptor(parsing: data, structure: tracks[track].structure) else {
            return
        }
        if let structure = descriptor.attachedStructure { tracks[track].structure = structure }
        facts.refine(with: descriptor)
    }

    private func byteExtension(_ id: UInt8, in packet: RawSpan, _ header: RTPHeader) -> UInt8? {
        guard id != 0, let range = RTPHeaderExtensions.find(id: id, in: packet, header: header),
            range.count >= 1
        else { return nil }
        return packet.byte(at: range.lowerBound)
    }
}
