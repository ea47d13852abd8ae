import Disclosures
import Primitives

extension RoomAuthority {
    /// Answers one request that was not written: what widens is forgotten, what narrows stays as a fence.
    mutating func fail(
        _ ordinal: UInt64,
        of subject: ConsentEvent.Subject,
        effects: inout [ConsentEffect]
    ) {
        guard let index = pending[subject]?.firstIndex(where: { $0.ordinal == ordinal }),
            var request = pending[subject]?[index]
        else { return }
        if let ticket = request.ticket { effects.append(.refuse(ticket, .logUnavailable)) }
        request.ticket = nil
        request.phase = .fenced
        let earlier = pendingRequests(touching: subject).filter { $0.ordinal < ordinal }
        let lost = request.changes
        request.changes = []
        for change in lost {
            let before = base(of: subject).overlaid(with: earlier + [request])
            guard let residue = change.content.residue(in: before) else { continue }
            request.changes.append(PendingRequest.Change(content: residue, narrows: true))
        }
        pending[subject]?[index] = request
        compactFences(of: subject)
        if pending[subject]?.isEmpty == true { pending[subject] = nil }
    }

    /// The log's events after the fold, in their order, in answer to `readLog`.
    package mutating func logRead(
        _ events: [ConsentEvent],
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard logState == .reading else { return }
        logState = .known
        var touched = OrderedSubjects()
        for event in events where event.sequence > durable.epoch {
            if let refused = doubtful.first(where: { $0.event == event }) { undo(refused) }
            durable.apply(event)
            effects.append(.recorded(event))
            touched.insert(event.subject)
        }
        doubtful.removeAll { $0.event.sequence <= durable.epoch }
        requeueFences()
        for subject in touched.inOrder {
            refreshGates(of: subject, now: now, effects: &effects)
        }
        advance(effects: &effects)
    }

    /// The log does not answer: nothing that waits for it can be recorded.
    package mutating func logReadFailed(now: ClockReading, effects: inout [ConsentEffect]) {
        guard logState == .reading else { return }
        logState = .unknown
        var touched = OrderedSubjects()
        let waiting = queue
        queue = []
        for (subject, ordinal) in waiting {
            fail(ordinal, of: subject, effects: &effects)
            touched.insert(subject)
        }
        for subject in touched.inOrder {
            refreshGates(of: subject, now: now, effects: &effects)
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
        let content = refused.event.content
        let subject = refused.event.subject
        let correction = content.correction(in: state(of: subject, before: refused.ordinal))
        let change = correction.map { PendingRequest.Change(content: $0, narrows: true) }
        var requests = pending[subject] ?? []
        if let index = requests.firstIndex(where: { $0.ordinal == refused.ordinal }) {
            requests[index].changes = requests[index].changes.compactMap { $0.remainder(after: content) }
            if let change { requests[index].changes.append(change) }
            if requests[index].changes.isEmpty { requests.remove(at: index) }
        } else if let change {
            let request = PendingRequest(
                ordinal: refused.ordinal,
                ticket: nil,
                subject: subject,
                submittedAt: refused.event.time,
                changes: [change],
                phase: .fenced
            )
            let place = requests.firstIndex { $0.ordinal > refused.ordinal } ?? requests.count
            requests.insert(request, at: place)
        }
        pending[subject] = requests.isEmpty ? nil : requests
    }

    /// What is durable together with what was asked for before the request `ordinal`.
    private func state(of subject: ConsentEvent.Subject, before ordinal: UInt64) -> RoomConsent {
        base(of: subject).overlaid(with: pendingRequests(touching: subject).prefix { $0.ordinal < ordinal })
    }

    /// Puts every fence back in line, in the order of submission.
    private mutating func requeueFences() {
        for (subject, requests) in pending {
            for (index, request) in requests.enumerated() where request.phase == .fenced {
                pending[subject]?[index].phase = .queued
                queue.append((subject, request.ordinal))
            }
        }
        // Fences come before what was asked for after them.
        queue.sort { $0.ordinal < $1.ordinal }
    }

    /// Keeps the fences of one subject few: a later one makes an earlier one needless that takes away no more.
    private mutating func compactFences(of subject: ConsentEvent.Subject) {
        var fenced: [ConsentEvent.Content] = []
        var kept = pending[subject] ?? []
        for index in kept.indices.reversed() where kept[index].phase == .fenced {
            kept[index].changes = kept[index].changes.compactMap { change in
                let content = fenced.reduce(Optional(change.content)) { $0?.remainder(afterFence: $1) }
                return content.map { PendingRequest.Change(content: $0, narrows: true) }
            }
            fenced += kept[index].changes.map(\.content)
        }
        kept.removeAll { $0.changes.isEmpty }
        pending[subject] = kept.isEmpty ? nil : kept
        guard fenced.count > ConsentLimits.fencesPerSubject else { return }
        refuseEverything(of: subject)
    }

    /// The last resort against fences without number: few that take away everything in place of all of them.
    private mutating func refuseEverything(of subject: ConsentEvent.Subject) {
        guard let newest = pending[subject]?.last(where: { $0.phase == .fenced }) else { return }
        let fenced = (pending[subject] ?? []).filter { $0.phase == .fenced }.flatMap(\.changes).map(\.content)
        pending[subject]?.removeAll { $0.phase == .fenced && $0.ordinal != newest.ordinal }
        guard let index = pending[subject]?.firstIndex(where: { $0.ordinal == newest.ordinal }) else {
            return
        }
        let least = ConsentEvent.Content.least(of: fenced, subject, at: newest.submittedAt)
        pending[subject]?[index].changes = least.map { PendingRequest.Change(content: $0, narrows: true) }
    }
}

extension PendingRequest.Change {
    /// What stays of this change once `later` has been written.
    func remainder(after later: ConsentEvent.Content) -> PendingRequest.Change? {
        content.remainder(after: later).map { PendingRequest.Change(content: $0, narrows: narrows) }
    }
}

extension ConsentEvent.Content {
    /// Few events that take away at least what `fenced` take away together.
    fileprivate static func least(
        of fenced: [ConsentEvent.Content],
        _ subject: ConsentEvent.Subject,
        at time: WallClockTime
    ) -> [ConsentEvent.Content] {
        var least: [ConsentEvent.Content] = []
        var newestHold: ProcessingHold?
        var newestNotice: NoticeVersion?
        for content in fenced {
            switch content {
            case .statement: break
            case .hold(let hold): newestHold = hold
            case .notice(let notice): newestNotice = notice
            case .rules, .principal, .demand, .controller, .erased: least.append(content)
            }
        }
        if let participant = subject.participant {
            least += Purpose.allCases.map { purpose in
                let refusal = ConsentStatement(
                    participant: participant,
                    purpose: purpose,
                    state: .invalidated,
                    media: [],
                    source: .api,
                    givenAt: time
                )
                return .statement(refusal)
            }
        }
        if let hold = newestHold {
            let everything = ProcessingHold(id: hold.id, participant: hold.participant, reason: hold.reason)
            least.append(.hold(everything))
        }
        if let newestNotice {
            least.append(.notice(newestNotice.touching(Set(Purpose.allCases), change: .material)))
        }
        return least
    }
}
