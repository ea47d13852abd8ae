import DTLSHandshakes
import Disclosures
import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import SRTPProtection

/// One media loop's engine with a broadcaster and the viewers of one audience, without sockets and clocks.
///
/// They have joined as real ones do: checks, handshake, subscription, and a permit that `decide` has given.
struct Stage: ~Copyable {
    private static let relay = SocketAddress(ipv4: 0xC000_0201, port: 7_000)
    private static let noon = WallClockTime(nanosecondsSince1970: 1_760_000_000_000_000_000)
    /// As the control plane does it.
    private static let leaseMilliseconds: Int64 = 2_000
    private static let renewalMilliseconds: Int64 = 500
    /// So many frames of each kind are let through before anything is measured: buffers have grown, and receivers
    /// have learned the sources.
    private static let warmUpFrames = 120

    let viewerCount: Int
    private var engine: RelayEngine
    private var slab: SendSlab
    private var stock: DatagramStock
    private var broadcast: Broadcast
    private let broadcaster: Client
    private let clients: [Client]
    private let byAddress: [SocketAddress: Client]
    private let gates: [(gate: DisclosureGate, ring: MediaRing)]
    private let permit: Permit
    private var random: SeededRandom
    private(set) var now: MonotonicTime
    private var nextRenewal = MonotonicTime.distantPast
    private var wakes: UInt64 = 0
    private var leaseDropped = 0

    /// A stage on which everybody is there and media has begun.
    static func set(_ profile: DTLSSRTPProfile, viewers: Int) throws -> Stage {
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        var stage = Stage(
            relay: try DTLSIdentity(validFrom: noon),
            clients: try DTLSIdentity(validFrom: noon, srtpProfiles: [profile]),
            viewers: viewers,
            permit: try makePermit(start),
            start: start
        )
        try stage.join()
        try stage.warmUp()
        return stage
    }

    private init(
        relay identity: DTLSIdentity,
        clients theirs: DTLSIdentity,
        viewers: Int,
        permit: Permit,
        start: MonotonicTime
    ) {
        var random = SeededRandom(seed: 1)
        var clients: [Client] = []
        for number in 0...viewers {
            clients.append(
                Client(
                    UInt64(number) + 1,
                    of: Self.relay,
                    prefix: UfragOwner.prefix(loop: 0),
                    identity: theirs,
                    relayFingerprint: identity.fingerprint,
                    random: &random,
                    now: start
                )
            )
        }
        let broadcast = Broadcast(random: &random)
        viewerCount = viewers
        self.permit = permit
        self.clients = clients
        broadcaster = clients[0]
        byAddress = Dictionary(uniqueKeysWithValues: clients.map { ($0.address, $0) })
        self.broadcast = broadcast
        gates = [broadcast.audio, broadcast.video].map {
            (DisclosureGate(track: $0.track, audience: AudienceID(1)), $0)
        }
        self.random = random
        now = start
        slab = SendSlab()
        stock = DatagramStock()
        engine = RelayEngine(
            loop: 0,
            identity: identity,
            controlSSRC: 0x00C0_FFEE,
            cname: "relay",
            random: SeededRandom(seed: 2)
        )
    }

    // MARK: What is measured

    /// Makes what one stretch handles ready.
    mutating func prepare(_ shape: Shape) throws {
        try keepUp()
        for _ in 0..<shape.framesPerStretch { writeFrame(shape.kind) }
        if !shape.isIngest { ingest() }
    }

    /// The relay takes every datagram of the stock.
    mutating func ingest() {
        let path = ICEPair(remote: broadcaster.address, local: Self.relay)
        for index in 0..<stock.count {
            _ = engine.receive(stock.datagram(index), on: path, now: stock.time(index), into: &slab)
        }
        wakes |= engine.takeWakes()
    }

    /// The relay forwards what is in its rings, slab by slab; answers the datagrams.
    mutating func forward() -> Int {
        var count = 0
        while true {
            let isDone = engine.forward(now: now, sweep: false, into: &slab)
            count += send()
            if isDone { return count }
        }
    }

