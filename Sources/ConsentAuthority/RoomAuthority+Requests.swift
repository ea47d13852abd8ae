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
        submit(
            statements.map { .statement($0) },
            about: .participant(participant),
            now: now,
            effects: &effects
        )
    }

    /// Takes events about one participant, or about the room, as one request: recorded together or not at all.
    package mutating func submit(
        _ contents: [ConsentEvent.Content],
        about subject: ConsentEvent.Subject,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) -> ConsentTicket {
        let ticket = ConsentTicket(rawValue: nextNumber())
        guard !contents.isEmpty, contents.count <= ConsentLimits.contentsPerRequest,
            contents.allSatisfy({ $0.subject == subject && $0.fault == nil })
        else {
            effects.append(.refuse(ticket, .malformed))
            return ticket
        }
        let newest = newestState(of: subject)
        let current = contents.filter { !isSuperseded($0, by: newest) }
        guard !current.isEmpty else {
            answerSuperseded(ticket, contents, newest, now: now, effects: &effects)
            return ticket
        }
        enqueue(current, about: subject, ticket: ticket, now: now)
        refreshGates(of: subject, now: now, effects: &effects)
        let waiting = pending[subject]?.count { $0.ticket != nil } ?? 0
        if queue.count > ConsentLimits.waitingRequests || waiting > ConsentLimits.waitingPerSubject {
            failNewest(ticket, of: subject, effects: &effects)
            refreshGates(of: subject, now: now, effects: &effects)
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
        var touched = OrderedSubjects()
        for written in events {
            takeDurable(written.event, ordinal: written.ordinal, effects: &effects)
            touched.insert(written.event.subject)
        }
        doubtful.removeAll { $0.event.sequence <= durable.epoch }
        let finished = removeFinished(events)
        for subject in touched.inOrder {
            refreshGates(of: subject, now: now, effects: &effects)
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
        var touched = OrderedSubjects()
        for lost in events {
            fail(lost.ordinal, of: lost.event.subject, effects: &effects)
            touched.insert(lost.event.subject)
        }
        for subject in touched.inOrder {
            refreshGates(of: subject, now: now, effects: &effects)
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

    /// What is durable, as far as it is about `subject`; all of it for the room.
    func base(of subject: ConsentEvent.Subject) -> RoomConsent {
        subject.participant.map { durable.restricted(to: $0) } ?? durable
    }

    /// What waits and touches `subject`, in the order of submission.
    func pendingRequests(touching subject: ConsentEvent.Subject) -> [PendingRequest] {
        guard !pending.isEmpty else { return [] }
        let own = subject == .room ? [] : pending[subject] ?? []
        return ((pending[.room] ?? []) + own).sorted { $0.ordinal < $1.ordinal }
    }

    /// What the log will say once everything that is pending has been written.
    func newestState(of subject: ConsentEvent.Subject) -> RoomConsent {
        base(of: subject).overlaid(with: pendingRequests(touching: subject))
    }

    /// Whether a later word than this token's has been spoken: a token presented again renews nothing, and who has
    /// taken anything back since it was issued is not spoken for by it any more.
    private func isSuperseded(_ content: ConsentEvent.Content, by newest: RoomConsent) -> Bool {
        guard case .statement(let statement) = content, statement.source == .token else { return false }
        func isLater(_ record: ConsentRecord) -> Bool {
            record.statement.givenAt >= statement.givenAt || record.time >= statement.givenAt
        }
        if let record = newest.record(for: statement.key) { return isLater(record) }
        return newest.records(of: statement.participant).contains { record in
            record.statement.state.refuses && !record.statement.source.onlyNarrows && isLater(record)
        }
    }

    private func answerSuperseded(
        _ ticket: ConsentTicket,
        _ contents: [ConsentEvent.Content],
        _ newest: RoomConsent,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        for case .statement(let statement) in contents {
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
        _ contents: [ConsentEvent.Content],
        about subject: ConsentEvent.Subject,
        ticket: ConsentTicket?,
        now: ClockReading
    ) {
        let earlier = base(of: subject).prefixes(with: pendingRequests(touching: subject))
        let changes = contents.map { content in
            PendingRequest.Change(content: content, narrows: earlier.contains { content.narrows($0) })
        }
        let request = PendingRequest(
            ordinal: nextNumber(),
            ticket: ticket,
            subject: subject,
            submittedAt: now.wall,
            changes: changes,
            phase: .queued
        )
        pending[subject, default: []].append(request)
        queue.append((subject, request.ordinal))
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
            for (subject, ordinal) in batch {
                guard let index = pending[subject]?.firstIndex(where: { $0.ordinal == ordinal }),
                    let request = pending[subject]?[index]
                else { continue }
                pending[subject]?[index].phase = .inFlight
                for change in request.changes {
                    let event = ConsentEvent(
                        sequence: durable.epoch + UInt64(events.count) + 1,
                        time: request.submittedAt,
                        content: change.content
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

    /// Folds in an event of the log; what was fenced and spoken over by it is forgotten.
    mutating func takeDurable(_ event: ConsentEvent, ordinal: UInt64, effects: inout [ConsentEffect]) {
        durable.apply(event)
        let subject = event.subject
        if var requests = pending[subject] {
            for index in requests.indices
            where requests[index].phase != .inFlight && requests[index].ordinal < ordinal {
                requests[index].changes = requests[index].changes.compactMap {
                    $0.remainder(after: event.content)
                }
            }
            requests.removeAll { $0.changes.isEmpty }
            pending[subject] = requests.isEmpty ? nil : requests
        }
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
            let subject = written.event.subject
            guard let index = pending[subject]?.firstIndex(where: { $0.ordinal == written.ordinal }),
                let request = pending[subject]?.remove(at: index)
            else { continue }
            if pending[subject]?.isEmpty == true { pending[subject] = nil }
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
        of subject: ConsentEvent.Subject,
        effects: inout [ConsentEffect]
    ) {
        guard let request = pending[subject]?.last, request.ticket == ticket else { return }
        queue.removeAll { $0.ordinal == request.ordinal }
        fail(request.ordinal, of: subject, effects: &effects)
    }
}

/// Subjects in the order in which they were first met.
struct OrderedSubjects {
    private(set) var inOrder: [ConsentEvent.Subject] = []
    private var known: Set<ConsentEvent.Subject> = []

    mutating func insert(_ subject: ConsentEvent.Subject) {
        if known.insert(subject).inserted { inOrder.append(subject) }
    }
}
