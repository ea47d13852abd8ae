/// Why a handshake ended without keys, or why no identity could be made.
package enum DTLSFailure: Error, Hashable, Sendable {
    /// The peer's certificate is not the one its SDP announced (RFC 8122 6.2).
    case fingerprintMismatch
    /// The peer ended the handshake with this alert (RFC 5246 7.2).
    case alert(UInt8)
    /// The handshake ended without a protection profile that we speak.
    case noSRTPProfile
    /// What libssl objected to.
    case protocolError(String)
    /// The peer sent more bytes or datagrams than a handshake can need.
    case tooMuchHandshakeData
    /// The peer fell silent.
    case timedOut
}