    /// The relay's timers, as each turn of a media loop asks for them; then what they told and wrote is let go.
    mutating func tick(afterMilliseconds milliseconds: Int64) {
        now = now.advanced(byMilliseconds: milliseconds)
        _ = engine.tick(reading, into: &slab)
        _ = send()
        _ = engine.takeEvents(after: slab)
    }

    /// What came of the stretch, and what is left over for the next.
    ///
    /// Throws if the relay did not handle every packet.
    mutating func finish(_ shape: Shape, forwarded: Int) throws {
        let expected = Broadcast.packets(of: shape.kind) * shape.framesPerStretch * viewerCount
        let count = shape.isIngest ? forward() : forwarded
        guard count == expected, leaseDropped == 0 else {
            throw StageFailure("\(count) of \(expected) packets were forwarded, \(leaseDropped) too late")
        }
        stock.clear()
    }

    /// What the send loop does with a slab beside the system call; answers the datagrams.
    private mutating func send() -> Int {
        slab.finish()
        var count = 0
        for index in 0..<slab.messageCount {
            let message = slab.message(index)
            guard now < message.notAfter else {
                leaseDropped += message.segmentCount
                continue
            }
            engine.forwarder.accounts.count(
                message.account,
                packets: message.segmentCount,
                bytes: message.payloadLength
            )
            if message.account >= 0 { count += message.segmentCount }
        }
        slab.clear()
        return count
    }

    // MARK: What goes on beside it

    private var reading: ClockReading {
        ClockReading(wall: Self.noon.advanced(byNanoseconds: now.nanoseconds), monotonic: now)
    }

    private mutating func writeFrame(_ kind: MediaKind) {
        now = now.advanced(byNanoseconds: Broadcast.interval(of: kind))
        broadcast.write(kind, from: broadcaster, at: now, into: &stock)
    }

    /// Timers, checks and leases that are due.
    private mutating func keepUp() throws {
        if engine.tick(reading, into: &slab) { try handOut() }
        _ = engine.takeEvents(after: slab)
        guard now >= nextRenewal else { return }
        nextRenewal = now.advanced(byMilliseconds: Self.renewalMilliseconds)
        try converse()
        let end = now.advanced(byMilliseconds: Self.leaseMilliseconds)
        for (gate, ring) in gates where gate.renew(permit, from: ring.head, leaseEnd: end, now: now) {
            throw StageFailure("the lease has lapsed")
        }
    }

    /// Delivers what the clients send and what the relay answers, until all are silent.
    private mutating func converse() throws {
        var isSilent = false
        while !isSilent {
            isSilent = true
            for client in clients {
                for var datagram in client.outgoing(now: now, random: &random) {
                    isSilent = false
                    let path = ICEPair(remote: client.address, local: Self.relay)
                    // Each comes in a turn of its own, so that no handshake waits.
                    engine.beginTurn()
                    datagram.withUnsafeMutableBytes {
                        _ = engine.receive($0, on: path, now: now, into: &slab)
                    }
                    try handOut()
                }
            }
        }
    }

    /// Gives the clients what is in the slab, one datagram at a time.
    private mutating func handOut() throws {
        slab.finish()
        for index in 0..<slab.messageCount {
            let message = slab.message(index)
            let bytes = Array(slab.bytes(of: message))
            for start in stride(from: 0, to: bytes.count, by: message.segmentLength) {
                let datagram = Array(bytes[start..<min(start + message.segmentLength, bytes.count)])
                try byAddress[message.remote]?.receive(datagram, from: Self.relay, now: now)
            }
        }
        slab.clear()
    }

    // MARK: Before

