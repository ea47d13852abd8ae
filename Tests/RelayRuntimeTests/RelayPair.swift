import DTLSHandshakes
import Disclosures
import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import RelayEngine
import RelayRuntime
import Rooms
import Testing

/// Two relays on loopback: the near one connects to the far one and pushes tracks to it.
final class RelayPair {
    let near: DataPlane
    let far: DataPlane
    let nearLog: EventLog
    let farLog: EventLog
    private let nearIdentity: DTLSIdentity
    private let farIdentity: DTLSIdentity
    private let permit: Permit
    private var random = SystemRandomNumberGenerator()
    private var nextNumber: UInt64 = 100

    private static let loopback = SocketAddress(ipv4: 0x7F00_0001, port: 0)
    private static let loopbackIPv6 = SocketAddress(ipv6High: 0, ipv6Low: 1, port: 0)
    /// Where the far relay is.
    private let destination: SocketAddress

    static var hasIPv6: Bool { (try? DataPlane(bind: loopbackIPv6, loopCount: 1) { _, _ in }) != nil }

    init(stall: LoopStall = LoopStall(), isIPv6: Bool = false) throws {
        let (nearLog, farLog) = (EventLog(), EventLog())
        near = try DataPlane(bind: Self.loopback, loopCount: 1) { _, events in
            nearLog.append(events)
            stall.happen()
        }
        let address = isIPv6 ? Self.loopbackIPv6 : Self.loopback
        far = try DataPlane(bind: address, loopCount: 1) { _, events in farLog.append(events) }
        destination = address.with(port: far.port)
        self.nearLog = nearLog
        self.farLog = farLog
        nearIdentity = try DTLSIdentity(validFrom: SystemClock.wall)
        farIdentity = try DTLSIdentity(validFrom: SystemClock.wall)
        permit = try Self.makePermit()
        near.start(identity: nearIdentity, controlSSRC: 1, cname: "near")
        far.start(identity: farIdentity, controlSSRC: 2, cname: "far")
    }

    func stop() async {
        await near.stop()
        await far.stop()
    }

    /// Connects the near relay to the far one, which is told of it as of any publisher.
    ///
    /// `role` is the near relay's in the handshake.
    func push(role: DTLSRole = .client) throws -> RelayPush {
        let number = nextNumber
        nextNumber += 1
        let push = RelayPush(number: number, port: try near.openOutboundSocket(on: 0))
        let ours = ICECredentials.generate(prefix: UfragOwner.prefix(loop: 0), using: &random)
        let theirs = ICECredentials.generate(prefix: UfragOwner.prefix(loop: 0), using: &random)
        let accepting = PeerTransportParameters(
            local: theirs,
            remoteUfrag: ours.ufrag,
            role: role == .client ? .server : .client,
            remoteFingerprints: [nearIdentity.fingerprint]
        )
        #expect(far.post([.addPeer(push.peer, accepting, .publisher(push.ingest))], to: 0))
        let connecting = PeerTransportParameters(
            local: ours,
            remoteUfrag: theirs.ufrag,
            role: role,
            remoteFingerprints: [farIdentity.fingerprint],
            outbound: OutboundChecks(
                remote: theirs,
                candidates: [destination],
                tieBreaker: random.next(),
                port: push.port
            )
        )
        let opening = push.gate.open(
            permit,
            from: push.source.head,
            leaseEnd: SystemClock.monotonic.advanced(byMilliseconds: 120_000)
        )
        let admission = LineAdmission(
            gate: push.gate,
            opening: opening,
            account: AccountID(room: 1, number: number)
        )
        let commands: [EngineCommand] = [
            .addTrack(push.source),
            .addPeer(push.peer, connecting, .viewer([push.line])),
            .subscribe(push.peer, mediaIndex: 0, push.source.track, push.gate, push.line.payloadTypes),
            .admit(push.peer, mediaIndex: 0, admission),
        ]
        #expect(near.post(commands, to: 0))
        return push
    }

    private static func makePermit() throws -> Permit {
        let epoch = WallClockTime(nanosecondsSince1970: 1_760_000_000_000_000_000)
        let alice = try #require(ParticipantID("alice"))
        let statement = ConsentStatement(
            participant: alice,
            purpose: .liveRoom,
            state: .given,
            media: [.audio],
            source: .page,
            givenAt: epoch
        )
        let consent = RoomConsent(folding: [ConsentEvent(sequence: 1, time: epoch, statement: statement)])
        let request = DisclosureRequest(
            participant: alice,
            media: .audio,
            audience: .roomViewers,
            stream: "microphone"
        )
        let reading = ClockReading(wall: epoch, monotonic: SystemClock.monotonic)
        guard case .permit(let permit) = decide(request, consent, now: reading) else { throw Denied() }
        return permit
    }

    private struct Denied: Error {}
}

/// Asks again and again whether something has come true, for ten seconds at least.
///
/// It counts its questions: a machine that is busy with other tests asks them more slowly.
func eventually(_ claim: () -> Bool) async throws -> Bool {
    for _ in 0..<2_000 {
        if claim() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return claim()
}
