import RTPPackets

/// A frame put together again from RTP payloads.
package struct AssembledFrame: Hashable, Sendable {
    package let codec: MediaCodec
    /// What a decoder takes: a VP8 or VP9 frame, an H.264 access unit in Annex B form, or an AV1 temporal unit of
    /// OBUs with sizes, without its delimiter.
    package internal(set) var bytes: [UInt8]
    /// RTP time, 90 kHz.
    package let timestamp: UInt32
    package internal(set) var isKeyframe: Bool
    package internal(set) var pictureID: UInt16?
    package internal(set) var lowestLayerIndex: UInt8?
    package internal(set) var temporalLayer: UInt8?
    /// Extended sequence numbers of the first and last packet.
    package let firstSequence: Int64
    package internal(set) var lastSequence: Int64
    /// Packets are missing between the frame given before and this one, so that it may not decode if not a keyframe.
    package let followsGap: Bool
}

/// What became of the packets given to a `FrameAssembler`.
package enum AssemblyEvent: Hashable, Sendable {
    /// A frame is whole.
    case frame(AssembledFrame)
    /// So many packets in a row did not come.
    case gap(packets: Int64)
    /// A frame was given up.
    case dropped(timestamp: UInt32, FrameDropReason)
}

/// Why a frame was given up.
package enum FrameDropReason: Hashable, Sendable {
    /// A packet of it is missing.
    case incomplete
    /// A payload of it is not what its RFC says.
    case malformed
    /// It is larger than `FrameAssembler.maximumFrameBytes`.
    case tooLarge
}

