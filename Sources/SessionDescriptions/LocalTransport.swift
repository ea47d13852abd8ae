import Primitives

/// This side's part of the transport that a description carries: ICE, certificate, candidates, identity.
package struct LocalTransport: Sendable {
    /// 4 to 256 ICE characters.
    package var iceUfrag: String
    /// 22 to 256 ICE characters.
    package var icePassword: String
    /// The certificate's SHA-256, 32 bytes.
    package var fingerprintSHA256: [UInt8]
    /// UDP host candidates, written IPv4 first whatever their order here: ffmpeg uses the first one only.
    package var candidates: [ICECandidate]
    package var isLite: Bool
    /// The CNAME of every stream sent, RFC 7022.
    package var cname: String
    /// The `o=` line's session id; the high bit is left out, since readers take a signed number.
    package var originID: UInt64
    package var originVersion: UInt64

    package init(
        iceUfrag: String,
        icePassword: String,
        fingerprintSHA256: [UInt8],
        candidates: [ICECandidate],
        isLite: Bool = true,
        cname: String,
        originID: UInt64,
        originVersion: UInt64 = 1
    ) {
        self.iceUfrag = iceUfrag
        self.icePassword = icePassword
        self.fingerprintSHA256 = fingerprintSHA256
        self.candidates = candidates
        self.isLite = isLite
        self.cname = cname
        self.originID = originID
        self.originVersion = originVersion
    }

    var origin: SessionDescription.Origin {
        SessionDescription.Origin(sessionID: String(originID & .max >> 1), version: String(originVersion))
    }

    var fingerprint: CertificateFingerprint {
        guard let fingerprint = CertificateFingerprint(.sha256, fingerprintSHA256) else {
            preconditionFailure("a SHA-256 fingerprint has 32 bytes")
        }
        return fingerprint
    }

    /// IPv4 before IPv6, otherwise as given.
    var orderedCandidates: [ICECandidate] {
        candidates.filter { !$0.address.isIPv6 } + candidates.filter(\.address.isIPv6)
    }
}

/// Which side of the DTLS handshake this end plays.
package enum DTLSRole: Sendable {
    case client
    case server
}
