import MediaCodecs
import Primitives
import RTPPackets
import SessionDescriptions

/// One media section of a viewer: a stream that is received, checked and decoded.
struct ViewerSlot {
    enum Content {
        case video(ReceivedVideo)
        case audio(ReceivedAudio)
    }

    let mid: String
    let kind: RTPPackets.MediaKind
    /// The place among the sections of its kind, from 0.
    let number: Int
    /// Codecs by payload type.
    let codecs: [UInt8: MediaCodec]
    /// The payload types that retransmissions repeat, by their own.
    let repeated: [UInt8: UInt8]
    let requestsRepeats: Bool
    var ssrc: UInt32?
    var retransmissionSSRC: UInt32?
    var reorderer = PacketReorderer()
    var reception: ReceptionStatistics?
    var content: Content
    var payloadBytes = 0
    var paddingPackets = 0
    var keyframeRequests = 0
    var keyframeRequestDue = MonotonicTime.distantPast
    /// What the last report said, for differences.
    var reported = ReportedCounts()

    struct ReportedCounts {
        var frames = 0
        var packets = 0
        var bytes = 0
        var lost = 0
        var audioPackets = 0
    }

    /// `nil` if the section was not accepted.
    init?(_ media: NegotiatedMedia, number: Int) {
        guard media.accepted, media.direction.receives, media.kind != .application else { return nil }
        mid = media.mid
        kind = media.kind == .audio ? .audio : .video
        self.number = number
        codecs = Dictionary(
            media.codecs.map { ($0.payloadType, $0.name.mediaCodec) },
            uniquingKeysWith: { first, _ in first }
        )
        repeated = Dictionary(
            media.codecs.compactMap { codec in codec.rtxPayloadType.map { ($0, codec.payloadType) } },
            uniquingKeysWith: { first, _ in first }
        )
        requestsRepeats = media.rtcpFeedback.contains(.nack)
        ssrc = media.remoteSSRCs.first?.ssrc
        retransmissionSSRC = media.remoteSSRCs.first?.rtxSSRC
        content = kind == .audio ? .audio(ReceivedAudio()) : .video(ReceivedVideo())
    }

    var video: ReceivedVideo? {
        guard case .video(let video) = content else { return nil }
        return video
    }

    var audio: ReceivedAudio? {
        guard case .audio(let audio) = content else { return nil }
        return audio
    }
}
