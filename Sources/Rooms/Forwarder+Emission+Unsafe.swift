import Disclosures
import MediaRings
import Primitives
import RTPPackets
import SRTPProtection

/// What came of one packet for one line.
enum Emission {
    case sent
    /// Left out on purpose: thinned, or older than the line's beginning.
    case passedOver
    /// The ring's writer overtook the line, or the position is before the permit: begin again.
    case lost
    /// The viewer has no payload type for the codec.
    case unsupported
}

/// What was written into the slab while a slot was read; takes effect only if the slot held still.
private struct Written {
    var encrypted = EncryptedPacket.nothing
    var sequence: Int64 = 0
    var timestamp: UInt32 = 0
    var payloadLength = 0
    var isUnsupported = false
    var isPassedOver = false
    var packet: RingPacket?
}

extension Forwarder {
    /// Rewrites and protects the packet at `position` for `line` into the slab.
    @inline(__always)
    mutating func emit(
        _ line: Int,
        ring: MediaRing,
        _ pass: borrowing Pass,
        at position: UInt64,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) -> Emission {
        let space = slab.space
        let read = ring.read(pass, at: position) { packet, payload, descriptor in
            write(line, packet, payload, descriptor, now: now, into: space)
        }
        guard case .packet(let written) = read else { return .lost }
        if written.isUnsupported { return .unsupported }
        guard !written.isPassedOver, written.encrypted.length > 0, let packet = written.packet else {
            return .passedOver
        }
        let viewer = lines[line].viewer
        guard let remote = viewers[viewer].remote, let local = viewers[viewer].local else {
            return .passedOver
        }
        slab.commit(
            written.encrypted,
            to: remote,
            from: local,
            notAfter: pass.notAfter,
            account: lines[line].account,
            payloadLength: written.payloadLength
        )
        account(line, written.sequence, written.timestamp, payloadLength: written.payloadLength)
        if written.sequence == lines[line].lastSequence {
            lines[line].lastTimestampAt = now
            lines[line].lastCaptureTime = packet.captureTime
            if packet.facts.index.hasPictureID || packet.facts.index.hasTL0PicIdx {
                lines[line].lastPicture = packet.facts.index
                lines[line].lastPicture.pictureID &+= lines[line].pictureIDOffset
                lines[line].lastPicture.tl0PicIdx &+= lines[line].tl0Offset
                lines[line].hasSentPicture = true
            }
        }
        counters.packets += 1
        counters.bytes += UInt64(written.encrypted.length)
        viewers[viewer].estimate.sent(written.encrypted.length)
        return .sent
    }

    /// Counts a packet of the line and moves its newest numbers on.
    mutating func account(_ line: Int, _ sequence: Int64, _ timestamp: UInt32, payloadLength: Int) {
        lines[line].packetCount &+= 1
        lines[line].octetCount &+= UInt32(truncatingIfNeeded: payloadLength)
        if sequence > lines[line].lastSequence {
            lines[line].lastSequence = sequence
            lines[line].lastTimestamp = timestamp
        }
    }

    private mutating func write(
        _ line: Int,
        _ packet: RingPacket,
        _ payload: UnsafeRawBufferPointer,
        _ descriptor: UnsafeRawBufferPointer,
        now: MonotonicTime,
        into space: UnsafeMutableRawBufferPointer
    ) -> Written {
        var written = Written()
        guard let payloadType = lines[line].parameters.payloadTypes.payloadType(packet.codec) else {
            written.isUnsupported = true
            return written
        }
        if !lines[line].isStarting, packet.source != lines[line].source {
            // The publisher has begun anew: nothing of it can be shown before its keyframe.
            guard packet.facts.startsKeyframe else {
                written.isPassedOver = true
                return written
            }
            lines[line].isStarting = true
        }
        if lines[line].isStarting { start(line, with: packet, now: now) }
        if lines[line].codec != packet.codec { lines[line].codec = packet.codec }
        if packet.facts.startsFrame {
            lines[line].temporalLayer = packet.facts.joinableTemporalLayer(
                current: lines[line].temporalLayer,
                target: lines[line].temporalLimit,
                codec: packet.codec
            )
        }
        if packet.facts.temporalLayer > lines[line].temporalLayer, lines[line].map.skip(packet.sequence) {
            counters.thinned += 1
            written.isPassedOver = true
            return written
        }
        guard let sequence = lines[line].map.map(packet.sequence) else {
            written.isPassedOver = true
            return written
        }
        let timestamp = packet.timestamp &+ lines[line].timestampOffset
        written.encrypted = protect(
            line,
            packet,
            payload,
            descriptor,
            payloadType: payloadType,
            ssrc: lines[line].parameters.ssrc,
            sequence: sequence,
            timestamp: timestamp,
            retransmitted: nil,
            carried: lines[line].carried,
            into: space
        )
        written.sequence = sequence
        written.timestamp = timestamp
        written.payloadLength = payload.count
        written.packet = packet
        return written
    }

