import Disclosures
import Primitives

extension RoomAuthority {
    /// Takes statements of one participant as one request: recorded together or not at all.
    ///
    /// What narrows is in force when this returns and its effects are executed; the answer to the ticket comes
    /// when the request is durable and, if it narrows, past the grace period.
    package mutating func submit(
        _ statements: [ConsentStatement],
        of participant: ParticipantID,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) -> ConsentTicket {
        let ticket = ConsentTicket(rawValue: nextNumber())
        guard !statements.isEmpty, statements.count <= ConsentLimits.statementsPerRequest,
            statements.allSatisfy({ $0.participant == participant && $0.fault == nil })
        else {
            effects.append(.refuse(ticket, .malformed))
            return ticket
        }
        let newest = newestState(of: participant)
        let current = statements.filter { !isSuperseded($0, by: newest) }
        guard !current.isEmpty else {
            answerSuperseded(ticket, statements, newest, now: now, effects: &effects)
            return ticket
        }
        enqueue(current, of: participant, ticket: ticket, now: now)
        refreshGates(of: participant, now: now, effects: &effects)
        let waiting = pending[participant]?.count { $0.ticket != nil } ?? 0
        if queue.count > ConsentLimits.waitingRequests || waiting > ConsentLimits.waitingPerParticipant {
            failNewest(ticket, of: participant, effects: &effects)
            refreshGates(of: participant, now: now, effects: &effects)
        } else {
            advance(effects: &effects)
        }
        return ticket
    }

    /// The events of `append` are durable.
    package mutating func appendCommitted(
        _ ticket: AppendTicket,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard let (inFlightTicket, events) = inFlight, inFlightTicket == ticket else { return }
        inFlight = nil
        var touched = OrderedParticipants()
        for written in events {
            takeDurable(written.event, ordinal: written.ordinal, effects: &effects)
            touched.insert(written.event.statement.participant)
        }
        doubtful.removeAll { $0.event.sequence <= durable.epoch }
        let finished = removeFinished(events)
        for participant in touched.inOrder {
            refreshGates(of: participant, now: now, effects: &effects)
        }
        answer(finished, now: now, effects: &effects)
        advance(effects: &effects)
    }

    /// The events of `append` are not durable, or nobody can tell.
    package mutating func appendFailed(
        _ ticket: AppendTicket,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard let (inFlightTicket, events) = inFlight, inFlightTicket == ticket else { return }
        inFlight = nil
        logState = .unknown
        doubtful += events
        var touched = OrderedParticipants()
        for lost in events {
            fail(lost.ordinal, of: lost.event.statement.participant, effects: &effects)
            touched.insert(lost.event.statement.participant)
        }
        for participant in touched.inOrder {
            refreshGates(of: participant, now: now, effects: &effects)
        }
        advance(effects: &effects)
    }

    /// The driver has seen every consumer let go of what it read before the grace period began.
    package mutating func graceCompleted(
        _ ticket: GraceTicket,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard let grace = graces.removeValue(forKey: ticket) else { return }
        for (ticket, events) in grace.answers {
            let acknowledgement = Acknowledgement(
                effectiveAt: now.wall,
                epoch: grace.epoch,
                events: events
            )
            effects.append(.acknowledge(ticket, acknowledgement))
        }
    }

    // MARK: - Steps

    /// What the log will say once everything that is pending has been written.
    func newestState(of participant: ParticipantID) -> RoomConsent {
        (pending[participant] ?? []).reduce(durable.restricted(to: participant)) { $0.overlaid(with: $1) }
    }

    /// Whether a later word than this token's has been spoken: a token presented again renews nothing.
    private func isSuperseded(_ statement: ConsentStatement, by newest: RoomConsent) -> Bool {
        guard statement.source == .token, let record = newest.record(for: statement.key) else { return false }
        return record.statement.givenAt >= statement.givenAt || record.event.time >= statement.givenAt
    }

    private func answerSuperseded(
        _ ticket: ConsentTicket,
        _ statements: [ConsentStatement],
        _ newest: RoomConsent,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        for statement in statements {
            let state = newest.record(for: statement.key)?.statement.state ?? .unknown
            if statement.permits, let reason = state.denyReason {
                effects.append(.refuse(ticket, reason))
                return
            }
        }
        let acknowledgement = Acknowledgement(effectiveAt: now.wall, epoch: durable.epoch, events: [])
        effects.append(.acknowledge(ticket, acknowledgement))
    }

