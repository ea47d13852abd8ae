import Disclosures
import Primitives

extension RoomAuthority {
    /// What may be disclosed now: what is durable, less everything that is asked for and not durable yet.
    ///
    /// `joint` keeps what everybody on air says of an audience, for the length of one pass over the gates.
    func decision(
        _ request: DisclosureRequest,
        _ joint: inout [JointAudience: Decision],
        now: ClockReading
    ) -> Decision {
        guard needsEverybody(request) else { return decision(about: request, now: now) }
        var alone = request
        alone.onAir = []
        guard case .permit(let permit) = decision(about: alone, now: now) else {
            return decision(about: alone, now: now)
        }
        if tracks.isEmpty { return .permit(permit) }
        let key = JointAudience(audience: request.audience, region: request.recipientRegion)
        let everybody = joint[key] ?? self.everybody(toward: key, now: now)
        joint[key] = everybody
        guard case .permit(let narrower) = everybody else { return everybody }
        return .permit(permit.ending(noLaterThan: narrower.notAfter))
    }

    /// Whether everybody on air has agreed to an audience, each by what waits for it alone.
    private func everybody(toward joint: JointAudience, now: ClockReading) -> Decision {
        var governing: Permit?
        for track in tracks.values {
            let present = PresentAudience(audience: joint.audience, region: joint.region)
            var request = request(track, present)
            request.onAir = []
            switch decision(about: request, now: now) {
            case .permit(let permit): governing = governing?.ending(noLaterThan: permit.notAfter) ?? permit
            case .deny(let reason): return .deny(reason == .logUnavailable ? reason : .allParty)
            }
        }
        return governing.map { .permit($0) } ?? .deny(.allParty)
    }

    /// Whether a disclosure depends on everybody on air, now or once what waits is in force.
    private func needsEverybody(_ request: DisclosureRequest) -> Bool {
        request.audience.purpose.capturesRoom && request.captured == nil && isAllParty
    }

    /// Whether the room is `all-party`, or becomes so with something that waits.
    var isAllParty: Bool {
        if durable.rules.consentRule == .allParty { return true }
        return (pending[.room] ?? []).contains { request in
            request.changes.contains { change in
                if case .rules(let rules) = change.content { return rules.consentRule == .allParty }
                return false
            }
        }
    }

    private func decision(about request: DisclosureRequest, now: ClockReading) -> Decision {
        let participant = request.participant
        let requests = pendingRequests(touching: .participant(participant))
        if requests.isEmpty, windows[participant] == nil { return decide(request, durable, now: now) }
        let base = clamped(durable.restricted(to: participant), participant, now: now)
        let states = base.prefixes(with: requests)
        var permit: Permit?
        for state in states {
            guard case .permit(let next) = decide(request, state, now: now) else {
                return denial(request, states, requests, now: now)
            }
            permit = permit?.ending(noLaterThan: next.notAfter) ?? next
        }
        return permit.map { .permit($0) } ?? .deny(.malformed)
    }

    /// The newest reason against a disclosure: what was asked for last comes first.
    private func denial(
        _ request: DisclosureRequest,
        _ states: [RoomConsent],
        _ requests: [PendingRequest],
        now: ClockReading
    ) -> Decision {
        for (index, state) in states.enumerated().reversed() {
            guard case .deny(let reason) = decide(request, state, now: now) else { continue }
            let isFenced = index > 0 && requests[index - 1].phase == .fenced
            return .deny(isFenced ? .logUnavailable : reason)
        }
        return .deny(.malformed)
    }

    // MARK: - Windows

    /// `state` with everything cut to the narrowest window ever computed for it.
    private func clamped(
        _ state: RoomConsent,
        _ participant: ParticipantID,
        now: ClockReading
    ) -> RoomConsent {
        guard let own = windows[participant] else { return state }
        var result = state
        for record in state.records(of: participant) {
            guard let window = own[record.sequence] else { continue }
            let validity = record.statement.validity.intersection(window.inCivilTime(now: now))
            guard validity != record.statement.validity else { continue }
            let cut = record.statement.with(validity: validity)
            result.overlay(ConsentEvent(sequence: record.sequence, time: record.time, statement: cut))
        }
        for recorded in state.demands(of: participant) {
            guard let window = own[recorded.sequence] else { continue }
            let validity = recorded.demand.validity.intersection(window.inCivilTime(now: now))
            let cut = ConsentEvent.Content.demand(recorded.demand.with(validity: validity))
            result.overlay(ConsentEvent(sequence: recorded.sequence, time: now.wall, content: cut))
        }
        return result
    }

    /// Computes the windows of one participant's grants again; the narrower of old and new stays.
    mutating func updateWindows(of participant: ParticipantID, now: ClockReading) {
        var bounded: [UInt64: ValidityWindow] = [:]
        for record in durable.records(of: participant)
        where record.statement.permits && !record.statement.validity.isUnbounded {
            bounded[record.sequence] = record.statement.validity
        }
        for recorded in durable.demands(of: participant)
        where !recorded.demand.isLifted && !recorded.demand.validity.isUnbounded {
            bounded[recorded.sequence] = recorded.demand.validity
        }
        guard !bounded.isEmpty else {
            windows[participant] = nil
            return
        }
        let old = windows[participant] ?? [:]
        var updated: [UInt64: Window] = [:]
        for (sequence, validity) in bounded {
            let window = Window(validity, now: now)
            updated[sequence] = old[sequence].map { $0.intersection(window) } ?? window
        }
        windows[participant] = updated
    }

    func heartbeatIsFresh(_ now: MonotonicTime) -> Bool {
        guard let newestHeartbeat else { return false }
        return now
            <= newestHeartbeat.advanced(byMilliseconds: ConsentTiming.heartbeatFreshnessMilliseconds)
    }

    /// Why a disclosure that is granted does not happen: the log does not answer, or nobody has renewed the lease.
    func lapseReason(_ now: MonotonicTime) -> DenyReason {
        heartbeatIsFresh(now) ? .leaseExpired : .logUnavailable
    }
}

extension RoomAuthority.Window {
    /// What `validity` is on the monotonic clock as the civil clock runs now.
    fileprivate init(_ validity: ValidityWindow, now: ClockReading) {
        opensAt = validity.from.map { now.monotonicDeadline(for: $0) } ?? .distantPast
        endsAt = validity.until.map { now.monotonicDeadline(for: $0) } ?? .distantFuture
    }

    fileprivate func intersection(_ other: Self) -> Self {
        var narrower = self
        narrower.opensAt = max(opensAt, other.opensAt)
        narrower.endsAt = min(endsAt, other.endsAt)
        return narrower
    }

    /// What this window is in civil time as the clocks run now.
    fileprivate func inCivilTime(now: ClockReading) -> ValidityWindow {
        func wall(_ time: MonotonicTime) -> WallClockTime {
            now.wall.advanced(byNanoseconds: time.nanoseconds(since: now.monotonic))
        }
        return ValidityWindow(
            from: opensAt <= now.monotonic ? nil : wall(opensAt),
            until: endsAt == .distantFuture ? nil : wall(max(endsAt, now.monotonic))
        )
    }
}
