import DTLSHandshakes
import ICELite
import Primitives
import SRTPProtection

/// What a peer's offer and our answer settled about the transport.
package struct PeerTransportParameters: Sendable {
    package var local: ICECredentials
    package var remoteUfrag: String
    package var role: DTLSRole
    package var remoteFingerprints: [CertificateFingerprint]
    /// Whether libssl's state (about 48 KB) is kept, so that the peer's good-bye is heard.
    package var hearsGoodbye: Bool
    /// For a server that we connect to; `nil` for a peer that connects to us.
    package var outbound: OutboundChecks?

    package init(
        local: ICECredentials,
        remoteUfrag: String,
        role: DTLSRole,
        remoteFingerprints: [CertificateFingerprint],
        hearsGoodbye: Bool = false,
        outbound: OutboundChecks? = nil
    ) {
        self.local = local
        self.remoteUfrag = remoteUfrag
        self.role = role
        self.remoteFingerprints = remoteFingerprints
        self.hearsGoodbye = hearsGoodbye
        self.outbound = outbound
    }
}

/// Why a transport ended.
package enum TransportEnd: Sendable, Equatable {
    /// The peer said good-bye (DTLS close_notify).
    case closedByPeer
    /// No check nominated a path, or none was valid for 30 s; of an outbound peer also that its socket is gone.
    case pathLost
    case handshakeFailed(DTLSFailure)
    /// The engine had no room for the peer.
    case refused
}

