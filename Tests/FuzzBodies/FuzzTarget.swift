import RTPPackets

/// Everything that reads bytes of strangers, each with the fuzz body that drives it.
///
/// The raw value names the folder of its corpus.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case stun
    case dtlsRecords = "dtls-records"
    case rtp
    case rtcp
    case headerExtensions = "header-extensions"
    case payloadVP8 = "payload-vp8"
    case payloadVP9 = "payload-vp9"
    case payloadH264 = "payload-h264"
    case payloadAV1 = "payload-av1"
    case payloadOpus = "payload-opus"
    case sdp
    case trickleFragment = "trickle-fragment"
    case address
    case recording

    /// Drives the body; answers whether the parser took the input as well-formed.
    @discardableResult
    package func run(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
        switch self {
        case .stun: try fuzzSTUN(bytes)
        case .dtlsRecords: try fuzzDTLSRecords(bytes)
        case .rtp: try fuzzRTP(bytes)
        case .rtcp: try fuzzRTCP(bytes)
        case .headerExtensions: try fuzzHeaderExtensions(bytes)
        case .payloadVP8: try fuzzPayload(.vp8, bytes)
        case .payloadVP9: try fuzzPayload(.vp9, bytes)
        case .payloadH264: try fuzzPayload(.h264, bytes)
        case .payloadAV1: try fuzzPayload(.av1, bytes)
        case .payloadOpus: try fuzzPayload(.opus, bytes)
        case .sdp: try fuzzSDP(bytes)
        case .trickleFragment: try fuzzTrickleFragment(bytes)
        case .address: try fuzzAddress(bytes)
        case .recording: try fuzzRecording(bytes)
        }
    }

    /// Whether the input is text, which wants mutations of lines and words rather than of bits.
    package var isText: Bool {
        switch self {
        case .sdp, .trickleFragment, .address: true
        default: false
        }
    }
}
