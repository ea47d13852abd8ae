import Disclosures
import MediaRings
import Primitives
import RTPPackets
import RelayEngine
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
    static func makePermit(grant: UInt64 = 1) throws -> Permit {
        guard let alice = ParticipantID("alice") else { throw PermitError.denied }
        let statement = ConsentStatement(
            participant: alice,
            purpose: .liveRoom,
            state: .given,
            media: [.audio, .video],
            source: .page,
            givenAt: epoch
        )
        let consent = RoomConsent(folding: [ConsentEvent(sequence: grant, time: epoch, statement: statement)])
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

    /// A permit that no consent is behind.
    static func makeCompelledPermit(demand sequence: UInt64) throws -> Permit {
        guard let alice = ParticipantID("alice"),
            let court = Audience(purpose: .liveRoom, recipientClass: .authority, recipient: "court")
        else { throw PermitError.denied }
        let demand = LegalDemand(
            id: "file-1",
            participant: alice,
            authority: "court",
            basis: "an order",
            purposes: [.liveRoom],
            media: [.audio, .video],
            validity: .always,
            approvals: ["bo", "cy"]
        )
        let event = ConsentEvent(sequence: sequence, time: epoch, content: .demand(demand))
        let request = DisclosureRequest(participant: alice, media: .video, audience: court, stream: "cam")
        let reading = ClockReading(wall: epoch, monotonic: MonotonicTime(nanoseconds: 1_000_000_000))
        guard case .permit(let permit) = decide(request, RoomConsent(folding: [event]), now: reading) else {
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
    ///
    /// What is granted together is told to the ledger together, by whoever asks for several.
    func open(_ ring: MediaRing, _ audience: AudienceID = AudienceID(1), settles: Bool = true) {
        let gate = gate(ring, audience)
        gate.isGranted = true
        gate.history.closed(moment())
        gate.gate.open(permit, from: ring.head, leaseEnd: leaseEnd)
        gate.history.opened(moment(), leaseEnd: leaseEnd)
        tell(settles: settles) { $0.opened(gate.gate, permit, notice: nil) }
        if ring.kind == .video { ring.wishForKeyframe() }
    }

    /// A withdrawal: closed at once, acknowledged when it is effective.
    func close(_ ring: MediaRing, _ audience: AudienceID = AudienceID(1), settles: Bool = true) {
        let gate = gate(ring, audience)
        gate.isGranted = false
        gate.gate.close()
        tell(settles: settles) { accounts in
            accounts.closed(gate.gate)
            accounts.denied(gate.gate.track, gate.gate.audience, .withdrawn, epoch: permit.epoch)
        }
        let closing = moment()
        gate.history.closed(closing)
        grace { [unowned self] in
            let acknowledged = moment()
            gate.history.acknowledged(acknowledged, closing: closing.step)
            gate.acknowledgements.append((closing.time, acknowledged.time))
        }
    }

    private func tell(settles: Bool, _ change: (inout DisclosureAccounts) -> Void) {
        if settles { ledger.change(change) } else { ledger.note(change) }
    }

    /// The books learn what a line is fed from.
    func attach(_ viewer: SimulatedViewer, mediaIndex: Int, to ring: MediaRing, _ gate: DisclosureGate) {
        guard let publisher = publishers.first(where: { $0.video === ring || $0.audio === ring }),
            let participant = ParticipantID("participant\(publisher.id.rawValue)")
        else { return violate("a line fed from nobody") }
        ledger.change { accounts in
            accounts.attach(
                LineAssignment(
                    line: LineName(peer: viewer.id, mediaIndex: mediaIndex),
                    loop: viewer.loop,
                    gate: gate,
                    participant: participant,
                    stream: "stream\(publisher.id.rawValue)",
                    media: ring.kind == .video ? .video : .audio,
                    audience: .roomViewers,
                    session: "viewer\(viewer.id.rawValue)"
                )
            )
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
                tell(settles: true) { $0.opened(gate.gate, permit, notice: nil) }
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
            open(publisher.video, audience, settles: false)
            open(publisher.audio, audience)
        }
    }

    func closeAll(_ audience: AudienceID = AudienceID(1)) {
        for publisher in publishers {
            close(publisher.video, audience, settles: false)
            close(publisher.audio, audience)
        }
    }
}

enum PermitError: Error {
    case denied
}