    private mutating func join() throws {
        for (_, ring) in gates { engine.apply(.addTrack(ring), now: now, into: &slab) }
        for client in clients {
            let isViewer = client !== broadcaster
            let part: PeerPart = isViewer ? .viewer(Self.lines(client)) : .publisher(broadcast.parameters)
            engine.apply(.addPeer(client.id, client.transport, part), now: now, into: &slab)
        }
        try converse()
        guard clients.allSatisfy(\.isEstablished) else { throw StageFailure("a handshake has failed") }
        var account: UInt64 = 0
        for (mediaIndex, (gate, ring)) in gates.enumerated() {
            let end = now.advanced(byMilliseconds: Self.leaseMilliseconds)
            let opening = gate.open(permit, from: ring.head, leaseEnd: end)
            for viewer in clients where viewer !== broadcaster {
                account += 1
                let admission = LineAdmission(
                    gate: gate,
                    opening: opening,
                    account: AccountID(room: 1, number: account)
                )
                let commands: [EngineCommand] = [
                    .subscribe(viewer.id, mediaIndex: mediaIndex, ring.track, gate, Self.payloadTypes),
                    .admit(viewer.id, mediaIndex: mediaIndex, admission),
                ]
                for command in commands { engine.apply(command, now: now, into: &slab) }
            }
        }
    }

    /// Lets frames through, the first of which every viewer has to decrypt.
    private mutating func warmUp() throws {
        // Sound begins at what comes next, so the lines have to be there before it.
        _ = forward()
        for frame in 0..<Self.warmUpFrames {
            for kind in [MediaKind.video, .audio] {
                let isFirst = frame < 2
                for client in clients { client.isListening = isFirst }
                try keepUp()
                writeFrame(kind)
                ingest()
                while true {
                    let isDone = engine.forward(now: now, sweep: false, into: &slab)
                    if isFirst { try handOut() } else { _ = send() }
                    if isDone { break }
                }
                stock.clear()
            }
        }
        let expected = 2 * (Broadcast.packetsPerFrame + 1)
        for client in clients where client !== broadcaster {
            guard client.decrypted == expected, client.undecryptable == 0 else {
                throw StageFailure("a viewer decrypted \(client.decrypted) of \(expected) packets")
            }
        }
    }

    private static var payloadTypes: PayloadTypeTable {
        var table = PayloadTypeTable()
        table.set(.vp8, 100, rtx: 101)
        table.set(.opus, 109, rtx: nil)
        return table
    }

    /// A viewer's sound and picture, as browsers answer.
    private static func lines(_ client: Client) -> [MediaLineParameters] {
        [MediaKind.audio, .video].enumerated().map { index, kind in
            let ssrc = 0x2000_0000 + UInt32(client.id.rawValue) * 4 + UInt32(index) * 2
            var line = MediaLineParameters(
                kind: kind,
                ssrc: ssrc,
                rtxSSRC: kind == .video ? ssrc + 1 : nil,
                firstSequence: UInt16(truncatingIfNeeded: client.id.rawValue &* 7_919)
            )
            line.payloadTypes = payloadTypes
            line.mid = Array("\(index)".utf8)
            line.midExtension = Broadcast.midExtension
            line.absoluteSendTimeExtension = 3
            line.audioLevelExtension = kind == .audio ? 1 : 0
            line.acceptsNACK = kind == .video
            return line
        }
    }

    private static func makePermit(_ now: MonotonicTime) throws -> Permit {
        guard let alice = ParticipantID("alice") else { throw StageFailure("no name") }
        let statement = ConsentStatement(
            participant: alice,
            purpose: .liveRoom,
            state: .given,
            media: [.audio, .video],
            source: .page,
            givenAt: noon
        )
        let consent = RoomConsent(folding: [ConsentEvent(sequence: 1, time: noon, statement: statement)])
        let request = DisclosureRequest(
            participant: alice,
            media: .video,
            audience: .roomViewers,
            stream: "camera"
        )
        let decision = decide(request, consent, now: ClockReading(wall: noon, monotonic: now))
        guard case .permit(let permit) = decision else { throw StageFailure("the grant does not permit") }
        return permit
    }
}

/// Why the relay could not be measured.
struct StageFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
