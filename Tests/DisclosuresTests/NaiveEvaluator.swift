import Disclosures
import Primitives

/// A second, slow evaluator that asks one question after the other of the whole log; written from the rules,
/// not from `decide`.
struct NaiveEvaluator {
    enum Answer: Hashable {
        case permit(notAfter: MonotonicTime, grant: UInt64)
        case deny(DenyReason)
    }

    let events: [ConsentEvent]

    func answer(_ request: DisclosureRequest, now: ClockReading) -> Answer {
        let current = events.filter { event in
            event.statement.participant == request.participant && event.statement.state != .unknown
                && !events.contains { later in
                    later.sequence > event.sequence && later.statement.key == event.statement.key
                }
        }
        let purposeMatches = { (event: ConsentEvent) in event.statement.purpose == request.audience.purpose }
        let streamMatches = { (event: ConsentEvent) in
            event.statement.stream.map { $0 == request.stream } ?? true
        }

        let refusals = current.filter { event in
            let statement = event.statement
            let isEverybody = statement.recipient == nil
            return [.revoked, .withdrawn, .invalidated, .refused].contains(statement.state)
                && purposeMatches(event) && streamMatches(event)
                && (isEverybody || statement.recipient == request.audience.recipient)
                && (statement.media.isEmpty || statement.media.contains(request.media))
        }
        for (state, reason) in [
            (ConsentState.revoked, DenyReason.revoked), (.withdrawn, .withdrawn),
            (.invalidated, .invalidated), (.refused, .refused),
        ] where refusals.contains(where: { $0.statement.state == state }) {
            return .deny(reason)
        }

        let grants = current.filter {
            [.given, .renewed].contains($0.statement.state) && $0.statement.source != .recordPreference
        }
        let ofPurpose = grants.filter(purposeMatches)
        let ofRecipient = ofPurpose.filter { $0.statement.recipient == request.audience.recipient }
        let ofStream = ofRecipient.filter(streamMatches)
        let ofMedia = ofStream.filter { $0.statement.media.contains(request.media) }
        let valid = ofMedia.filter { event in
            let validity = event.statement.validity
            return (validity.from ?? now.wall) <= now.wall && validity.until.map { now.wall < $0 } ?? true
        }
        let ranked = valid.sorted { left, right in
            let ends = (left.statement.validity.until, right.statement.validity.until)
            let latest = WallClockTime(nanosecondsSince1970: .max)
            let (leftEnd, rightEnd) = (ends.0 ?? latest, ends.1 ?? latest)
            return leftEnd == rightEnd ? left.sequence > right.sequence : leftEnd < rightEnd
        }
        if let first = ranked.first {
            let end = first.statement.validity.until
            return .permit(
                notAfter: end.map { now.monotonicDeadline(for: $0) } ?? .distantFuture,
                grant: first.sequence
            )
        }
        let unanswered = current.filter { event in
            purposeMatches(event) && streamMatches(event)
                && event.statement.recipient == request.audience.recipient
        }
        let hasState = { (state: ConsentState) in unanswered.contains { $0.statement.state == state } }
        if hasState(.expired) || !ofMedia.isEmpty { return .deny(.expired) }
        if hasState(.requestDeferred) { return .deny(.deferred) }
        if hasState(.requested) { return .deny(.requested) }
        if !ofStream.isEmpty { return .deny(.media) }
        if !ofRecipient.isEmpty { return .deny(.scope) }
        if !ofPurpose.isEmpty { return .deny(.recipient) }
        return .deny(grants.isEmpty ? .noRecord : .purpose)
    }
}
