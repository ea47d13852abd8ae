import DTLSHandshakes
import Disclosures
import ICELite
import Primitives
import RTPPackets
import SRTPProtection

/// The far end of one session: ICE, DTLS and SRTP as a real client does them, in virtual time.
class SimulatedClient {
    /// How often a client looks at its timers and makes media.
    static let tickMilliseconds: Int64 = 10

    unowned let simulation: Simulation
    let id: PeerID
    let address: SocketAddress
    /// The loop that owns the session.
    let loop: Int
    let local: ICECredentials
    let remote: ICECredentials
    var ice: ICECheckingClient
    let handshake: DTLSHandshake
    var inbound: InboundProtection?
    var outbound: OutboundProtection?
    private(set) var establishedAt: MonotonicTime?
    /// Neither sends nor hears anything any more.
    var isDead = false
    /// What its packets carry; `nil` is nothing.
    var carried: CarriedConsent?
    var sendsChecks = true
    var startsHandshake = true
    /// The last datagrams it sent that were no STUN, as somebody on the way could have kept them.
    private(set) var overheard: [[UInt8]] = []
    /// Datagrams that reached it.
    private(set) var received = 0

    init(
        _ simulation: Simulation,
        id: PeerID,
        address: SocketAddress,
        loop: Int,
        local: ICECredentials,
        remote: ICECredentials,
        role: DTLSRole,
        identity: DTLSIdentity
    ) {
        self.simulation = simulation
        self.id = id
        self.address = address
        self.loop = loop
        self.local = local
        self.remote = remote
        ice = ICECheckingClient(
            localUfrag: local.ufrag,
            remote: remote,
            candidates: [Simulation.relayAddress],
            tieBreaker: id.rawValue,
            now: simulation.now
        )
        handshake = DTLSHandshake(
            role: role,
            identity: identity,
            remoteFingerprints: [simulation.identities.relay.fingerprint]
        )
    }

    var isEstablished: Bool { establishedAt != nil }

    /// The client's clock strikes.
    func tick() {
        guard !isDead else { return }
        let now = simulation.now
        if sendsChecks {
            while let check = ice.poll(now: now, random: &simulation.random) { send(check.bytes) }
        }
        if startsHandshake, hasPath { handshake.start(now: now) }
        if let due = handshake.nextTimeout, due <= now { handshake.handleTimeout(now: now) }
        flushHandshake()
        if isEstablished { makeMedia() }
    }

    /// Whether the relay is where a handshake can begin.
    var hasPath: Bool { ice.selected != nil }

    /// Every tick after the handshake.
    func makeMedia() {}

    func receivedSTUN(_ datagram: [UInt8]) {
        _ = ice.receive(datagram.span.bytes, from: Simulation.relayAddress, now: simulation.now)
    }

    /// Puts a datagram on the network.
    func transmit(_ datagram: [UInt8]) { simulation.sendToRelay(datagram, from: address) }

    func receivedRTP(_ packet: [UInt8]) {}

    func receivedRTCP(_ packet: [UInt8]) {}

    /// When the keys are known.
    func established(_ material: SRTPKeyingMaterial) {}

    func receive(_ datagram: [UInt8]) {
        guard !isDead else { return }
        received += 1
        var bytes = datagram
        let kind = bytes.withUnsafeBytes {
            DatagramClass($0.bytes.byte(at: 0) ?? 0, $0.bytes.byte(at: 1) ?? 0)
        }
        switch kind {
        case .stun:
            receivedSTUN(datagram)
        case .dtls:
            handshake.receive(datagram.span.bytes, now: simulation.now)
            flushHandshake()
        case .rtp:
            guard isEstablished else { return }
            let result = bytes.withUnsafeMutableBytes { inbound?.unprotectRTP($0) }
            if case .plaintext(let length, _) = result { receivedRTP(Array(bytes[..<length])) }
        case .rtcp:
            guard isEstablished else { return }
            let result = bytes.withUnsafeMutableBytes { inbound?.unprotectRTCP($0) }
            if case .plaintext(let length) = result { receivedRTCP(Array(bytes[..<length])) }
        case .unknown:
            simulation.violate("\(address) was sent bytes of no protocol")
        }
    }

    private func flushHandshake() {
        while let datagram = handshake.nextOutgoingDatagram() { send(datagram) }
        guard !isEstablished, case .established(let material) = handshake.status,
            let profile = SRTPProfile(rawValue: material.profile.rawValue)
        else { return }
        inbound = try? InboundProtection(
            profile: profile,
            masterKey: material.remoteKey.span.bytes,
            masterSalt: material.remoteSalt.span.bytes
        )
        outbound = try? OutboundProtection(
            profile: profile,
            masterKey: material.localKey.span.bytes,
            masterSalt: material.localSalt.span.bytes
        )
        establishedAt = simulation.now
        established(material)
    }

    func send(_ datagram: [UInt8]) {
        guard !isDead else { return }
        if datagram[0] > 3 {
            if overheard.count >= 64 { overheard.removeFirst() }
            overheard.append(datagram)
        }
        transmit(datagram)
    }

    func sendControl(_ writer: RTCPWriter) {
        guard !writer.isEmpty, outbound != nil else { return }
        var output = [UInt8](repeating: 0, count: writer.byteCount + 32)
        let length = output.withUnsafeMutableBytes { output in
            writer.bytes.withUnsafeBytes { outbound?.protectRTCP($0, into: output) ?? 0 }
        }
        send(Array(output[..<length]))
    }

    /// Under which its packets carry a consent state.
    static let consentExtension: UInt8 = 6

    /// Protects one RTP packet: the same arguments and what it carries give the same bytes.
    func protect(
        payload: [UInt8],
        marker: Bool,
        payloadType: UInt8,
        sequence: UInt64,
        timestamp: UInt32,
        ssrc: UInt32,
        paddingByteCount: UInt8 = 0
    ) -> [UInt8] {
        var plain = payload
        if paddingByteCount > 0 {
            plain += [UInt8](repeating: 0, count: Int(paddingByteCount) - 1) + [paddingByteCount]
        }
        var output = [UInt8](repeating: 0, count: 20 + plain.count + 32)
        let length = output.withUnsafeMutableBytes { output in
            var writer = RTPHeaderWriter(into: output)
            writer.writeFixed(
                marker: marker,
                payloadType: payloadType,
                sequenceNumber: UInt16(truncatingIfNeeded: sequence),
                timestamp: timestamp,
                ssrc: ssrc,
                hasPadding: paddingByteCount > 0
            )
            if let carried {
                _ = writer.appendExtension(
                    id: Self.consentExtension,
                    value: UInt32(carried.rawValue),
                    byteCount: 1
                )
            }
            let headerLength = writer.finish()
            return plain.withUnsafeBytes { payload in
                outbound?.protectRTP(
                    headerLength: headerLength,
                    payload: payload,
                    output: output,
                    extendedSequence: sequence,
                    ssrc: ssrc
                ) ?? 0
            }
        }
        return Array(output[..<length])
    }
}

/// RFC 7983 7 once more, from the client's side.
enum DatagramClass {
    case stun
    case dtls
    case rtp
    case rtcp
    case unknown

    init(_ first: UInt8, _ second: UInt8) {
        switch first {
        case 0...3: self = .stun
        case 20...63: self = .dtls
        case 128...191: self = (192...223).contains(second) ? .rtcp : .rtp
        default: self = .unknown
        }
    }
}
