import DTLSHandshakes
import Disclosures
import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import RelayEngine
import Rooms

/// Certificates, made once: a key takes longer than a whole run.
struct SimulatedIdentities {
    let relay: DTLSIdentity
    let client: DTLSIdentity
    let olderClient: DTLSIdentity

    /// The only ones.
    static let shared = Result { try SimulatedIdentities() }

    private init() throws {
        relay = try DTLSIdentity(validFrom: Simulation.epoch)
        client = try DTLSIdentity(validFrom: Simulation.epoch)
        olderClient = try DTLSIdentity(
            validFrom: Simulation.epoch,
            srtpProfiles: [.aes128CMHMACSHA1Tag80]
        )
    }
}

/// What an engine told of the consent state of a track.
struct CarriedReport {
    let peer: PeerID
    let track: TrackID
    let carried: CarriedConsent
    let number: UInt64
}

/// How datagrams travel between clients and relay.
struct LinkQuality {
    var lossPercent = 0.0
    var duplicatePercent = 0.0
    var latencyMilliseconds: Int64 = 15
    var jitterMilliseconds: Int64 = 0
}

/// Two media loops, a network and its clients under one virtual clock: same seed, same run.
final class Simulation {
    static let relayAddress = SocketAddress(ipv4: 0xC000_0201, port: 7_000)
    static let epoch = WallClockTime(nanosecondsSince1970: 1_760_000_000_000_000_000)
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000)

    let seed: UInt64
    let identities: SimulatedIdentities
    var random: SeededRandom
    private(set) var now = start
    private(set) var violations: [String] = []
    private var step: UInt64 = 0
    private var queue = EventQueue()
    private(set) var loops: [SimulatedLoop] = []
    private(set) var publishers: [SimulatedPublisher] = []
    var viewers: [SimulatedViewer] = []
    private(set) var recorder: SimulatedRecorder?
    var clients: [SocketAddress: SimulatedClient] = [:]
    var link = LinkQuality()
    /// Per cent of the steps of a loop before which it is held up.
    var stallPercent = 0.0

    var nextClient: UInt64 = 1
    private var tracks: [UInt32: TrackRecord] = [:]
    private var watchers: [(ring: MediaRing, gate: DisclosureGate)] = []
    var gates: [GateName: SimulatedGate] = [:]
    let permit: Permit
    private var madeLedger: SimulatedLedger?
    private(set) var graceBegun: UInt64 = 0
    private var graces: [(number: UInt64, done: () -> Void)] = []
    /// Bytes that came in from and went out to addresses, whoever they are.
    private(set) var bytesIn: [SocketAddress: Int] = [:]
    private(set) var bytesOut: [SocketAddress: Int] = [:]
    /// The last state told of each viewer's lines.
    private(set) var lineStates: [PeerID: [Int: MediaLine.State]] = [:]
    private(set) var thinnedLines: [PeerID: [Int: Bool]] = [:]
    /// Tracks whose source has said good-bye and not come back.
    private(set) var endedTracks: Set<TrackID> = []
    /// What was told of consent states, in order.
    private(set) var carriedConsents: [CarriedReport] = []
    private(set) var endings: [PeerID: TransportEnd] = [:]
    /// Where nobody is, although the relay was told to ask there.
    var silentAddresses: Set<SocketAddress> = []
    /// Sees what the relay sends to addresses at which nobody is known; without it every byte is a violation.
    var strangerReceives: ((SocketAddress, [UInt8]) -> Void)?

    init(seed: UInt64, loopCount: Int = 2) throws {
        self.seed = seed
        identities = try SimulatedIdentities.shared.get()
        random = SeededRandom(seed: seed)
        permit = try Self.makePermit()
        for number in 0..<loopCount { loops.append(SimulatedLoop(number, self)) }
        let slates = Self.slates
        for loop in loops { loop.post([.setSlates(slates)]) }
        madeLedger = try SimulatedLedger(self, seed: seed)
        madeLedger?.start()
    }

    deinit {
        queue.removeAll()
    }

    var ledger: SimulatedLedger {
        guard let madeLedger else { preconditionFailure("made with the simulation") }
        return madeLedger
    }

    // MARK: Time

    var reading: ClockReading {
        ClockReading(wall: WallClockTime(nanosecondsSince1970: wall(at: now)), monotonic: now)
    }

    func wall(at time: MonotonicTime) -> Int64 {
        Self.epoch.nanosecondsSince1970 + time.nanoseconds
    }

    /// This moment, after all that were asked for before.
    func moment() -> Moment {
        step += 1
        return Moment(step: step, time: now)
    }

    func at(_ time: MonotonicTime, _ action: @escaping () -> Void) { queue.add(at: time, action) }

    func after(_ milliseconds: Int64, _ action: @escaping () -> Void) {
        at(now.advanced(byMilliseconds: milliseconds), action)
    }

    /// Milliseconds since the beginning.
    var elapsed: Int64 { now.milliseconds(since: Self.start) }

    func run(milliseconds: Int64) {
        let end = now.advanced(byMilliseconds: milliseconds)
        while violations.count < 5, let event = queue.take(until: end) {
            now = event.time
            event.action()
        }
        now = end
    }

    func violate(_ text: String) {
        violations.append("seed \(seed) at \(elapsed) ms: \(text)")
    }

    // MARK: Clients

    func credentials(loop: Int) -> ICECredentials {
        ICECredentials.generate(prefix: UfragOwner.prefix(loop: loop), using: &random)
    }

    func newAddress() -> SocketAddress {
        SocketAddress(ipv4: 0x0A00_0000 + UInt32(nextClient), port: UInt16(random.number(1_024...65_000)))
    }

    func schedule(_ client: SimulatedClient) {
        clients[client.address] = client
        func tick() {
            client.tick()
            after(SimulatedClient.tickMilliseconds, tick)
        }
        at(now.advanced(byNanoseconds: random.number(0...10_000_000)), tick)
    }

    private func transport(
        local: ICECredentials,
        remote: ICECredentials,
        clientRole: DTLSRole,
        identity: DTLSIdentity
    ) -> PeerTransportParameters {
        PeerTransportParameters(
            local: local,
            remoteUfrag: remote.ufrag,
            role: clientRole == .client ? .server : .client,
            remoteFingerprints: [identity.fingerprint]
        )
    }

    @discardableResult
    func addPublisher(
        loop: Int,
        role: DTLSRole = .client,
        habits: PublisherHabits = PublisherHabits()
    ) -> SimulatedPublisher {
        let (relay, own) = (credentials(loop: loop), credentials(loop: loop))
        let id = PeerID(nextClient)
        let publisher = SimulatedPublisher(
            self,
            id: id,
            address: newAddress(),
            loop: loop,
            local: own,
            remote: relay,
            role: role,
            identity: identities.client,
            habits: habits
        )
        nextClient += 1
        publishers.append(publisher)
        for ring in [publisher.video, publisher.audio] { watch(ring) }
        for loop in loops { loop.post([.addTrack(publisher.video), .addTrack(publisher.audio)]) }
        loops[loop].post([
            .addPeer(
                id,
                transport(local: relay, remote: own, clientRole: role, identity: identities.client),
                .publisher(publisher.parameters.parameters)
            )
        ])
        schedule(publisher)
        return publisher
    }

    /// Adds a viewer of all publishers there are.
    @discardableResult
    func addViewer(
        loop: Int,
        audience: AudienceID = AudienceID(1),
        role: DTLSRole = .client,
        isOlder: Bool = false,
        habits: ViewerHabits = ViewerHabits()
    ) -> SimulatedViewer {
        let (relay, own) = (credentials(loop: loop), credentials(loop: loop))
        let id = PeerID(nextClient)
        let identity = isOlder ? identities.olderClient : identities.client
        let viewer = SimulatedViewer(
            self,
            id: id,
            address: newAddress(),
            loop: loop,
            local: own,
            remote: relay,
            role: role,
            identity: identity,
            habits: habits,
            audience: audience,
            publisherCount: publishers.count
        )
        nextClient += 1
        viewers.append(viewer)
        loops[loop].post([
            .addPeer(
                id,
                transport(local: relay, remote: own, clientRole: role, identity: identity),
                .viewer(viewer.lines)
            )
        ])
        for (number, publisher) in publishers.enumerated() {
            subscribe(viewer, mediaIndex: 2 * number, to: publisher.audio)
            subscribe(viewer, mediaIndex: 2 * number + 1, to: publisher.video)
        }
        schedule(viewer)
        return viewer
    }

    /// Adds a recorder of all publishers there are.
    @discardableResult
    func addRecorder() -> SimulatedRecorder {
        let made = SimulatedRecorder(self)
        recorder = made
        for publisher in publishers {
            made.follow(publisher.video)
            made.follow(publisher.audio)
        }
        return made
    }

    func subscribe(_ viewer: SimulatedViewer, mediaIndex: Int, to ring: MediaRing) {
        let ssrc = viewer.lines[mediaIndex].ssrc
        viewer.tap.tracks[ssrc, default: []].insert(UInt32(ring.track.rawValue))
        let gate = gate(ring, viewer.audience).gate
        loops[viewer.loop].post([
            .subscribe(
                viewer.id,
                mediaIndex: mediaIndex,
                ring.track,
                gate,
                SimulatedViewer.payloadTypes(viewer.habits)
            )
        ])
        attach(viewer, mediaIndex: mediaIndex, to: ring, gate)
    }

    func noteEvent(_ event: EngineEvent) {
        switch event {
        case .line(let peer, let mediaIndex, let state, let isThinned):
            lineStates[peer, default: [:]][mediaIndex] = state
            thinnedLines[peer, default: [:]][mediaIndex] = isThinned
        case .ended(let peer, let end): endings[peer] = end
        case .trackStarted(_, let track, _): endedTracks.remove(track)
        case .trackStopped(_, let track): endedTracks.insert(track)
        case .counted(let reports): ledger.change { $0.counted(reports, now: reading) }
        case .carried(let peer, let track, let carried, let number):
            carriedConsents.append(CarriedReport(peer: peer, track: track, carried: carried, number: number))
        case .connected: break
        }
    }

    // MARK: The network

    /// The kernel's choice of a socket for a path: any, and always the same.
    private func receivingLoop(_ address: SocketAddress) -> Int {
        Int(address.low &* 31 &+ UInt64(address.port)) % loops.count
    }

    func travel(_ deliver: @escaping () -> Void) {
        var copies = random.chance(link.lossPercent) ? 0 : 1
        if random.chance(link.duplicatePercent) { copies += 1 }
        for _ in 0..<copies {
            let delay =
                link.latencyMilliseconds * 1_000_000
                + (link.jitterMilliseconds > 0 ? random.number(0...link.jitterMilliseconds * 1_000_000) : 0)
            at(now.advanced(byNanoseconds: delay), deliver)
        }
    }

    func sendToRelay(_ datagram: [UInt8], from address: SocketAddress) {
        travel { [unowned self] in deliverToRelay(datagram, from: address) }
    }

    /// Puts a datagram on the relay's socket at once, from whatever address it claims to be.
    func deliverToRelay(_ datagram: [UInt8], from address: SocketAddress) {
        bytesIn[address, default: 0] += datagram.count
        loops[receivingLoop(address)].receive(
            datagram,
            ICEPair(remote: address, local: Self.relayAddress),
            handedOverBy: nil
        )
    }

    private func viewer(at address: SocketAddress) -> SimulatedViewer? {
        clients[address] as? SimulatedViewer
    }

    /// A datagram leaves the relay, or would have if its lease had not ended.
    func emit(
        _ datagram: [UInt8],
        to remote: SocketAddress,
        from local: SocketAddress,
        read: Moment,
        sent: Moment?
    ) {
        guard sent != nil else {
            viewer(at: remote)?.tap.see(datagram, read: read, sent: nil)
            return
        }
        bytesOut[remote, default: 0] += datagram.count
        if !mayLeave(datagram, to: remote, from: local) { violate("sent from \(local), which nobody asked") }
        guard let client = clients[remote] else {
            guard !silentAddresses.contains(remote) else { return }
            guard let strangerReceives else {
                return violate("\(datagram.count) bytes to \(remote), a stranger")
            }
            return strangerReceives(remote, datagram)
        }
        viewer(at: remote)?.tap.see(datagram, read: read, sent: sent)
        travel { client.receive(datagram) }
    }

    // MARK: Books

    func track(_ track: UInt32) -> TrackRecord { tracks[track] ?? TrackRecord() }

    func original(_ mark: MediaMark) -> SentPacket? {
        publishers.lazy.compactMap { $0.sent[mark] }.first
    }

    /// The simulation's own pass, for reading what was published.
    private func watch(_ ring: MediaRing) {
        let gate = DisclosureGate(track: ring.track, audience: AudienceID(.max))
        gate.open(permit, from: 0, leaseEnd: .distantFuture)
        watchers.append((ring, gate))
        tracks[UInt32(ring.track.rawValue)] = TrackRecord()
    }

    /// Notes what `work` puts into the rings.
    func watchRings(_ work: () -> Void) {
        work()
        for (ring, gate) in watchers {
            let name = UInt32(ring.track.rawValue)
            while let head = tracks[name]?.head, head < ring.head {
                tracks[name]?.head = head + 1
                note(head, of: ring, gate)
            }
        }
    }

    private func note(_ position: UInt64, of ring: MediaRing, _ gate: DisclosureGate) {
        let name = UInt32(ring.track.rawValue)
        let published = moment()
        let read = gate.withPass(now: now) { pass in
            ring.read(pass, at: position) { packet, payload, _ in (packet, Array(payload)) }
        }
        guard case .packet(let (packet, payload)) = read else { return violate("\(position) cannot be read") }
        let stored = StoredPacket(
            position: position,
            sequence: packet.sequence,
            temporalLayer: packet.facts.temporalLayer,
            published: published
        )
        if tracks[name]?.bySequence.updateValue(stored, forKey: packet.sequence) != nil {
            violate("number \(packet.sequence) of track \(name) was published twice")
        }
        if let mark = MediaMark(endOf: payload),
            tracks[name]?.byMark.updateValue(stored, forKey: mark) != nil
        {
            violate("\(mark) was published twice")
        }
    }

    // MARK: Grace periods

    /// Calls `done` when every loop and the recorder have held nothing since now.
    func grace(_ done: @escaping () -> Void) {
        graceBegun += 1
        graces.append((graceBegun, done))
        recorder?.wake()
        graceMayEnd()
    }

    func graceMayEnd() {
        guard !graces.isEmpty else { return }
        let quiescent = min(loops.map(\.passed).min() ?? 0, recorder?.passed ?? .max)
        let over = graces.filter { $0.number <= quiescent }
        graces.removeAll { $0.number <= quiescent }
        for grace in over { grace.done() }
    }
}
