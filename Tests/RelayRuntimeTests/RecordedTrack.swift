import DTLSHandshakes
import Disclosures
import MediaRings
import Primitives
import RTPPackets
import RelayRuntime
import Rooms
import Synchronization
import Testing

/// A track of sound that a real recorder follows, behind a gate that the test opens and closes.
final class RecordedTrack: Sendable {
    static let line = LineName(peer: PeerID(1), mediaIndex: 0)
    private static let loopback = SocketAddress(ipv4: 0x7F00_0001, port: 0)

    let plane: DataPlane
    let disk = RecordingDisk()
    let ring = MediaRing(track: TrackID(1), kind: .audio, minimumCapacity: 256)
    let gate = DisclosureGate(track: TrackID(1), audience: AudienceID(1))
    private let events = Mutex<[RecorderEvent]>([])
    private let last = Atomic<Int64>(0)

    init() throws {
        plane = try DataPlane(bind: Self.loopback, loopCount: 1) { _, _ in }
        plane.start(identity: try DTLSIdentity(validFrom: SystemClock.wall), controlSSRC: 1, cname: "test")
        let disk = disk
        try plane.startRecorder(
            { DiskSink(disk: disk) },
            cutOff: { disk.cutOff() },
            onEvents: { [weak self] more in self?.events.withLock { $0 += more } }
        )
    }

    private static func permit() throws -> Permit {
        let ada = try #require(ParticipantID("ada"))
        let audience = try #require(Audience(purpose: .recording, recipient: "recorder"))
        let statement = ConsentStatement(
            participant: ada,
            purpose: .recording,
            recipient: "recorder",
            state: .given,
            media: [.audio],
            source: .page,
            givenAt: SystemClock.wall
        )
        let consent = RoomConsent(
            folding: [ConsentEvent(sequence: 1, time: SystemClock.wall, statement: statement)]
        )
        let request = DisclosureRequest(participant: ada, media: .audio, audience: audience, stream: "mic")
        guard case .permit(let permit) = decide(request, consent, now: SystemClock.reading) else {
            Issue.record("the grant does not permit")
            throw TrackError.denied
        }
        return permit
    }

    func follow() { #expect(plane.post([.follow(Self.line, ring, gate, from: ring.head)])) }

    /// Opens the gate, with an interval that the ledger has.
    func open(account: UInt64 = 1) throws {
        gate.open(try Self.permit(), from: ring.head, leaseEnd: .distantFuture)
        let admission = LineAdmission(
            gate: gate,
            opening: gate.opening,
            account: AccountID(room: 1, number: account)
        )
        #expect(plane.post([.admit(Self.line, admission)]))
    }

    /// Publishes the next packet; answers its number.
    @discardableResult
    func publish() -> Int64 {
        let sequence = last.add(1, ordering: .relaxed).newValue
        var facts = PayloadFacts()
        facts.startsKeyframe = true
        let packet = RingPacket(
            sequence: sequence,
            timestamp: UInt32(sequence * 960),
            arrival: SystemClock.monotonic,
            facts: facts,
            codec: .opus,
            marker: false
        )
        ring.publish(packet, payload: [UInt8](repeating: 7, count: 40).span.bytes)
        return sequence
    }

    /// Publishes a packet and waits until the sink has it; answers its number.
    func record() async throws -> Int64 {
        let sequence = publish()
        try await wait { $0.captured.contains(sequence) }
        return sequence
    }

    func wait(_ isSo: (RecordingDisk.State) -> Bool) async throws {
        try await waitUntil { isSo(disk.present) }
    }

    func waitUntil(_ isSo: () -> Bool) async throws {
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: 10_000)
        while !isSo() {
            try #require(SystemClock.monotonic < deadline, "it does not come about")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    var states: [CaptureLine.State] {
        events.withLock { $0.compactMap { if case .line(_, let state) = $0 { state } else { nil } } }
    }

    var reports: [AccountReport] {
        events.withLock { events in
            events.flatMap { if case .counted(let reports) = $0 { reports } else { [AccountReport]() } }
        }
    }
}

enum TrackError: Error {
    case denied
}
