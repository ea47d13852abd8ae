import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Testing

@testable import Rooms

/// One recorder that follows one track, with a gate that the test opens and closes.
final class CaptureStage {
    static let noon = WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
    static let line = LineName(peer: PeerID(7), mediaIndex: 0)

    let ring: MediaRing
    let gate: DisclosureGate
    private var recorder = Recorder()
    var sink = KeptMedia()
    private(set) var events: [RecorderEvent] = []
    private var lastAccount: UInt64 = 0
    private(set) var now: Int64 = 0

    init(kind: MediaKind = .video, follows: Bool = true) {
        ring = MediaRing(track: TrackID(3), kind: kind, minimumCapacity: 256)
        gate = DisclosureGate(track: ring.track, audience: AudienceID(9))
        if follows { follow() }
    }

    /// A permit by the only way there is: a grant to the recorder in the room's log, and `decide`.
    static func permit(epoch: UInt64 = 1) throws -> Permit {
        let ada = try #require(ParticipantID("ada"))
        let audience = try #require(Audience(purpose: .recording, recipient: "vault"))
        let statement = ConsentStatement(
            participant: ada,
            purpose: .recording,
            recipient: "vault",
            state: .given,
            media: [.audio, .video],
            source: .page,
            givenAt: noon
        )
        let events = (1...epoch).map { ConsentEvent(sequence: $0, time: noon, statement: statement) }
        let request = DisclosureRequest(participant: ada, media: .video, audience: audience, stream: "cam")
        let decision = decide(request, RoomConsent(folding: events), now: reading(0))
        guard case .permit(let permit) = decision else {
            Issue.record("the grant does not permit: \(decision)")
            throw StageError.denied
        }
        return permit
    }

    static func reading(_ milliseconds: Int64) -> ClockReading {
        let elapsed = milliseconds * 1_000_000
        return ClockReading(
            wall: noon.advanced(byNanoseconds: elapsed),
            monotonic: MonotonicTime(nanoseconds: 1_000_000_000 + elapsed)
        )
    }

    // MARK: The control plane

    func follow(from position: UInt64? = nil) {
        recorder.apply(.follow(Self.line, ring, gate, from: position ?? ring.head), into: &sink)
    }

    func release() { recorder.apply(.release(Self.line), into: &sink) }

    /// Opens the gate from the ring's head on.
    func open(epoch: UInt64 = 1, leaseMilliseconds: Int64 = 1_000_000) throws {
        gate.open(
            try Self.permit(epoch: epoch),
            from: ring.head,
            leaseEnd: Self.reading(now + leaseMilliseconds).monotonic
        )
    }

    /// Tells the recorder that the ledger holds an interval of this opening; answers the account.
    @discardableResult
    func admit(opening: UInt64? = nil) -> AccountID {
        lastAccount += 1
        let account = AccountID(room: 1, number: lastAccount)
        let admission = LineAdmission(gate: gate, opening: opening ?? gate.opening, account: account)
        recorder.apply(.admit(Self.line, admission), into: &sink)
        return account
    }

    // MARK: Media

    @discardableResult
    func publish(
        _ sequence: Int64,
        keyframe: Bool = false,
        source: UInt32 = 0,
        codec: MediaCodec? = nil
    ) -> UInt64? {
        var facts = PayloadFacts()
        facts.startsKeyframe = keyframe || ring.kind == .audio
        let packet = RingPacket(
            sequence: sequence,
            timestamp: UInt32(truncatingIfNeeded: sequence * 3_000),
            arrival: Self.reading(now).monotonic,
            facts: facts,
            codec: codec ?? (ring.kind == .audio ? .opus : .vp8),
            marker: true,
            source: source
        )
        return ring.publish(packet, payload: Self.payload(sequence).span.bytes)
    }

    static func payload(_ sequence: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: sequence >> ($0 * 8)) }
    }

    // MARK: Time

    /// Lets the recorder have a turn, `milliseconds` later.
    func turn(after milliseconds: Int64 = 20) {
        now += milliseconds
        while recorder.captureNext(Self.reading(now), into: &sink) {}
        events += recorder.takeEvents()
    }

    /// Turns until nothing waits.
    func catchUp() {
        repeat { turn() } while recorder.hasBacklog
    }

    func recover() { recorder.recover(into: &sink) }

    // MARK: What came of it

    var counters: CaptureCounters { recorder.counters }
    var hasBacklog: Bool { recorder.hasBacklog }
    var isIdle: Bool { recorder.isIdle && recorder.accountCount == 0 }
    var holdsNothing: Bool { recorder.holdsNothing }

    var captured: [Int64] { sink.sequences(of: Self.line) }
    var states: [CaptureLine.State] {
        events.compactMap { if case .line(_, let state) = $0 { state } else { nil } }
    }
    var reports: [AccountReport] {
        events.flatMap { if case .counted(let reports) = $0 { reports } else { [AccountReport]() } }
    }

    /// The payloads are those that were published, nothing came twice, and the sink saw no disorder.
    func expectWhole(_ location: SourceLocation = #_sourceLocation) {
        #expect(sink.violations.isEmpty, sourceLocation: location)
        #expect(Set(captured).count == captured.count, "something came twice", sourceLocation: location)
        for packet in sink.stretches.flatMap(\.packets) {
            #expect(packet.payload == Self.payload(packet.sequence), sourceLocation: location)
        }
    }
}

enum StageError: Error {
    case denied
}
