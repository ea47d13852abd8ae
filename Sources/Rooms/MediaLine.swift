import Disclosures
import MediaRings
import Primitives
import RTPPackets

/// Payload types per codec (index: `MediaCodec.rawValue`); 0xFF where there is none.
package struct PayloadTypeTable: Sendable {
    private var media = InlineArray<5, UInt8>(repeating: 0xFF)
    private var retransmission = InlineArray<5, UInt8>(repeating: 0xFF)

    package init() {}

    /// Notes the payload types of a codec.
    package mutating func set(_ codec: MediaCodec, _ payloadType: UInt8, rtx: UInt8?) {
        media[Int(codec.rawValue)] = payloadType
        retransmission[Int(codec.rawValue)] = rtx ?? 0xFF
    }

    package func payloadType(_ codec: MediaCodec) -> UInt8? {
        let type = media[Int(codec.rawValue)]
        return type == 0xFF ? nil : type
    }

    package func rtxPayloadType(_ codec: MediaCodec) -> UInt8? {
        let type = retransmission[Int(codec.rawValue)]
        return type == 0xFF ? nil : type
    }
}

/// What a viewer's answer settled for one m-line: payload types, extension ids, our sources.
package struct MediaLineParameters: Sendable {
    package var kind: MediaKind
    package var ssrc: UInt32
    /// Source of retransmissions (RFC 4588); `nil` if RTX was not negotiated.
    package var rtxSSRC: UInt32?
    package var payloadTypes = PayloadTypeTable()
    /// The lowest level_idc of the line's H.264 payload types: what a slate must keep to; 0 without H.264.
    package var slateLevel: UInt8 = 0
    /// The media identification tag (RFC 9143), at most 16 bytes; longer ones are not repeated in RTP.
    package var mid: [UInt8] = []
    package var midExtension: UInt8 = 0
    package var absoluteSendTimeExtension: UInt8 = 0
    package var audioLevelExtension: UInt8 = 0
    package var orientationExtension: UInt8 = 0
    package var dependencyDescriptorExtension: UInt8 = 0
    /// Of the consent state that is carried along to another relay; 0 where not negotiated.
    package var consentExtension: UInt8 = 0
    /// Whether the relay's own slate and silence stand in for what is withheld; a server that passes media on gets
    /// nothing instead.
    package var showsSlates = true
    package var allowsTwoByteExtensions = false
    /// Whether NACKs are answered on this line.
    package var acceptsNACK = false
    /// First outgoing sequence number, below 2^15 so that a rollover is not near (RFC 3711 3.3.1).
    package var firstSequence: UInt16

    package init(kind: MediaKind, ssrc: UInt32, rtxSSRC: UInt32?, firstSequence: UInt16) {
        self.kind = kind
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
        self.firstSequence = firstSequence & 0x7FFF
    }
}

/// One outgoing stream of one viewer: what keeps its numbers continuous whatever feeds it.
package struct MediaLine: Sendable {
    /// What the line is sent, as the enforcement point sees it.
    package enum State: UInt8, Sendable {
        /// Nothing is subscribed: nothing is sent.
        case idle
        /// Permitted; waiting for a keyframe to begin with.
        case joining
        /// Permitted media is sent.
        case live
        /// Slate or silence of the relay's own is sent.
        case withheld
        /// Permitted, but the viewer's path does not carry it; audio goes on.
        case overloaded
        /// Permitted, but the viewer did not negotiate the publisher's codec.
        case unsupported
    }

    /// RTP packets at the start of each source that repeat the mid, until a receiver surely knows the SSRC.
    package static let midRepetitions: Int64 = 100

    package internal(set) var parameters: MediaLineParameters
    /// The viewer's slot.
    package let viewer: Int
    /// Number of this m-line within the viewer's answer.
    package let mediaIndex: Int

    package internal(set) var state = State.idle
    /// The feed and the audience within it; -1 while idle.
    package internal(set) var feed = -1
    package internal(set) var audience = -1
    /// The opening of the gate whose media the line may carry; 0, which no opening has, if it may carry none.
    package internal(set) var admittedOpening: UInt64 = 0
    /// Where what leaves under that opening is counted; -1 while nothing may.
    package internal(set) var account = -1
    /// Next ring position to send.
    var next: UInt64 = 0
    /// What the line's packets say that the receiving server may do.
    var carried: CarriedConsent = []
    /// From which outgoing number on they say so.
    var carriedFrom: Int64 = 0
    /// What every packet before that may say when it is sent once more: what was never taken away or added since.
    var carriedThroughout: CarriedConsent = CarriedConsent(rawValue: .max)
    var map = SequenceMap()
    /// Highest outgoing sequence number used, extended.
    var lastSequence: Int64
    var rtxSequence: Int64
    /// The newest outgoing timestamp, and when the relay received or made what carried it.
    var lastTimestamp: UInt32
    var lastTimestampAt = MonotonicTime.distantPast
    var timestampOffset: UInt32 = 0
    /// Capture time (NTP, publisher's clock) of `lastTimestamp`, for sender reports.
    var lastCaptureTime: UInt64 = 0
    /// The line's codec while live; slates use it.
    var codec: MediaCodec?
    var lastPicture = PictureIndex()
    var hasSentPicture = false
    var pictureIDOffset: UInt16 = 0
    var tl0Offset: UInt8 = 0
    var midUntil: Int64
    /// A catching-up line is not served before this time.
    var pacedUntil = MonotonicTime.distantPast
    var joiningSince = MonotonicTime.distantPast
    var keyframeWishedAt = MonotonicTime.distantPast
    /// The publisher's source that the stretch is of.
    var source: UInt32 = 0
    /// The next packet read begins a new stretch: numbers are tied to it.
    var isStarting = true
    var nextSlate = MonotonicTime.distantPast
    var slateCount = 0
    /// Slates since the line was last withheld.
    var slateStreak = 0
    /// Highest temporal layer that may be sent.
    var temporalLimit: UInt8 = .max
    /// Highest temporal layer sent: rises to the limit where a frame allows it.
    var temporalLayer: UInt8 = .max
    var isStopped = false
    package internal(set) var packetCount: UInt32 = 0
    package internal(set) var octetCount: UInt32 = 0
    var nextSenderReport = MonotonicTime.distantPast
    /// The state last told to the control plane.
    var announced = State.idle

    package init(parameters: MediaLineParameters, viewer: Int, mediaIndex: Int) {
        self.parameters = parameters
        self.viewer = viewer
        self.mediaIndex = mediaIndex
        lastSequence = Int64(parameters.firstSequence) - 1
        rtxSequence = Int64(parameters.firstSequence)
        lastTimestamp = UInt32(parameters.firstSequence) &* 65_521
        midUntil = Int64(parameters.firstSequence) + Self.midRepetitions
    }

    /// The timestamp that continues the line at `now`, at least one tick on.
    func continuedTimestamp(at now: MonotonicTime) -> UInt32 {
        guard lastTimestampAt != .distantPast else { return lastTimestamp }
        let rate: Int64 = parameters.kind == .audio ? 48_000 : 90_000
        let elapsed = min(max(0, now.nanoseconds(since: lastTimestampAt)), 3_600_000_000_000)
        return lastTimestamp &+ max(1, UInt32(truncatingIfNeeded: elapsed / 1_000 * rate / 1_000_000))
    }
}
