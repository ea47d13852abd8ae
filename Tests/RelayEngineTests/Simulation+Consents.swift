import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms

struct GateName: Hashable {
    let track: UInt32
    let audience: AudienceID
}

/// A gate with the simulation's own account of when it was open.
final class SimulatedGate {
    static let leaseMilliseconds: Int64 = 2_000

    let gate: DisclosureGate
    let ring: MediaRing
    var history = DisclosureHistory()
    /// What the participant said last.
    var isGranted = false
    var acknowledgements: [(closed: MonotonicTime, acknowledged: MonotonicTime)] = []

    init(_ ring: MediaRing, _ audience: AudienceID) {
        self.ring = ring
        gate = DisclosureGate(track: ring.track, audience: audience)
    }
}

/// The control plane, as far as media loops notice it.
extension Simulation {
    static func makePermit() throws -> Permit {
        guard let alice = ParticipantID("alice") else { throw PermitError.denied }
        let statement = ConsentStatement(
            participant: alice,
            purpose: .liveRoom,
            state: .given,
            media: [.audio, .video],
            source: .page,
            givenAt: epoch
        )
        let consent = RoomConsent(folding: [ConsentEvent(sequence: 1, time: epoch, statement: statement)])
        let request = DisclosureRequest(
            participant: alice,
            media: .video,
            audience: .roomViewers,
            stream: "cam"
        )
        let reading = ClockReading(wall: epoch, monotonic: MonotonicTime(nanoseconds: 1_000_000_000))
        guard case .permit(let permit) = decide(request, consent, now: reading) else {
            throw PermitError.denied
        }
        return permit
    }

    static let slates: [SlateFrames] = {
        func frame(_ number: UInt64) -> [[UInt8]] {
            (0..<2).map { part in
                SyntheticPayload.vp8(
                    keyframe: true,
                    startsFrame: part == 0,
                    pictureID: 1,
                    tl0PicIdx: 0,
                    temporalLayer: 0,
                    isSync: false,
                    filler: 20,
                    mark: MediaMark(isSlate: true, track: 0, number: number * 2 + UInt64(part))
                )
            }
        }
        let silence = SyntheticPayload.opus(filler: 0, mark: MediaMark(isSlate: true, track: 1, number: 0))
        return [
            SlateFrames(codec: .vp8, payloads: frame(1), alternatePayloads: frame(2)),
            SlateFrames(codec: .opus, payloads: [silence]),
        ].compactMap { $0 }
    }()

    func gate(_ ring: MediaRing, _ audience: AudienceID) -> SimulatedGate {
        let name = GateName(track: UInt32(ring.track.rawValue), audience: audience)
        if let gate = gates[name] { return gate }
        let gate = SimulatedGate(ring, audience)
        gates[name] = gate
        return gate
    }

    func history(_ track: UInt32, _ audience: AudienceID) -> DisclosureHistory {
        gates[GateName(track: track, audience: audience)]?.history ?? DisclosureHistory()
    }

    private var leaseEnd: MonotonicTime { now.advanced(byMilliseconds: SimulatedGate.leaseMilliseconds) }

    /// A grant that is durable.
    func open(_ ring: MediaRing, _ audience: AudienceID = AudienceID(1)) {
        let gate = gate(ring, audience)
        gate.isGranted = true
        gate.history.closed(moment())
        gate.gate.open(permit, from: ring.head, leaseEnd: leaseEnd)
        gate.history.opened(moment(), leaseEnd: leaseEnd)
        if ring.kind == .video { ring.wishForKeyframe() }
    }

    /// A withdrawal: closed at once, acknowledged when it is effective.
    func close(_ ring: MediaRing, _ audience: AudienceID = AudienceID(1)) {
        let gate = gate(ring, audience)
        gate.isGranted = false
        gate.gate.close()
        let closing = moment()
        gate.history.closed(closing)
        grace { [unowned self] in
            let acknowledged = moment()
            gate.history.acknowledged(acknowledged, closing: closing.step)
            gate.acknowledgements.append((closing.time, acknowledged.time))
        }
    }

    /// Prolongs every lease whose grant stands.
    func renew() {
        for gate in gates.values.sorted(by: { $0.ring.track.rawValue < $1.ring.track.rawValue })
        where gate.isGranted {
            let hadLapsed = gate.gate.renew(permit, from: gate.ring.head, leaseEnd: leaseEnd, now: now)
            if hadLapsed {
                gate.history.closed(moment())
                gate.history.opened(moment(), leaseEnd: leaseEnd)
                if gate.ring.kind == .video { gate.ring.wishForKeyframe() }
            } else {
                gate.history.renewed(moment(), leaseEnd: leaseEnd)
            }
        }
    }

    /// Renews every half second, as long as `isAlive` says so.
    func keepLeases(while isAlive: @escaping () -> Bool = { true }) {
        after(500) { [unowned self] in
            if isAlive() { renew() }
            keepLeases(while: isAlive)
        }
    }

    func openAll(_ audience: AudienceID = AudienceID(1)) {
        for publisher in publishers {
            open(publisher.video, audience)
            open(publisher.audio, audience)
        }
    }

    func closeAll(_ audience: AudienceID = AudienceID(1)) {
        for publisher in publishers {
            close(publisher.video, audience)
            close(publisher.audio, audience)
        }
    }
}

enum PermitError: Error {
    case denied
}
