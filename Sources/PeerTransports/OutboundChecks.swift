import ICELite
import Primitives

/// How the relay connects to a server: whom its checks ask, and the socket that is this peer's alone.
package struct OutboundChecks: Sendable {
    /// What the server's answer carries: checks name its fragment and prove its password.
    package var remote: ICECredentials
    /// The server's addresses, most preferred first; no more than `ICECheckingClient.maximumCandidates` are tried.
    package var candidates: [SocketAddress]
    /// Random (RFC 8445 7.1.3).
    package var tieBreaker: UInt64
    /// The local UDP port of the peer's own socket: the server tells several peers of ours apart by it alone.
    package var port: UInt16

    package init(
        remote: ICECredentials,
        candidates: [SocketAddress],
        tieBreaker: UInt64,
        port: UInt16
    ) {
        self.remote = remote
        self.candidates = candidates
        self.tieBreaker = tieBreaker
        self.port = port
    }
}
