import ConsentAuthority
import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import Testing

/// A room whose authority decides whom a recorder may capture; its effects are executed as a room does.
final class RecordedRoom {
    static let recorderID = AudienceID(1)

    private var authority: RoomAuthority
    private(set) var recorder = Recorder()
    var sink = KeptMedia()
    private var rings: [TrackID: MediaRing] = [:]
    private var gates: [TrackID: DisclosureGate] = [:]
    private var names: [ParticipantID: TrackID] = [:]
    private var lastNumber: UInt64 = 0
    private var sequence: Int64 = 0
    private var acknowledged: [ConsentTicket] = []
    private(set) var now: Int64 = 0

    init(_ rule: RoomRules.ConsentRule) throws {
        let name = try #require(RoomName("studio"))
        authority = RoomAuthority(room: name, state: RoomConsent())
        let audience = try #require(Audience(purpose: .recording, recipient: "vault"))
        change { $0.heartbeatCommitted(startedAt: $1.monotonic, now: $1, effects: &$2) }
        change { $0.audienceArrived(Self.recorderID, audience, now: $1, effects: &$2) }
        change { authority, now, effects in
            _ = authority.submit(
                [.rules(RoomRules(consentRule: rule))],
                about: .room,
                now: now,
                effects: &effects
            )
        }
    }

    private var reading: ClockReading { CaptureStage.reading(now) }

    private func change(_ body: (inout RoomAuthority, ClockReading, inout [ConsentEffect]) -> Void) {
        var effects: [ConsentEffect] = []
        body(&authority, reading, &effects)
        run(effects)
    }

    private func run(_ effects: [ConsentEffect]) {
        for effect in effects {
            switch effect {
            case .openGate(let track, _, let permit, let leaseEnd):
                guard let gate = gates[track], let ring = rings[track] else { continue }
                gate.open(permit, from: ring.head, leaseEnd: leaseEnd)
                admit(track, gate)
            case .renewGate(let track, _, let permit, let leaseEnd):
                guard let gate = gates[track], let ring = rings[track] else { continue }
                let hadLapsed = gate.renew(
                    permit,
                    from: ring.head,
                    leaseEnd: leaseEnd,
                    now: reading.monotonic
                )
                if hadLapsed { admit(track, gate) }
            case .closeGate(let track, _):
                gates[track]?.close()
            case .append(_, let ticket):
                change { $0.appendCommitted(ticket, now: $1, effects: &$2) }
            case .beginGrace(let ticket):
                turn()
                change { $0.graceCompleted(ticket, now: $1, effects: &$2) }
            case .acknowledge(let ticket, _):
                acknowledged.append(ticket)
            case .readLog, .refuse, .recorded, .changed:
                break
            }
        }
    }

    /// The ledger has the interval at once.
    private func admit(_ track: TrackID, _ gate: DisclosureGate) {
        lastNumber += 1
        let admission = LineAdmission(
            gate: gate,
            opening: gate.opening,
            account: AccountID(room: 1, number: lastNumber)
        )
        recorder.apply(.admit(Self.line(track), admission), into: &sink)
    }

    private static func line(_ track: TrackID) -> LineName {
        LineName(peer: PeerID(track.rawValue), mediaIndex: 0)
    }

    // MARK: What happens in the room

    func goOnAir(_ name: String) throws {
        let participant = try #require(ParticipantID(name))
        lastNumber += 1
        let track = TrackID(lastNumber)
        let ring = MediaRing(track: track, kind: .audio, minimumCapacity: 256)
        let gate = DisclosureGate(track: track, audience: Self.recorderID)
        rings[track] = ring
        gates[track] = gate
        names[participant] = track
        recorder.apply(.follow(Self.line(track), ring, gate, from: ring.head), into: &sink)
        change {
            $0.trackStarted(
                track,
                participant: participant,
                media: .audio,
                stream: name,
                now: $1,
                effects: &$2
            )
        }
    }

    /// Says something about being recorded; answers whether that was acknowledged.
    func say(_ state: ConsentState, _ name: String) throws -> Bool {
        let participant = try #require(ParticipantID(name))
        let statement = ConsentStatement(
            participant: participant,
            purpose: .recording,
            recipient: "vault",
            state: state,
            media: [.audio],
            source: .page,
            givenAt: reading.wall
        )
        var asked: ConsentTicket?
        change { authority, now, effects in
            asked = authority.submit([statement], of: participant, now: now, effects: &effects)
        }
        return asked.map { acknowledged.contains($0) } ?? false
    }

    /// Everybody on air says something, and the recorder has a turn; answers whose was captured.
    func speak() throws -> Set<String> {
        sequence += 1
        let before = names.mapValues { sink.sequences(of: Self.line($0)).count }
        for ring in rings.values {
            var facts = PayloadFacts()
            facts.startsKeyframe = true
            let packet = RingPacket(
                sequence: sequence,
                timestamp: UInt32(sequence * 960),
                arrival: reading.monotonic,
                facts: facts,
                codec: .opus,
                marker: false
            )
            ring.publish(packet, payload: CaptureStage.payload(sequence).span.bytes)
        }
        turn()
        let heard = names.filter { sink.sequences(of: Self.line($0.value)).count > before[$0.key] ?? 0 }
        return Set(heard.keys.map(\.text))
    }

    private func turn() {
        now += 20
        while recorder.captureNext(reading, into: &sink) {}
        _ = recorder.takeEvents()
    }
}
