/// A media stream and track as `a=msid` names them (RFC 8830).
package struct MediaStreamID: Hashable, Sendable {
    package var streamID: String
    /// Empty if the description gave none.
    package var trackID: String

    package init(streamID: String, trackID: String) {
        self.streamID = streamID
        self.trackID = trackID
    }
}

/// An SSRC that the other side announced, with its retransmission stream's (`a=ssrc-group:FID`).
package struct RemoteSSRC: Hashable, Sendable {
    package var ssrc: UInt32
    package var rtxSSRC: UInt32?

    package init(ssrc: UInt32, rtxSSRC: UInt32? = nil) {
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
    }
}

/// What this side sends in one media section.
package struct OutgoingStream: Hashable, Sendable {
    package var ssrc: UInt32
    /// Announced when retransmission is negotiated.
    package var rtxSSRC: UInt32?
    /// The stream of `a=msid`, a token: the same for audio and video that belong together.
    package var streamID: String
    /// The track of `a=msid`, a token.
    package var trackID: String

    package init(ssrc: UInt32, rtxSSRC: UInt32? = nil, streamID: String, trackID: String) {
        self.ssrc = ssrc
        self.rtxSSRC = rtxSSRC
        self.streamID = streamID
        self.trackID = trackID
    }
}

/// One media section as both sides agreed on it.
package struct NegotiatedMedia: Sendable {
    /// `a=mid`; empty if the offer gave none, which only a lone section may.
    package let mid: String
    /// The section's place in the description, from 0.
    package let index: Int
    package let kind: MediaKind
    package internal(set) var accepted = false
    /// Our direction.
    package internal(set) var direction: MediaDirection = .inactive
    /// In the order of the offer, which is the offerer's preference.
    package internal(set) var codecs: [NegotiatedCodec] = []
    package internal(set) var extensions: [NegotiatedExtension] = []
    /// Whether one-byte and two-byte header extensions may be mixed (RFC 8285 section 6).
    package internal(set) var allowsMixedExtensions = false
    /// Whether RTCP may be of reduced size (RFC 5506).
    package internal(set) var allowsReducedSizeRTCP = false
    package internal(set) var remoteSSRCs: [RemoteSSRC] = []
    package internal(set) var remoteStreamID: MediaStreamID?
    /// The most restrictive of the session's and the section's `a=recordpref`.
    package internal(set) var recordPreference: RecordPreference = .none
    /// What this side sends here, if it does.
    package internal(set) var outgoing: OutgoingStream?

    /// The feedback that any of the codecs uses.
    package var rtcpFeedback: FeedbackMechanisms { codecs.reduce(into: []) { $0.formUnion($1.feedback) } }

    /// The id of the header extension called `uri`, if it is in use.
    package func extensionID(_ uri: String) -> UInt8? { extensions.first { $0.uri == uri }?.id }

    /// The codec here that decodes what `source` codes; `nil` if there is none.
    ///
    /// The same name, and for H.264 the same profile at a sufficient level, else the same profile, else one
    /// that contains it.
    package func codec(decoding source: NegotiatedCodec) -> NegotiatedCodec? {
        let named = codecs.filter { $0.name == source.name }
        guard source.name == .h264, let wanted = source.profileLevelID else { return named.first }
        let candidates = named.compactMap { codec in codec.profileLevelID.map { (codec, $0) } }
        let same = candidates.filter { $0.1.isSameProfile(as: wanted) }
        let best =
            same.first { $0.1.levelTenths >= wanted.levelTenths } ?? same.first
            ?? candidates.first { $0.1.decodes(wanted) }
        return best?.0
    }
}
