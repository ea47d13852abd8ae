import Primitives
import RTPPackets
import SessionDescriptions

extension OutgoingExtensions {
    /// Those that `media` negotiated and that our packets carry.
    init(_ media: NegotiatedMedia, codec: NegotiatedCodec) {
        self.init()
        mid = media.mid.isEmpty ? nil : media.extensionID(HeaderExtensionURI.mid)
        midText = Array(media.mid.utf8)
        absoluteSendTime = media.extensionID(HeaderExtensionURI.absoluteSendTime)
        transportSequence =
            codec.feedback.contains(.transportCC)
            ? media.extensionID(HeaderExtensionURI.transportWideCC) : nil
    }
}

/// One stream that we send: its numbers, its history and its sender report.
struct OutgoingTrack {
    let ssrc: UInt32
    let payloadType: UInt8
    let retransmissionSSRC: UInt32?
    let retransmissionType: UInt8?
    let extensions: OutgoingExtensions
    private(set) var packetCount: UInt32 = 0
    private(set) var octetCount: UInt32 = 0
    /// RTP time of media that is captured at `start`.
    let firstTimestamp: UInt32
    let clockRate: UInt32
    private var history = SentPacketHistory()
    private var nextSequence: UInt64
    private var nextRetransmissionSequence: UInt64

    /// `nil` unless `media` was accepted, sends `stream`, and has a codec called `codec`.
    init?(_ media: NegotiatedMedia, codec: CodecName, random: inout some RandomNumberGenerator) {
        guard media.accepted, media.direction.sends, let stream = media.outgoing,
            let chosen = media.codecs.first(where: { $0.name == codec })
        else { return nil }
        ssrc = stream.ssrc
        payloadType = chosen.payloadType
        retransmissionSSRC = chosen.rtxPayloadType == nil ? nil : stream.rtxSSRC
        retransmissionType = stream.rtxSSRC == nil ? nil : chosen.rtxPayloadType
        clockRate = chosen.clockRate
        extensions = OutgoingExtensions(media, codec: chosen)
        firstTimestamp = UInt32.random(in: 0...UInt32.max, using: &random)
        // In the lower half, so that a receiver that misses the first packets still guesses the rollover
        // counter right (RFC 3711 3.3.1).
        nextSequence = UInt64.random(in: 1..<0x4000, using: &random)
        nextRetransmissionSequence = UInt64.random(in: 1..<0x4000, using: &random)
    }

    /// Sends the next packet.
    mutating func send(
        _ payload: [UInt8],
        timestamp: UInt32,
        marker: Bool,
        transportSequence: inout UInt16,
        on peer: ClientPeer,
        now: MonotonicTime
    ) {
        var packet = OutgoingPacket(
            payloadType: payloadType,
            marker: marker,
            extendedSequence: nextSequence,
            timestamp: timestamp,
            ssrc: ssrc
        )
        nextSequence += 1
        if extensions.transportSequence != nil {
            packet.transportSequence = transportSequence
            transportSequence &+= 1
        }
        let datagram = peer.send(packet, payload: payload, extensions: extensions, now: now)
        packetCount &+= 1
        octetCount &+= UInt32(truncatingIfNeeded: payload.count)
        history.append(
            SentPacketHistory.Entry(
                extendedSequence: packet.extendedSequence,
                timestamp: timestamp,
                marker: marker,
                payload: payload,
                datagram: datagram
            )
        )
    }

    /// Answers a NACK, as RTX (RFC 4588) or with the same bytes; `false` if the packet is gone.
    mutating func retransmit(
        _ sequence: UInt16,
        transportSequence: inout UInt16,
        on peer: ClientPeer,
        now: MonotonicTime
    ) -> Bool {
        guard let entry = history.entry(sequence) else { return false }
        guard let retransmissionSSRC, let retransmissionType else {
            peer.repeatDatagram(entry.datagram)
            return true
        }
        var packet = OutgoingPacket(
            payloadType: retransmissionType,
            marker: entry.marker,
            extendedSequence: nextRetransmissionSequence,
            timestamp: entry.timestamp,
            ssrc: retransmissionSSRC,
            originalSequence: sequence
        )
        nextRetransmissionSequence += 1
        if extensions.transportSequence != nil {
            packet.transportSequence = transportSequence
            transportSequence &+= 1
        }
        peer.send(packet, payload: entry.payload, extensions: extensions, now: now)
        return true
    }

    /// RTP time of media captured `nanoseconds` after the start.
    func timestamp(nanoseconds: Int64) -> UInt32 {
        let seconds = nanoseconds / 1_000_000_000
        let rest = nanoseconds % 1_000_000_000
        let ticks = seconds * Int64(clockRate) + rest * Int64(clockRate) / 1_000_000_000
        return firstTimestamp &+ UInt32(truncatingIfNeeded: ticks)
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