    private mutating func enqueue(
        _ statements: [ConsentStatement],
        of participant: ParticipantID,
        ticket: ConsentTicket?,
        now: ClockReading
    ) {
        var earlier = [durable.restricted(to: participant)]
        for request in pending[participant] ?? [] {
            earlier.append(earlier[earlier.count - 1].overlaid(with: request))
        }
        let changes = statements.map { statement in
            PendingRequest.Change(
                statement: statement,
                narrows: earlier.contains { statement.narrows($0.record(for: statement.key)?.statement) }
            )
        }
        let request = PendingRequest(
            ordinal: nextNumber(),
            ticket: ticket,
            participant: participant,
            submittedAt: now.wall,
            changes: changes,
            phase: .queued
        )
        pending[participant, default: []].append(request)
        queue.append((participant, request.ordinal))
    }

    /// Starts the next append, or finds out first what the log holds.
    mutating func advance(effects: inout [ConsentEffect]) {
        guard inFlight == nil, !queue.isEmpty else { return }
        switch logState {
        case .reading: return
        case .unknown:
            logState = .reading
            effects.append(.readLog(after: durable.epoch))
        case .known:
            let batch = queue.prefix(ConsentLimits.requestsPerAppend)
            var events: [Doubtful] = []
            for (participant, ordinal) in batch {
                guard let index = pending[participant]?.firstIndex(where: { $0.ordinal == ordinal }),
                    let request = pending[participant]?[index]
                else { continue }
                pending[participant]?[index].phase = .inFlight
                for change in request.changes {
                    let event = ConsentEvent(
                        sequence: durable.epoch + UInt64(events.count) + 1,
                        time: request.submittedAt,
                        statement: change.statement
                    )
                    events.append(Doubtful(ordinal: ordinal, event: event))
                }
            }
            queue.removeFirst(batch.count)
            guard !events.isEmpty else { return advance(effects: &effects) }
            let ticket = AppendTicket(rawValue: nextNumber())
            inFlight = (ticket, events)
            effects.append(.append(events.map(\.event), ticket))
        }
    }

    /// Folds in an event of the log; what was fenced for its key before it has been spoken over.
    mutating func takeDurable(_ event: ConsentEvent, ordinal: UInt64, effects: inout [ConsentEffect]) {
        durable.apply(event)
        let participant = event.statement.participant
        for index in (pending[participant] ?? []).indices {
            guard let request = pending[participant]?[index], request.phase != .inFlight,
                request.ordinal < ordinal
            else { continue }
            pending[participant]?[index].changes.removeAll { $0.statement.key == event.statement.key }
        }
        pending[participant]?.removeAll { $0.changes.isEmpty }
        if pending[participant]?.isEmpty == true { pending[participant] = nil }
        effects.append(.recorded(event))
    }

    private mutating func removeFinished(
        _ events: [Doubtful]
    ) -> [(request: PendingRequest, events: [ConsentEvent])] {
        var finished: [(request: PendingRequest, events: [ConsentEvent])] = []
        for written in events {
            if let last = finished.last, last.request.ordinal == written.ordinal {
                finished[finished.count - 1].events.append(written.event)
                continue
            }
            let participant = written.event.statement.participant
            guard let index = pending[participant]?.firstIndex(where: { $0.ordinal == written.ordinal }),
                let request = pending[participant]?.remove(at: index)
            else { continue }
            if pending[participant]?.isEmpty == true { pending[participant] = nil }
            finished.append((request, [written.event]))
        }
        return finished
    }

    private mutating func answer(
        _ finished: [(request: PendingRequest, events: [ConsentEvent])],
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        var grace = Grace(answers: [], epoch: durable.epoch)
        for (request, events) in finished {
            guard let ticket = request.ticket else { continue }
            if request.narrows {
                grace.answers.append((ticket, events))
            } else {
                let acknowledgement = Acknowledgement(
                    effectiveAt: now.wall,
                    epoch: durable.epoch,
                    events: events
                )
                effects.append(.acknowledge(ticket, acknowledgement))
            }
        }
        guard !grace.answers.isEmpty else { return }
        let ticket = GraceTicket(rawValue: nextNumber())
        graces[ticket] = grace
        effects.append(.beginGrace(ticket))
    }

    private mutating func failNewest(
        _ ticket: ConsentTicket,
        of participant: ParticipantID,
        effects: inout [ConsentEffect]
    ) {
        guard let request = pending[participant]?.last, request.ticket == ticket else { return }
        queue.removeAll { $0.ordinal == request.ordinal }
        fail(request.ordinal, of: participant, effects: &effects)
    }
}

/// Participants in the order in which they were first met.
struct OrderedParticipants {
    private(set) var inOrder: [ParticipantID] = []
    private var known: Set<ParticipantID> = []

    mutating func insert(_ participant: ParticipantID) {
        if known.insert(participant).inserted { inOrder.append(participant) }
    }
}
