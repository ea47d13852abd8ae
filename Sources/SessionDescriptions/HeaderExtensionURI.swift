/// The RTP header extensions that the relay reads, writes or passes on, by their names in `a=extmap`.
package enum HeaderExtensionURI {
    package static let mid = "urn:ietf:params:rtp-hdrext:sdes:mid"
    package static let audioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
    package static let absoluteSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
    package static let transportWideCC =
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    package static let videoOrientation = "urn:3gpp:video-orientation"
    package static let playoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
    package static let dependencyDescriptor =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

    /// What the participant permits the receiving server to do, one byte (`CarriedConsent`): ours.
    ///
    /// A name that nobody else can have without a domain that we would have to keep (RFC 9562); the last field
    /// counts the versions of the byte.
    package static let consentState = "urn:uuid:5d2f3c9a-6b0e-4c4d-9a57-7e1c05e20001"

    /// What any client and the relay may agree on; the consent state is between relays.
    package static let all = [
        mid, audioLevel, absoluteSendTime, transportWideCC, videoOrientation, playoutDelay,
        dependencyDescriptor,
    ]
}

/// A header extension that both sides know, under the id the offer gave it.
package struct NegotiatedExtension: Hashable, Sendable {
    /// The ids that a one-byte header can carry (RFC 8285 section 4.2); others are declined.
    package static let usableIDs: ClosedRange<UInt8> = 1...14

    package let id: UInt8
    package let uri: String
    /// Our direction, when the offer gave it one of its own.
    let direction: MediaDirection

    var attribute: SDPAttribute {
        SDPAttribute("extmap", direction == .sendrecv ? "\(id) \(uri)" : "\(id)/\(direction.rawValue) \(uri)")
    }
}
