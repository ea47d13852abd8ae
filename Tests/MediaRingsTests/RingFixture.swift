import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Testing

/// One ring, one gate, and a permit that `decide` has given for them.
struct RingFixture {
    static let noon = WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
    static let track = TrackID(7)

    let ring: MediaRing
    let gate: DisclosureGate
    let permit: Permit

    init(kind: MediaKind = .video, capacity: Int = 256) throws {
        ring = MediaRing(track: Self.track, kind: kind, minimumCapacity: capacity)
        gate = DisclosureGate(track: Self.track, audience: AudienceID(1))
        permit = try Self.permit()
    }

    /// A permit by the only way there is: a grant in the room's log, and `decide`.
    static func permit(until end: Int64? = nil) throws -> Permit {
        let alice = try #require(ParticipantID("alice"))
        let statement = ConsentStatement(
            participant: alice,
            purpose: .liveRoom,
            state: .given,
            media: [.audio, .video],
            validity: ValidityWindow(until: end.map { noon.advanced(byNanoseconds: $0 * 1_000_000) }),
            source: .page,
            givenAt: noon
        )
        let consent = RoomConsent(folding: [ConsentEvent(sequence: 1, time: noon, statement: statement)])
        let request = DisclosureRequest(
            participant: alice,
            media: .video,
            audience: .roomViewers,
            stream: "cam"
        )
        let decision = decide(request, consent, now: ClockReading(wall: noon, monotonic: milliseconds(0)))
        guard case .permit(let permit) = decision else {
            Issue.record("the grant does not permit")
            throw FixtureError.denied
        }
        return permit
    }

    func open(from position: UInt64 = 0, leaseEnd: MonotonicTime = .distantFuture) {
        gate.open(permit, from: position, leaseEnd: leaseEnd)
    }

    /// Publishes a packet whose payload says which one it is.
    @discardableResult
    func publish(
        _ sequence: Int64,
        timestamp: UInt32? = nil,
        keyframe: Bool = false,
        at time: Int64 = 0
    ) -> UInt64? {
        var facts = PayloadFacts()
        facts.startsKeyframe = keyframe
        let packet = RingPacket(
            sequence: sequence,
            timestamp: timestamp ?? UInt32(truncatingIfNeeded: sequence),
            arrival: milliseconds(time),
            facts: facts,
            codec: .vp8,
            marker: true
        )
        return ring.publish(packet, payload: Self.payload(sequence).span.bytes)
    }

    static func payload(_ sequence: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: sequence >> ($0 * 8)) }
    }

    /// What a read of `position` answers: the payload, or why there is none.
    func read(_ position: UInt64, through gate: DisclosureGate? = nil, at time: Int64 = 0) -> Answer {
        let gate = gate ?? self.gate
        let answer = gate.withPass(now: milliseconds(time)) { pass -> Answer in
            switch ring.read(pass, at: position, { _, payload, _ in Array(payload) }) {
            case .packet(let bytes): .bytes(bytes)
            case .unpublished: .unpublished
            case .lapped: .lapped
            case .refused: .refused
            }
        }
        return answer ?? .closed
    }

    func newestKeyframe(at time: Int64 = 0) -> UInt64? {
        gate.withPass(now: milliseconds(time)) { pass in ring.newestKeyframe(pass) } ?? nil
    }

    func position(ofSequence sequence: Int64) -> UInt64? {
        gate.withPass(now: milliseconds(0)) { pass in ring.position(ofSequence: sequence, pass) } ?? nil
    }
}

enum FixtureError: Error {
    case denied
}

enum Answer: Equatable {
    case bytes([UInt8])
    case unpublished
    case lapped
    case refused
    /// The gate minted no pass.
    case closed
}

/// The moment `value` milliseconds after the tests' beginning.
func milliseconds(_ value: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: 1_000_000_000).advanced(byMilliseconds: value)
}