/// One peer: ICE, then DTLS, then SRTP, over whatever path was checked.
///
/// No byte of DTLS or SRTP is processed from, or sent to, an address that has not passed an authenticated
/// check for this peer: one of the peer's, or, where we connect to it, a valid answer to one of ours.
package struct PeerTransport: ~Copyable {
    /// libssl's state is kept this long after the handshake, should our last flight have been lost.
    package static let releaseMilliseconds: Int64 = 5_000

    var ice: ICELiteAgent
    /// The checks that we send; `nil` toward a peer that connects to us.
    var checks: ICECheckingClient?
    /// The local port of a socket that is this peer's own.
    package let outboundPort: UInt16?
    private let handshake: DTLSHandshake
    package let role: DTLSRole
    package var inbound: InboundProtection?
    private let createdAt: MonotonicTime
    private var establishedAt: MonotonicTime?
    private let hearsGoodbye: Bool
    /// The library's state was freed: nothing of the handshake can happen any more, and nobody needs to ask.
    private var isSettled = false
    /// The path on which handshake datagrams go until one is nominated; unused where we choose the path.
    private var handshakePath: ICEPair?

    package init(_ parameters: PeerTransportParameters, identity: DTLSIdentity, now: MonotonicTime) {
        ice = ICELiteAgent(
            local: parameters.local,
            remoteUfrag: parameters.outbound?.remote.ufrag ?? parameters.remoteUfrag,
            isControlling: parameters.outbound != nil
        )
        checks = parameters.outbound.map {
            ICECheckingClient(
                localUfrag: parameters.local.ufrag,
                remote: $0.remote,
                candidates: $0.candidates,
                tieBreaker: $0.tieBreaker,
                now: now
            )
        }
        outboundPort = parameters.outbound?.port
        handshake = DTLSHandshake(
            role: parameters.role,
            identity: identity,
            remoteFingerprints: parameters.remoteFingerprints
        )
        role = parameters.role
        hearsGoodbye = parameters.hearsGoodbye
        createdAt = now
    }

    package var isEstablished: Bool { establishedAt != nil }

    /// The path that the peer has chosen, or that was chosen for it.
    package var selectedPath: ICEPair? { ice.selected }

    /// Whether media may be sent now: a path is selected and has passed a valid check within the last 30 s.
    package func isLive(now: MonotonicTime) -> Bool { ice.isLive(now: now) }

    /// Whether the path has passed an authenticated check that is still good.
    package func isValidated(_ path: ICEPair, now: MonotonicTime) -> Bool {
        ice.isValidated(remote: path.remote, local: path.local, now: now)
    }

    /// Announces the credentials of an ICE restart; the old path serves until the new one is nominated.
    ///
    /// A server that we connect to cannot ask for one: it is connected to anew.
    package mutating func restart(local: ICECredentials, remoteUfrag: String) {
        guard checks == nil else { return }
        ice.restart(local: local, remoteUfrag: remoteUfrag)
    }

    /// Takes a STUN datagram; `response` is what to send back, empty for a drop.
    package mutating func receiveSTUN(
        _ datagram: RawSpan,
        on path: ICEPair,
        now: MonotonicTime,
        response: inout [UInt8]
    ) -> ICEOutcome {
        let outcome = ice.receive(
            datagram,
            from: path.remote,
            to: path.local,
            now: now,
            response: &response
        )
        if checks == nil, case .respond(_, let selectionChanged) = outcome {
            // The path that the peer has chosen is the one on which it surely listens.
            if handshakePath == nil || selectionChanged { handshakePath = path }
            startHandshake(now: now)
        }
        return outcome
    }

    /// As client (the peer is passive) we speak first, once a path is known.
    mutating func startHandshake(now: MonotonicTime) {
        if role == .client { handshake.start(now: now) }
    }

    /// Takes a DTLS datagram; `false` if the path has passed no check.
    package mutating func receiveDTLS(_ datagram: RawSpan, on path: ICEPair, now: MonotonicTime) -> Bool {
        guard isValidated(path, now: now) else { return false }
        if checks == nil { handshakePath = path }
        handshake.receive(datagram, now: now)
        return true
    }

    /// The next handshake datagram and the path it takes; `nil` when there is none, or no live path.
    package mutating func nextOutgoing(now: MonotonicTime) -> (datagram: [UInt8], path: ICEPair)? {
        guard !isSettled, let path = handshakePath ?? ice.selected,
            isValidated(path, now: now),
            let datagram = handshake.nextOutgoingDatagram()
        else { return nil }
        return (datagram, path)
    }

    /// The keys, once, when the handshake has just been completed: inbound stays here, outbound is the caller's.
    package mutating func takeOutbound(now: MonotonicTime, inboundSources: Int) -> OutboundProtection? {
        guard establishedAt == nil, case .established(let material) = handshake.status,
            let profile = SRTPProfile(rawValue: material.profile.rawValue)
        else { return nil }
        guard
            let inbound = try? InboundProtection(
                profile: profile,
                masterKey: material.remoteKey.span.bytes,
                masterSalt: material.remoteSalt.span.bytes,
                maximumSources: inboundSources
            ),
            let outbound = try? OutboundProtection(
                profile: profile,
                masterKey: material.localKey.span.bytes,
                masterSalt: material.localSalt.span.bytes
            )
        else { return nil }
        establishedAt = now
        self.inbound = consume inbound
        return outbound
    }

    /// Timers: retransmission, release of the library's state.
    ///
    /// Answers why the transport is over, if it is.
    package mutating func tick(now: MonotonicTime) -> TransportEnd? {
        if !isSettled, let end = tickHandshake(now: now) { return end }
        if ice.selected == nil || !ice.isLive(now: now) {
            let reference =
                ice.livenessDeadline
                ?? createdAt.advanced(
                    byMilliseconds: ICELiteAgent.livenessMilliseconds
                )
            if now >= reference { return .pathLost }
        }
        return nil
    }

    private mutating func tickHandshake(now: MonotonicTime) -> TransportEnd? {
        if let due = handshake.nextTimeout, due <= now { handshake.handleTimeout(now: now) }
        switch handshake.status {
        case .failed(let failure): return .handshakeFailed(failure)
        case .closed: return .closedByPeer
        case .handshaking:
            // Checks alone do not keep a seat: whoever has no keys by now is not going to have any.
            if now.milliseconds(since: createdAt) >= DTLSHandshake.handshakeMilliseconds {
                // With a server that never answered a check there was no handshake that could fail.
                return checks != nil && ice.selected == nil ? .pathLost : .handshakeFailed(.timedOut)
            }
        case .established:
            break
        }
        if let establishedAt, !hearsGoodbye,
            now.milliseconds(since: establishedAt) >= Self.releaseMilliseconds
        {
            isSettled = true
            handshake.releaseHandshakeState()
        }
        return nil
    }

    /// Says good-bye (close_notify), as long as libssl's state is there.
    package mutating func close() {
        handshake.close()
    }
}
