/// The codecs that the relay forwards.
package enum CodecName: String, CaseIterable, Hashable, Sendable {
    case vp8 = "VP8"
    case vp9 = "VP9"
    case h264 = "H264"
    case av1 = "AV1"
    case opus = "opus"

    /// The kind of media it codes.
    package var kind: MediaKind { self == .opus ? .audio : .video }

    /// By the encoding name of `a=rtpmap`, in any case (RFC 8866 section 6.6).
    init?(encodingName: some StringProtocol) {
        let lowercase = encodingName.lowercased()
        guard let match = Self.allCases.first(where: { $0.rawValue.lowercased() == lowercase }) else {
            return nil
        }
        self = match
    }

    /// The only clock rate each is registered with.
    var clockRate: UInt32 { self == .opus ? 48_000 : 90_000 }
}

/// What a media section carries; everything but audio and video is `application`.
package enum MediaKind: String, Sendable {
    case audio
    case video
    case application

    init(media: String) {
        self = media == "audio" ? .audio : media == "video" ? .video : .application
    }
}

/// The direction of media, seen from whoever says it.
package enum MediaDirection: String, CaseIterable, Sendable {
    case sendrecv
    case sendonly
    case recvonly
    case inactive

    package var sends: Bool { self == .sendrecv || self == .sendonly }
    package var receives: Bool { self == .sendrecv || self == .recvonly }

    /// The same, seen from the other side.
    package var reversed: MediaDirection {
        switch self {
        case .sendonly: .recvonly
        case .recvonly: .sendonly
        default: self
        }
    }
}