/// Puts VP8, VP9, H.264 and AV1 frames together from RTP payloads given in the order of their sequence numbers.
///
/// Holds at most one frame; a frame with a packet missing is dropped and reported.
package struct FrameAssembler: Sendable {
    package let codec: MediaCodec

    /// As large a frame as a `VideoDecoder` takes.
    package static let maximumFrameBytes = VideoDecoder.maximumFrameBytes

    private var lastSequence: Int64?
    private var state = State.betweenFrames
    /// Packets were missing since the last whole frame.
    private var hasGap = false
    /// Where the OBUs of the AV1 frame that is being collected start in its bytes.
    private var unitStarts: [Int] = []

    private enum State {
        /// The next packet starts a frame.
        case betweenFrames
        /// Packets are missing, perhaps the start of the frame that the next packet belongs to.
        case unknown
        /// `isOpen`: inside a FU-A, or an OBU that goes on in the next packet.
        case collecting(AssembledFrame, isOpen: Bool)
        /// The rest of the frame with this timestamp is passed over.
        case skipping(UInt32)
    }

    /// `codec` is a video codec.
    package init(codec: MediaCodec) {
        precondition(codec.kind == .video, "no assembler for \(codec)")
        self.codec = codec
        state = .unknown
    }

    /// Takes the next packet; one whose sequence number is not above the last is ignored.
    package mutating func append(
        sequence: Int64,
        timestamp: UInt32,
        marker: Bool,
        payload: [UInt8]
    ) -> [AssemblyEvent] {
        var events: [AssemblyEvent] = []
        if let last = lastSequence {
            guard sequence > last else { return [] }
            let (distance, overflow) = sequence.subtractingReportingOverflow(last)
            if overflow || distance > 1 {
                events.append(.gap(packets: overflow ? .max : distance - 1))
                loseFrame(&events)
            }
        }
        lastSequence = sequence
        finishAtTimestamp(timestamp, &events)
        // An empty payload is padding: it takes a sequence number and says nothing else.
        if !payload.isEmpty { take(sequence: sequence, timestamp: timestamp, payload: payload, &events) }
        if marker { finishAtMarker(timestamp, &events) }
        return events
    }

    private mutating func loseFrame(_ events: inout [AssemblyEvent]) {
        hasGap = true
        switch state {
        case .collecting(let frame, _):
            events.append(.dropped(timestamp: frame.timestamp, .incomplete))
            state = .skipping(frame.timestamp)
        case .betweenFrames:
            state = .unknown
        case .unknown, .skipping:
            break
        }
    }

    /// A new timestamp ends the frame before even where its marker bit is missing.
    private mutating func finishAtTimestamp(_ timestamp: UInt32, _ events: inout [AssemblyEvent]) {
        switch state {
        case .collecting(let frame, _) where frame.timestamp != timestamp: finish(&events)
        // The marker of the frame passed over did not come; what else did not is not known.
        case .skipping(let skipped) where skipped != timestamp: state = .unknown
        default: break
        }
    }

    private mutating func finishAtMarker(_ timestamp: UInt32, _ events: inout [AssemblyEvent]) {
        switch state {
        case .collecting: finish(&events)
        case .skipping, .unknown: state = .betweenFrames
        case .betweenFrames: break
        }
    }

    private mutating func finish(_ events: inout [AssemblyEvent]) {
        guard case .collecting(var frame, let isOpen) = state else { return }
        state = .betweenFrames
        if isOpen || (codec == .av1 && !finishTemporalUnit(&frame)) {
            hasGap = true
            events.append(.dropped(timestamp: frame.timestamp, .malformed))
        } else {
            hasGap = false
            events.append(.frame(frame))
        }
    }

    private func finishTemporalUnit(_ frame: inout AssembledFrame) -> Bool {
        guard let unit = AV1TemporalUnit(elements: frame.bytes, starts: unitStarts) else { return false }
        frame.bytes = unit.bytes
        frame.isKeyframe = unit.isKeyframe
        return true
    }

    private mutating func giveUp(
        _ timestamp: UInt32,
        _ reason: FrameDropReason,
        _ events: inout [AssemblyEvent]
    ) {
        hasGap = true
        state = .skipping(timestamp)
        events.append(.dropped(timestamp: timestamp, reason))
    }

    private mutating func take(
        sequence: Int64,
        timestamp: UInt32,
        payload: [UInt8],
        _ events: inout [AssemblyEvent]
    ) {
        if case .skipping = state { return }
        guard let part = PayloadPart(codec: codec, payload: payload) else {
            giveUp(timestamp, .malformed, &events)
            return
        }
        switch state {
        case .collecting(var frame, let isOpen):
            guard part.continues(isOpen: isOpen, codec: codec) else {
                giveUp(timestamp, .malformed, &events)
                return
            }
            guard frame.bytes.count + part.bytes.count <= Self.maximumFrameBytes else {
                giveUp(timestamp, .tooLarge, &events)
                return
            }
            unitStarts += part.unitStarts.map { $0 + frame.bytes.count }
            // Dropping the state's own reference first lets the bytes grow in place.
            state = .betweenFrames
            frame.bytes += part.bytes
            frame.isKeyframe = frame.isKeyframe || part.isKeyframe
            frame.lastSequence = sequence
            state = .collecting(frame, isOpen: part.leavesOpen(isOpen))
        case .betweenFrames, .unknown:
            // Without a gap, whatever comes first in H.264 and AV1 starts the access or temporal unit.
            var startsFrame = part.startsFrame
            if codec == .h264 || codec == .av1, case .betweenFrames = state {
                startsFrame = part.continues(isOpen: false, codec: codec)
            }
            guard startsFrame else {
                giveUp(timestamp, .incomplete, &events)
                return
            }
            unitStarts = part.unitStarts
            let frame = AssembledFrame(
                codec: codec,
                bytes: part.bytes,
                timestamp: timestamp,
                isKeyframe: part.isKeyframe,
                pictureID: part.pictureID,
                lowestLayerIndex: part.lowestLayerIndex,
                temporalLayer: part.temporalLayer,
                firstSequence: sequence,
                lastSequence: sequence,
                followsGap: hasGap
            )
            state = .collecting(frame, isOpen: part.leavesOpen(false))
        case .skipping:
            break
        }
    }
}

extension PayloadPart {
    /// Whether this payload can follow in a frame whose last NAL unit is, or is not, still open.
    fileprivate func continues(isOpen: Bool, codec: MediaCodec) -> Bool {
        switch fragment {
        case .whole: !isOpen && (codec == .h264 || codec == .av1 || !startsFrame)
        case .start: !isOpen
        case .middle, .end: isOpen
        }
    }

    fileprivate func leavesOpen(_ wasOpen: Bool) -> Bool {
        switch fragment {
        case .whole, .end: false
        case .start: true
        case .middle: wasOpen
        }
    }
}
