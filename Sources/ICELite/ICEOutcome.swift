import Primitives

/// The two ends of a path: the peer's address as we see it, and the one of ours that it asked.
package struct ICEPair: Hashable, Sendable {
    package var remote: SocketAddress
    package var local: SocketAddress

    package init(remote: SocketAddress, local: SocketAddress) {
        self.remote = remote
        self.local = local
    }
}

/// Why a datagram got no answer and changed nothing.
package enum ICEDropReason: String, Hashable, Sendable, CaseIterable {
    case malformed
    case notABindingRequest
    case noFingerprint
    case badFingerprint
    case noUsername
    case unknownUsername
    case noIntegrity
    case badIntegrity
}

/// What one STUN datagram led to.
package enum ICEOutcome: Hashable, Sendable {
    /// No answer, no state.
    case drop(ICEDropReason)
    /// Authenticated, but refused with this STUN error code; the answer is in `response`.
    case refuse(errorCode: UInt16)
    /// A valid check: the success response is in `response`, and the pair is live from now if such checks choose
    /// the path.
    case respond(ICEPair, selectionChanged: Bool)
}
