import ConsentAuthority
import Disclosures
import LedgerStore
import Logging
import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import RelayRuntime
import Rooms

extension LiveRoom {
    /// Submits statements and waits until they are in force.
    func submit(
        _ statements: [ConsentStatement],
        of participant: ParticipantID,
        ifEpoch: Set<UInt64>? = nil
    ) async -> Result<Acknowledgement, RelayProblem> {
        guard !barred.contains(participant) else { return .failure(.erasurePending) }
        do throws(RelayProblem) {
            let bounded = try bounded(statements, of: participant)
            return await submit(ifEpoch: ifEpoch) { authority, effects in
                authority.submit(bounded, of: participant, now: SystemClock.reading, effects: &effects)
            }
        } catch {
            return .failure(error)
        }
    }

    /// Makes a request of the authority and waits for its answer.
    func submit(
        ifEpoch: Set<UInt64>? = nil,
        _ request: (inout RoomAuthority, inout [ConsentEffect]) -> ConsentTicket
    ) async -> Result<Acknowledgement, RelayProblem> {
        guard !isClosed else { return .failure(.overloaded) }
        if let ifEpoch, let refusal = refusal(unlessAt: ifEpoch) { return .failure(refusal) }
        var effects: [ConsentEffect] = []
        let ticket = request(&authority, &effects)
        run(effects)
        if let answer = answered.removeValue(forKey: ticket) { return answer }
        return await withCheckedContinuation { continuation in
            if let answer = answered.removeValue(forKey: ticket) {
                continuation.resume(returning: answer)
            } else {
                waiting[ticket] = continuation
            }
        }
    }

    /// Why a change is not made that is meant for these epochs only.
    ///
    /// Judged where the change is submitted, without a suspension in between, so that of two changes for the same
    /// epoch one is refused.
    private func refusal(unlessAt epochs: Set<UInt64>) -> RelayProblem? {
        guard !authority.isLogUncertain else { return Self.problem(.logUnavailable) }
        let epoch = authority.durable.epoch
        // What waits for the log is about to move the epoch.
        guard epochs.contains(epoch), !authority.hasUnwritten else {
            return RelayProblem(
                "precondition-failed",
                status: 412,
                detail:
                    "the consents are at epoch \(epoch) or beyond, not at the one in If-Match; read them again"
            )
        }
        return nil
    }

    /// Executes what the authority asks for: gates at once and in order, everything else after.
    func run(_ effects: [ConsentEffect]) {
        var recorded: [ConsentEvent] = []
        for effect in effects {
            switch effect {
            case .openGate(let track, let audience, let permit, let leaseEnd):
                guard let ring = ring(track) else { continue }
                let gate = gate(track, audience)
                gate.open(permit, from: ring.head, leaseEnd: leaseEnd)
                tellOpened(gate, permit)
                if ring.kind == .video { ring.wishForKeyframe() }
            case .renewGate(let track, let audience, let permit, let leaseEnd):
                guard let ring = ring(track) else { continue }
                let gate = gate(track, audience)
                let hadLapsed = gate.renew(
                    permit,
                    from: ring.head,
                    leaseEnd: leaseEnd,
                    now: SystemClock.monotonic
                )
                if hadLapsed || accounts.grant(of: gate) != permit.grant { tellOpened(gate, permit) }
                if hadLapsed, ring.kind == .video { ring.wishForKeyframe() }
            case .closeGate(let track, let audience):
                guard let gate = gates[GateName(track: track, audience: audience)] else { continue }
                gate.close()
                accounts.closed(gate)
                withhold(track, from: audience)
            case .append(let events, let ticket):
                Task { await self.append(events, ticket) }
                // A log that never answers is one that cannot be written; a late answer counts for nothing.
                Task {
                    try? await Task.sleep(for: .seconds(RoomTiming.appendSeconds))
                    self.appendFailed(ticket)
                }
            case .readLog(let sequence):
                Task { await self.readLog(after: sequence) }
            case .beginGrace(let ticket):
                Task { await self.waitForGrace(ticket) }
            case .acknowledge(let ticket, let acknowledgement):
                answer(ticket, .success(acknowledgement))
            case .refuse(let ticket, let reason):
                answer(ticket, .failure(Self.problem(reason)))
            case .recorded(let event):
                tell(event)
                recorded.append(event)
            case .changed(let track, let audience, let decision):
                if let reason = decision.denyReason {
                    accounts.denied(track, audience, reason, epoch: authority.durable.epoch)
                    gates[GateName(track: track, audience: audience)]?.explain(reason)
                }
                if let publication = publications.values.first(where: { publication in
                    publication.tracks.contains { $0.id == track }
                }) {
                    stale.insert(publication.participant)
                }
            }
        }
        carryConsents()
        settleAccounts()
        // Last: nobody who waits for an answer waits for what others are told.
        for event in recorded { environment.tell(event, in: name) }
    }

    static func problem(_ reason: DenyReason) -> RelayProblem {
        switch reason {
        case .logUnavailable:
            RelayProblem(
                "log-unavailable",
                status: 503,
                detail: "the consent log cannot be written: nothing was acknowledged, and what this request"
                    + " takes away stays closed; try again",
                retryAfterSeconds: RoomTiming.retrySeconds
            )
        default:
            RelayProblem(
                reason.rawValue,
                status: 422,
                detail: "the request was not recorded: \(reason.rawValue)"
            )
        }
    }

    private func answer(_ ticket: ConsentTicket, _ result: Result<Acknowledgement, RelayProblem>) {
        if let continuation = waiting.removeValue(forKey: ticket) {
            continuation.resume(returning: result)
        } else {
            answered[ticket] = result
        }
    }

    private func append(_ events: [ConsentEvent], _ ticket: AppendTicket) async {
        var effects: [ConsentEffect] = []
        do {
            try await environment.log.append(events, room: name)
            authority.appendCommitted(ticket, now: SystemClock.reading, effects: &effects)
        } catch {
            logger.error("consent events could not be written", metadata: ["error": "\(error)"])
            authority.appendFailed(ticket, now: SystemClock.reading, effects: &effects)
        }
        run(effects)
    }

    private func appendFailed(_ ticket: AppendTicket) {
        var effects: [ConsentEffect] = []
        authority.appendFailed(ticket, now: SystemClock.reading, effects: &effects)
        run(effects)
    }

    private func readLog(after sequence: UInt64) async {
        var effects: [ConsentEffect] = []
        do {
            let events = try await environment.log.read(room: name, after: sequence)
            authority.logRead(events, now: SystemClock.reading, effects: &effects)
        } catch {
            authority.logReadFailed(now: SystemClock.reading, effects: &effects)
        }
        run(effects)
    }

    private func waitForGrace(_ ticket: GraceTicket) async {
        let cutOff = await environment.plane.gracePeriod()
        if cutOff > 0 {
            logger.critical(
                "media loops were cut off: not quiescent in time",
                metadata: ["loops": "\(cutOff)"]
            )
        }
        var effects: [ConsentEffect] = []
        authority.graceCompleted(ticket, now: SystemClock.reading, effects: &effects)
        run(effects)
    }
}
