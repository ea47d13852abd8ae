import Disclosures
import Primitives

extension RoomAuthority {
    /// Answers one request that was not written: what widens is forgotten, what narrows stays as a fence.
    mutating func fail(_ ordinal: UInt64, of participant: ParticipantID, effects: inout [ConsentEffect]) {
        guard let index = pending[participant]?.firstIndex(where: { $0.ordinal == ordinal }),
            var request = pending[participant]?[index]
        else { return }
        if let ticket = request.ticket { effects.append(.refuse(ticket, .logUnavailable)) }
        request.ticket = nil
        request.phase = .fenced
        var prior = state(of: participant, before: ordinal)
        let lost = request.changes
        request.changes = lost.compactMap { change in
            let residue = change.statement.residue(after: prior.record(for: change.statement.key)?.statement)
            guard let residue else { return nil }
            prior.overlay(ConsentEvent(sequence: .max, time: request.submittedAt, statement: residue))
            return PendingRequest.Change(statement: residue, narrows: true)
        }
        pending[participant]?[index] = request
        compactFences(of: participant)
        if pending[participant]?.isEmpty == true { pending[participant] = nil }
    }

    /// The log's events after the fold, in their order, in answer to `readLog`.
    package mutating func logRead(
        _ events: [ConsentEvent],
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard logState == .reading else { return }
        logState = .known
        var touched = OrderedParticipants()
        for event in events where event.sequence > durable.epoch {
            if let refused = doubtful.first(where: { $0.event == event }) { undo(refused) }
            durable.apply(event)
            effects.append(.recorded(event))
            touched.insert(event.statement.participant)
        }
        doubtful.removeAll { $0.event.sequence <= durable.epoch }
        requeueFences()
        for participant in touched.inOrder {
            refreshGates(of: participant, now: now, effects: &effects)
        }
        advance(effects: &effects)
    }

    /// The log does not answer: nothing that waits for it can be recorded.
    package mutating func logReadFailed(now: ClockReading, effects: inout [ConsentEffect]) {
        guard logState == .reading else { return }
        logState = .unknown
        var touched = OrderedParticipants()
        let waiting = queue
        queue = []
        for (participant, ordinal) in waiting {
            fail(ordinal, of: participant, effects: &effects)
            touched.insert(participant)
        }
        for participant in touched.inOrder {
            refreshGates(of: participant, now: now, effects: &effects)
        }
    }

    /// Begins again to write, if something waits for the log to come back.
    mutating func resume(effects: inout [ConsentEffect]) {
        guard inFlight == nil else { return }
        switch logState {
        case .reading: return
        case .unknown:
            logState = .reading
            effects.append(.readLog(after: durable.epoch))
        case .known:
            requeueFences()
            advance(effects: &effects)
        }
    }

    /// Makes up for an event that was written although its requester was told otherwise.
    ///
    /// What it takes away was asked for and stands. What it adds must not take effect: what was in force before
    /// is written again, in the event's place in the order of requests.
    private mutating func undo(_ refused: Doubtful) {
        let statement = refused.event.statement
        let participant = statement.participant
        let prior = state(of: participant, before: refused.ordinal).record(for: statement.key)?.statement
        let residue = statement.residue(after: prior)
        var target: ConsentStatement?
        if residue != statement {
            target = residue ?? prior ?? (statement.permits ? statement.with(state: .invalidated) : nil)
        }
        let change = target.map { PendingRequest.Change(statement: $0, narrows: true) }
        var requests = pending[participant] ?? []
        if let index = requests.firstIndex(where: { $0.ordinal == refused.ordinal }) {
            requests[index].changes.removeAll { $0.statement.key == statement.key }
            if let change { requests[index].changes.append(change) }
            if requests[index].changes.isEmpty { requests.remove(at: index) }
        } else if let change {
            let request = PendingRequest(
                ordinal: refused.ordinal,
                ticket: nil,
                participant: participant,
                submittedAt: refused.event.time,
                changes: [change],
                phase: .fenced
            )
            let place = requests.firstIndex { $0.ordinal > refused.ordinal } ?? requests.count
            requests.insert(request, at: place)
        }
        pending[participant] = requests.isEmpty ? nil : requests
    }

    /// What is durable together with what was asked for before the request `ordinal`.
    private func state(of participant: ParticipantID, before ordinal: UInt64) -> RoomConsent {
        (pending[participant] ?? []).prefix { $0.ordinal < ordinal }
            .reduce(durable.restricted(to: participant)) { $0.overlaid(with: $1) }
    }

    /// Puts every fence back in line, in the order of submission.
    private mutating func requeueFences() {
        for (participant, requests) in pending {
            for (index, request) in requests.enumerated() where request.phase == .fenced {
                pending[participant]?[index].phase = .queued
                queue.append((participant, request.ordinal))
            }
        }
        // Fences come before what was asked for after them.
        queue.sort { $0.ordinal < $1.ordinal }
    }

    /// Keeps the fences of one participant few: a refusal of a whole key makes its earlier fences needless.
    private mutating func compactFences(of participant: ParticipantID) {
        var fenced: [ConsentStatement] = []
        var kept = pending[participant] ?? []
        for index in kept.indices.reversed() where kept[index].phase == .fenced {
            kept[index].changes.removeAll { change in
                fenced.contains { later in
                    later.key == change.statement.key
                        && (later.state.refuses && later.media.isEmpty || later.isAlike(change.statement))
                }
            }
            fenced += kept[index].changes.map(\.statement)
        }
        kept.removeAll { $0.changes.isEmpty }
        pending[participant] = kept.isEmpty ? nil : kept
        guard fenced.count > ConsentLimits.fencesPerParticipant else { return }
        refuseEverything(of: participant)
    }

    /// The last resort against fences without number: one refusal for each purpose in place of all of them.
    private mutating func refuseEverything(of participant: ParticipantID) {
        guard let newest = pending[participant]?.last(where: { $0.phase == .fenced }) else { return }
        pending[participant]?.removeAll { $0.phase == .fenced && $0.ordinal != newest.ordinal }
        guard let index = pending[participant]?.firstIndex(where: { $0.ordinal == newest.ordinal })
        else { return }
        pending[participant]?[index].changes = Purpose.allCases.map { purpose in
            PendingRequest.Change(
                statement: ConsentStatement(
                    participant: participant,
                    purpose: purpose,
                    state: .invalidated,
                    media: [],
                    source: .api,
                    givenAt: newest.submittedAt
                ),
                narrows: true
            )
        }
    }
}

extension ConsentStatement {
    /// Whether two statements of one key say the same, whenever they were given.
    fileprivate func isAlike(_ other: ConsentStatement) -> Bool {
        state == other.state && media == other.media && validity == other.validity
    }
}
