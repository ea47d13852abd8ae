import MediaCodecs
import Primitives
import RTPPackets
import SessionDescriptions

/// One stream of a recording that is sent: its numbers, and what is needed to repeat a packet.
struct RecordedTrack {
    /// Packets that may be asked for again: two seconds of a fast stream.
    private static let rememberedCount = 1_024

    /// What a packet was made of, enough to make it again.
    struct SentPacket {
        var extendedSequence: UInt64 = .max
        var timestamp: UInt32 = 0
        var payload = 0
        var pictureNumber: UInt32 = 0
        var keyframeNumber: UInt32 = 0
        var isMarked = false
        var sentAt = MonotonicTime.distantPast
    }

    let recording: PacketRecording
    let ssrc: UInt32
    let payloadType: UInt8
    let retransmissionSSRC: UInt32?
    let retransmissionType: UInt8?
    let extensions: OutgoingExtensions
    let clockRate: UInt32
    let firstTimestamp: UInt32
    private(set) var packetCount: UInt32 = 0
    private(set) var octetCount: UInt32 = 0
    private var nextSequence: UInt64
    private var nextRetransmissionSequence: UInt64
    private var remembered: [SentPacket]

    /// The next frame of the recording, and how many frames and keyframes were sent before it.
    private(set) var frame = 0
    private(set) var framesSent: UInt32 = 0
    private var keyframesSent: UInt32 = 0

    /// `nil` unless `media` was accepted, sends a stream, and has the recording's codec.
    init?(
        _ media: NegotiatedMedia,
        recording: PacketRecording,
        random: inout some RandomNumberGenerator
    ) {
        guard media.accepted, media.direction.sends, let stream = media.outgoing,
            let chosen = media.codecs.first(where: { $0.name == recording.codec.codecName })
        else { return nil }
        let repeats = chosen.rtxPayloadType != nil && stream.rtxSSRC != nil
        self.init(
            recording,
            ssrc: stream.ssrc,
            payloadType: chosen.payloadType,
            retransmission: repeats ? (stream.rtxSSRC ?? 0, chosen.rtxPayloadType ?? 0) : nil,
            extensions: OutgoingExtensions(media, codec: chosen),
            random: &random
        )
    }

    init(
        _ recording: PacketRecording,
        ssrc: UInt32,
        payloadType: UInt8,
        retransmission: (ssrc: UInt32, payloadType: UInt8)?,
        extensions: OutgoingExtensions,
        random: inout some RandomNumberGenerator
    ) {
        self.recording = recording
        self.ssrc = ssrc
        self.payloadType = payloadType
        retransmissionSSRC = retransmission?.ssrc
        retransmissionType = retransmission?.payloadType
        self.extensions = extensions
        clockRate = recording.codec.clockRate
        firstTimestamp = UInt32.random(in: 0...UInt32.max, using: &random)
        // In the lower half, so that a receiver that misses the first packets still guesses the rollover
        // counter right (RFC 3711 3.3.1).
        nextSequence = UInt64.random(in: 1..<0x4000, using: &random)
        nextRetransmissionSequence = UInt64.random(in: 1..<0x4000, using: &random)
        remembered = Array(repeating: SentPacket(), count: Self.rememberedCount)
    }

    var nanosecondsOfFrame: Int64 { 1_000_000_000 / Int64(recording.framesPerSecond) }
    var isAtKeyframe: Bool { recording.frames[frame].isKeyframe }

    /// Goes on at the next keyframe.
    mutating func seekKeyframe() {
        frame = recording.keyframe(from: frame)
    }

    /// RTP time of media captured `nanoseconds` after the start.
    func timestamp(nanoseconds: Int64) -> UInt32 {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let ticks = seconds * Int64(clockRate) + rest * Int64(clockRate) / 1_000_000_000
        return firstTimestamp &+ UInt32(truncatingIfNeeded: ticks)
    }

    /// The packets of the next frame, which the caller sends in order.
    ///
    /// Video: the last is marked. Sound: the first of all is (RFC 7587 4.2).
    mutating func nextFrame(timestamp: UInt32, now: MonotonicTime) -> [SentPacket] {
        let entry = recording.frames[frame]
        if entry.isKeyframe { keyframesSent &+= 1 }
        let packets = entry.payloads.map { payload in
            defer { nextSequence += 1 }
            return SentPacket(
                extendedSequence: nextSequence,
                timestamp: timestamp,
                payload: payload,
                pictureNumber: framesSent,
                keyframeNumber: keyframesSent &- 1,
                isMarked: recording.codec == .opus
                    ? framesSent == 0 : payload == entry.payloads.upperBound - 1,
                sentAt: now
            )
        }
        for packet in packets {
            remembered[Int(packet.extendedSequence % UInt64(Self.rememberedCount))] = packet
            octetCount &+= UInt32(truncatingIfNeeded: recording.payloads[packet.payload].count)
        }
        packetCount &+= UInt32(packets.count)
        framesSent &+= 1
        frame = (frame + 1) % recording.frames.count
        return packets
    }

    /// The packet with that sequence number, if it is still known, and the number of its repetition.
    mutating func repetition(of sequence: UInt16) -> (packet: SentPacket, extendedSequence: UInt64)? {
        // The count divides 65536, so that the place follows from the low bits.
        let packet = remembered[Int(sequence) % Self.rememberedCount]
        guard packet.extendedSequence != .max,
            UInt16(truncatingIfNeeded: packet.extendedSequence) == sequence,
            retransmissionSSRC != nil, retransmissionType != nil
        else { return nil }
        defer { nextRetransmissionSequence += 1 }
        return (packet, nextRetransmissionSequence)
    }

    /// Writes a packet's payload to the front of `target`, its numbers and stamp filled in; answers its length.
    func write(
        _ packet: SentPacket,
        run: UInt32,
        publisher: UInt32,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        let payload = recording.payloads[packet.payload]
        precondition(payload.count <= target.count, "no room for a payload")
        recording.bytes.withUnsafeBytes { bytes in
            target.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[payload.start..<(payload.start + payload.count)])
            )
        }
        number(packet, target)
        if let offset = payload.stampOffset {
            MediaStamp(
                run: run,
                publisher: publisher,
                number: packet.pictureNumber,
                sentAt: packet.sentAt
            ).write(into: UnsafeMutableRawBufferPointer(rebasing: target[offset..<payload.count]))
        }
        return payload.count
    }

    /// The running numbers of VP8 and VP9, which must go on where a recording begins anew; they stand where
    /// `VideoPacketizer` writes them.
    private func number(_ packet: SentPacket, _ target: UnsafeMutableRawBufferPointer) {
        let picture = packet.pictureNumber & 0x7FFF
        switch recording.codec {
        case .vp8:
            target[2] = 0x80 | UInt8(picture >> 8)
            target[3] = UInt8(truncatingIfNeeded: picture)
            target[4] = UInt8(truncatingIfNeeded: picture)
            target[5] = target[5] & 0xE0 | UInt8(packet.keyframeNumber & 0x1F)
        case .vp9:
            target[1] = 0x80 | UInt8(picture >> 8)
            target[2] = UInt8(truncatingIfNeeded: picture)
            target[4] = UInt8(truncatingIfNeeded: picture)
        case .h264, .av1, .opus:
            break
        }
    }

    func senderReport(elapsedNanoseconds: Int64, wall: WallClockTime) -> SenderReport {
        SenderReport(
            ssrc: ssrc,
            ntpTime: NTPTimestamp(wall),
            rtpTimestamp: timestamp(nanoseconds: elapsedNanoseconds),
            packetCount: packetCount,
            octetCount: octetCount
        )
    }
}
