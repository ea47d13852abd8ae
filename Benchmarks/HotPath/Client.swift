import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import RTPPackets
import SRTPProtection

/// The far end of one session: checks, handshake and keys, as a browser has them.
final class Client {
    let id: PeerID
    let address: SocketAddress
    private let own: ICECredentials
    private let relay: ICECredentials
    private let identity: DTLSIdentity
    private var ice: ICECheckingClient
    private let handshake: DTLSHandshake
    private var inbound: InboundProtection?
    private(set) var outbound: OutboundProtection?
    /// Whether datagrams of media are decrypted, and what came of it.
    var isListening = false
    private(set) var decrypted = 0
    private(set) var undecryptable = 0

    init(
        _ number: UInt64,
        of relayAddress: SocketAddress,
        prefix: String,
        identity: DTLSIdentity,
        relayFingerprint: CertificateFingerprint,
        random: inout SeededRandom,
        now: MonotonicTime
    ) {
        id = PeerID(number)
        address = SocketAddress(ipv4: 0x0A00_0000 + UInt32(number), port: 50_000)
        own = ICECredentials.generate(using: &random)
        relay = ICECredentials.generate(prefix: prefix, using: &random)
        self.identity = identity
        ice = ICECheckingClient(
            localUfrag: own.ufrag,
            remote: relay,
            candidates: [relayAddress],
            tieBreaker: random.next(),
            now: now
        )
        handshake = DTLSHandshake(role: .client, identity: identity, remoteFingerprints: [relayFingerprint])
    }

    /// What offer and answer settled about the transport.
    var transport: PeerTransportParameters {
        PeerTransportParameters(
            local: relay,
            remoteUfrag: own.ufrag,
            role: .server,
            remoteFingerprints: [identity.fingerprint]
        )
    }

    var isEstablished: Bool { outbound != nil }

    /// What it has to send now.
    func outgoing(now: MonotonicTime, random: inout SeededRandom) -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        while let check = ice.poll(now: now, random: &random) { datagrams.append(check.bytes) }
        if ice.selected != nil { handshake.start(now: now) }
        while let datagram = handshake.nextOutgoingDatagram() { datagrams.append(datagram) }
        return datagrams
    }

    func receive(_ datagram: [UInt8], from relayAddress: SocketAddress, now: MonotonicTime) throws {
        switch DatagramKind(datagram.span.bytes) {
        case .stun:
            _ = ice.receive(datagram.span.bytes, from: relayAddress, now: now)
        case .dtls:
            handshake.receive(datagram.span.bytes, now: now)
            try takeKeys()
        case .rtp where isListening:
            var packet = datagram
            let result = packet.withUnsafeMutableBytes { inbound?.unprotectRTP($0) }
            if case .plaintext = result { decrypted += 1 } else { undecryptable += 1 }
        case .rtp, .rtcp, .unknown:
            break
        }
    }

    private func takeKeys() throws {
        guard outbound == nil, case .established(let material) = handshake.status,
            let profile = SRTPProfile(rawValue: material.profile.rawValue)
        else { return }
        inbound = try InboundProtection(
            profile: profile,
            masterKey: material.remoteKey.span.bytes,
            masterSalt: material.remoteSalt.span.bytes
        )
        outbound = try OutboundProtection(
            profile: profile,
            masterKey: material.localKey.span.bytes,
            masterSalt: material.localSalt.span.bytes
        )
    }
}
