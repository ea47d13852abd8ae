/// All that an exchange of offer and answer settled, for the transport and the rooms.
package struct NegotiatedSession: Sendable {
    package let remoteUfrag: String
    package let remotePassword: String
    /// At least one; the peer's certificate must match one of them.
    package let remoteFingerprints: [CertificateFingerprint]
    /// `.client` when the other side is passive, as ffmpeg 8 is.
    package let localRole: DTLSRole
    /// Numeric UDP candidates of the transport in use; possibly none.
    package let remoteCandidates: [ICECandidate]
    package let isRemoteLite: Bool
    /// One for each section, in order, those declined included.
    package internal(set) var media: [NegotiatedMedia]
    /// The most restrictive `a=recordpref` of the session and of any section.
    package let recordPreference: RecordPreference
    /// Whether the offer says, under any id and in any section, that its packets carry a consent state
    /// (`HeaderExtensionURI.consentState`): media that then carries none is refused.
    package let announcesConsentState: Bool
    /// The mids that share the transport, in the order of the offer's BUNDLE group; empty without one.
    package let bundledMids: [String]

    /// The sections that carry media.
    package var acceptedMedia: [NegotiatedMedia] { media.filter(\.accepted) }
}
