/// A header extension that is known by its URI (RFC 8285 5).
package enum HeaderExtensionKind: UInt8, Sendable, CaseIterable {
    case mid
    case rtpStreamID
    case repairedRTPStreamID
    case audioLevel
    case absoluteSendTime
    case transportSequenceNumber
    case transmissionOffset
    case videoOrientation
    case playoutDelay
    case videoContentType
    case videoTiming
    case colorSpace
    case dependencyDescriptor
    case absoluteCaptureTime

    /// The kind that `uri` names; `nil` if it is none of these.
    package init?(uri: some StringProtocol) {
        guard let kind = Self.allCases.first(where: { $0.uri == uri }) else { return nil }
        self = kind
    }

    /// The URI as `a=extmap` writes it.
    package var uri: String {
        switch self {
        case .mid: "urn:ietf:params:rtp-hdrext:sdes:mid"
        case .rtpStreamID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
        case .repairedRTPStreamID: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
        case .audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
        case .absoluteSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
        case .transportSequenceNumber:
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
        case .transmissionOffset: "urn:ietf:params:rtp-hdrext:toffset"
        case .videoOrientation: "urn:3gpp:video-orientation"
        case .playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
        case .videoContentType: "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"
        case .videoTiming: "http://www.webrtc.org/experiments/rtp-hdrext/video-timing"
        case .colorSpace: "http://www.webrtc.org/experiments/rtp-hdrext/color-space"
        case .dependencyDescriptor:
            "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
        case .absoluteCaptureTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
        }
    }

    /// Whether the value speaks of one hop only, so that a relay rewrites or strips it.
    package var isHopByHop: Bool {
        switch self {
        case .mid, .rtpStreamID, .repairedRTPStreamID, .absoluteSendTime, .transportSequenceNumber,
            .transmissionOffset:
            true
        case .audioLevel, .videoOrientation, .playoutDelay, .videoContentType, .videoTiming, .colorSpace,
            .dependencyDescriptor, .absoluteCaptureTime:
            false
        }
    }
}
