import DTLSHandshakes
import ICELite
import Primitives
import SessionDescriptions

/// What an offer of ours and its answer settled about a peer's transport.
package struct PeerParameters: Sendable {
    package var local: ICECredentials
    package var remote: ICECredentials
    /// The server's addresses, most preferred first.
    package var candidates: [SocketAddress]
    package var role: DTLSHandshakes.DTLSRole
    package var remoteFingerprints: [DTLSHandshakes.CertificateFingerprint]
    package var identity: DTLSIdentity

    /// From what `session` settled for an offer with `local`.
    package init(_ session: NegotiatedSession, local: ICECredentials, identity: DTLSIdentity) {
        self.local = local
        self.identity = identity
        remote = ICECredentials(ufrag: session.remoteUfrag, password: session.remotePassword)
        // An answer with several candidates puts its best first, but nothing obliges it to.
        candidates = session.remoteCandidates.sorted { $0.priority > $1.priority }.map { $0.address }
        role = session.localRole == .server ? .server : .client
        remoteFingerprints = session.remoteFingerprints.compactMap { fingerprint in
            FingerprintAlgorithm(rawValue: fingerprint.algorithm.rawValue).flatMap {
                DTLSHandshakes.CertificateFingerprint(algorithm: $0, bytes: fingerprint.bytes)
            }
        }
    }
}
