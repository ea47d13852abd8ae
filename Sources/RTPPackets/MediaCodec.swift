/// What a track carries.
package enum MediaKind: UInt8, Sendable {
    case audio
    case video
}

/// A codec that is forwarded.
package enum MediaCodec: UInt8, Sendable, CaseIterable {
    case vp8
    case vp9
    case h264
    case av1
    case opus

    /// Audio or video.
    package var kind: MediaKind { self == .opus ? .audio : .video }

    /// RTP clock rate in ticks per second.
    package var clockRate: UInt32 { self == .opus ? 48_000 : 90_000 }

    /// The encoding name as `a=rtpmap` writes it; compared without regard to case.
    package var encodingName: String {
        switch self {
        case .vp8: "VP8"
        case .vp9: "VP9"
        case .h264: "H264"
        case .av1: "AV1"
        case .opus: "opus"
        }
    }
}
