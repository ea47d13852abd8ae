import Primitives
import RTPPackets
import SRTPProtection

/// Which run and publisher a recorded packet is stamped for.
struct StampOrigin: Sendable {
    var run: UInt32
    var publisher: UInt32
}

extension ClientPeer {
    /// Sends packets of a recording in order, as many with one system call as fit.
    func send(
        _ packets: [RecordedTrack.SentPacket],
        of track: RecordedTrack,
        origin: StampOrigin,
        transportSequence: inout UInt16,
        now: MonotonicTime
    ) {
        for packet in packets {
            append(
                packet,
                of: track,
                repeatedAs: nil,
                origin: origin,
                transportSequence: &transportSequence,
                now: now
            )
            if slab.isFull { flushSlab() }
        }
        flushSlab()
    }

    /// Sends a packet of a recording once more, as RTX with that number (RFC 4588).
    func repeatPacket(
        _ packet: RecordedTrack.SentPacket,
        of track: RecordedTrack,
        as extendedSequence: UInt64,
        origin: StampOrigin,
        transportSequence: inout UInt16,
        now: MonotonicTime
    ) {
        append(
            packet,
            of: track,
            repeatedAs: extendedSequence,
            origin: origin,
            transportSequence: &transportSequence,
            now: now
        )
        flushSlab()
    }

    private func flushSlab() {
        counters.packetsSent += UInt64(slab.flush(through: socket))
    }

    private func append(
        _ packet: RecordedTrack.SentPacket,
        of track: RecordedTrack,
        repeatedAs repetition: UInt64?,
        origin: StampOrigin,
        transportSequence: inout UInt16,
        now: MonotonicTime
    ) {
        guard let remote, end == nil else { return }
        let isRepetition = repetition != nil
        guard let ssrc = isRepetition ? track.retransmissionSSRC : track.ssrc,
            let payloadType = isRepetition ? track.retransmissionType : track.payloadType
        else { return }
        let extendedSequence = repetition ?? packet.extendedSequence
        let memory = slab.place
        var writer = RTPHeaderWriter(into: memory)
        writer.writeFixed(
            marker: packet.isMarked,
            payloadType: payloadType,
            sequenceNumber: UInt16(truncatingIfNeeded: extendedSequence),
            timestamp: packet.timestamp,
            ssrc: ssrc
        )
        if let id = track.extensions.mid {
            track.extensions.midText.withUnsafeBytes { _ = writer.appendExtension(id: id, bytes: $0) }
        }
        if let id = track.extensions.absoluteSendTime {
            _ = writer.appendExtension(id: id, value: AbsoluteSendTime(now).rawValue, byteCount: 3)
        }
        if let id = track.extensions.transportSequence {
            _ = writer.appendExtension(id: id, value: UInt32(transportSequence), byteCount: 2)
            transportSequence &+= 1
        }
        let headerLength = writer.finish()
        var end = headerLength
        if isRepetition {
            RTXPayload.write(
                originalSequenceNumber: UInt16(truncatingIfNeeded: packet.extendedSequence),
                into: UnsafeMutableRawBufferPointer(rebasing: memory[end...])
            )
            end += RTXPayload.headerByteCount
        }
        end += track.write(
            packet,
            run: origin.run,
            publisher: origin.publisher,
            into: UnsafeMutableRawBufferPointer(rebasing: memory[end...])
        )
        let length =
            outbound?.protectRTP(
                headerLength: headerLength,
                payload: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[headerLength..<end]),
                output: memory,
                extendedSequence: extendedSequence,
                ssrc: ssrc
            ) ?? 0
        guard length > 0 else { return }
        slab.append(byteCount: length, to: remote, from: local)
    }
}
