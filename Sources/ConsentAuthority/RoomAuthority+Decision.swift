import Disclosures
import Primitives

extension RoomAuthority {
    /// What may be disclosed now: what is durable, less everything that is asked for and not durable yet.
    func decision(_ request: DisclosureRequest, now: ClockReading) -> Decision {
        let requests = pending[request.participant] ?? []
        if requests.isEmpty, windows.isEmpty { return decide(request, durable, now: now) }
        let base = windowed(durable.restricted(to: request.participant), request.participant, now: now)
        var state = base
        guard case .permit(var permit) = decide(request, state, now: now) else {
            return denial(request, base, requests, now: now)
        }
        for pendingRequest in requests {
            state = state.overlaid(with: pendingRequest)
            guard case .permit(let narrower) = decide(request, state, now: now) else {
                return denial(request, base, requests, now: now)
            }
            permit = permit.ending(noLaterThan: narrower.notAfter)
        }
        permit = permit.ending(noLaterThan: windowEnd(request, now: now))
        return now.monotonic < permit.notAfter ? .permit(permit) : .deny(.expired)
    }

    /// The newest reason against a disclosure: what the participant asked for last comes first.
    private func denial(
        _ request: DisclosureRequest,
        _ base: RoomConsent,
        _ requests: [PendingRequest],
        now: ClockReading
    ) -> Decision {
        var states = [base]
        for pendingRequest in requests {
            states.append(states[states.count - 1].overlaid(with: pendingRequest))
        }
        for (index, state) in states.enumerated().reversed() {
            guard case .deny(let reason) = decide(request, state, now: now) else { continue }
            let isFenced = index > 0 && requests[index - 1].phase == .fenced
            return .deny(isFenced ? .logUnavailable : reason)
        }
        return .deny(.malformed)
    }

    /// `state` with every grant expired that is outside the narrowest window ever computed for it.
    private func windowed(
        _ state: RoomConsent,
        _ participant: ParticipantID,
        now: ClockReading
    ) -> RoomConsent {
        var result = state
        for record in state.records(of: participant) {
            guard let window = windows[record.statement.key], window.grant == record.sequence,
                now.monotonic < window.opensAt || now.monotonic >= window.endsAt
            else { continue }
            let expired = record.statement.with(state: .expired)
            result.overlay(
                ConsentEvent(sequence: record.sequence, time: record.event.time, statement: expired)
            )
        }
        return result
    }

    /// The earliest end of the windows of the grants that may have permitted `request`.
    private func windowEnd(_ request: DisclosureRequest, now: ClockReading) -> MonotonicTime {
        var end = MonotonicTime.distantFuture
        for record in durable.records(of: request.participant) {
            let statement = record.statement
            guard let window = windows[statement.key], window.grant == record.sequence,
                window.opensAt <= now.monotonic, now.monotonic < window.endsAt,
                statement.validity.contains(now.wall),
                statement.purpose == request.audience.purpose,
                statement.recipient == request.audience.recipient,
                statement.stream == nil || statement.stream == request.stream,
                statement.media.contains(request.media)
            else { continue }
            end = min(end, window.endsAt)
        }
        return end
    }

    /// Computes the windows of one participant's grants again; the narrower of old and new stays.
    mutating func updateWindows(of participant: ParticipantID, now: ClockReading) {
        for record in durable.records(of: participant) {
            let validity = record.statement.validity
            let key = record.statement.key
            guard record.statement.permits, !validity.isUnbounded else {
                windows[key] = nil
                continue
            }
            let opensAt = validity.from.map { now.monotonicDeadline(for: $0) } ?? .distantPast
            let endsAt = validity.until.map { now.monotonicDeadline(for: $0) } ?? .distantFuture
            if let old = windows[key], old.grant == record.sequence {
                windows[key] = Window(
                    grant: old.grant,
                    opensAt: max(old.opensAt, opensAt),
                    endsAt: min(old.endsAt, endsAt)
                )
            } else {
                windows[key] = Window(grant: record.sequence, opensAt: opensAt, endsAt: endsAt)
            }
        }
    }

    func heartbeatIsFresh(_ now: MonotonicTime) -> Bool {
        guard let newestHeartbeat else { return false }
        return now
            <= newestHeartbeat.advanced(byMilliseconds: ConsentTiming.heartbeatFreshnessMilliseconds)
    }
}