    /// Ties the line's numbers to the first packet of a new stretch, continuing what was sent before.
    private mutating func start(_ line: Int, with packet: RingPacket, now: MonotonicTime) {
        lines[line].isStarting = false
        lines[line].source = packet.source
        lines[line].keyframeWishedAt = .distantPast
        lines[line].map.restart(incoming: packet.sequence, outgoing: lines[line].lastSequence + 1)
        lines[line].timestampOffset = lines[line].continuedTimestamp(at: now) &- packet.timestamp
        if lines[line].hasSentPicture {
            lines[line].pictureIDOffset =
                lines[line].lastPicture.pictureID &+ 1 &- packet.facts.index.pictureID
            lines[line].tl0Offset = lines[line].lastPicture.tl0PicIdx &+ 1 &- packet.facts.index.tl0PicIdx
        }
        lines[line].midUntil = max(lines[line].midUntil, lines[line].lastSequence + MediaLine.midRepetitions)
    }

    /// Writes header, extensions and encrypted payload; `.nothing` if it does not fit or the cipher failed.
    ///
    /// Everything depends on the slot and on numbers that do not change within a stretch, so the same packet
    /// is the same bytes each time (RFC 3711 9.1). `retransmitted` is the original number of an RTX packet.
    func protect(
        _ line: Int,
        _ packet: RingPacket,
        _ payload: UnsafeRawBufferPointer,
        _ descriptor: UnsafeRawBufferPointer,
        payloadType: UInt8,
        ssrc: UInt32,
        sequence: Int64,
        timestamp: UInt32,
        retransmitted: UInt16?,
        carried: CarriedConsent,
        into space: UnsafeMutableRawBufferPointer
    ) -> EncryptedPacket {
        // A repetition under a number of its own needs none.
        let padding = retransmitted == nil ? Int(packet.paddingLength) : 0
        let headerLength = writeHeader(
            line,
            packet,
            descriptor,
            payloadType: payloadType,
            ssrc: ssrc,
            sequence: sequence,
            timestamp: timestamp,
            repeatsMid: retransmitted != nil || sequence < lines[line].midUntil,
            carried: carried,
            isPadded: padding > 0,
            into: space
        )
        // A record that is torn may say anything: the slot's size bounds what is read.
        var source = UnsafeRawBufferPointer(
            start: payload.baseAddress,
            count: min(payload.count + padding, MediaRing.maximumPayloadByteCount)
        )
        let prefix = retransmitted == nil ? 0 : RTXPayload.headerByteCount
        let tag = 16
        guard headerLength + prefix + source.count + tag <= space.count else { return .nothing }
        let index = packet.facts.index
        let renumbers =
            (lines[line].pictureIDOffset != 0 && index.hasPictureID)
            || (lines[line].tl0Offset != 0 && index.hasTL0PicIdx)
        if prefix > 0 || renumbers {
            let place = UnsafeMutableRawBufferPointer(
                rebasing: space[headerLength..<(headerLength + prefix + source.count)]
            )
            if let retransmitted {
                RTXPayload.write(originalSequenceNumber: retransmitted, into: place)
            }
            let copy = UnsafeMutableRawBufferPointer(rebasing: place[prefix...])
            copy.copyMemory(from: source)
            if renumbers {
                index.rewrite(
                    in: UnsafeMutableRawBufferPointer(rebasing: copy[..<payload.count]),
                    addingToPictureID: lines[line].pictureIDOffset,
                    addingToTL0PicIdx: lines[line].tl0Offset
                )
            }
            source = UnsafeRawBufferPointer(place)
        }
        return seal(
            viewer: lines[line].viewer,
            headerLength: headerLength,
            payload: source,
            sequence: sequence,
            ssrc: ssrc,
            into: space
        )
    }

    /// An SRTP index has 48 bits (RFC 3711 3.3.1); a line that has used them up falls silent.
    private static var sequenceLimit: Int64 { 1 << 48 }

    /// Protects a packet whose header is written, up to its tag; `.nothing` without keys.
    func seal(
        viewer: Int,
        headerLength: Int,
        payload: UnsafeRawBufferPointer,
        sequence: Int64,
        ssrc: UInt32,
        into space: UnsafeMutableRawBufferPointer
    ) -> EncryptedPacket {
        guard viewers[viewer].protection != nil, sequence >= 0, sequence < Self.sequenceLimit else {
            return .nothing
        }
        return viewers[viewer].protection?.encryptRTP(
            headerLength: headerLength,
            payload: payload,
            output: space,
            extendedSequence: UInt64(bitPattern: sequence),
            ssrc: ssrc
        ) ?? .nothing
    }
}
