import Disclosures
import Primitives

/// A request that the log does not hold yet.
///
/// While it is pending it can only take away: a gate opens when what is durable permits, and what is durable
/// together with every pending request, taken one after the other, permits too.
struct PendingRequest {
    enum Phase: Hashable {
        /// Waits for its turn to be appended.
        case queued
        /// Is being appended.
        case inFlight
        /// Its append failed; what it narrows stays in force and is appended again when the log is back.
        case fenced
    }

    struct Change {
        let content: ConsentEvent.Content
        /// Whether it may take away something that an earlier state permitted.
        let narrows: Bool
    }

    /// The order of submission within the room.
    let ordinal: UInt64
    /// Whom to answer; `nil` once answered.
    var ticket: ConsentTicket?
    let subject: ConsentEvent.Subject
    let submittedAt: WallClockTime
    var changes: [Change]
    var phase: Phase

    var narrows: Bool { changes.contains(where: \.narrows) }
}

extension RoomConsent {
    /// This state as if `request` were in force; its events get the sequences after `last`.
    func overlaid(with request: PendingRequest, after last: inout UInt64) -> RoomConsent {
        var copy = self
        for change in request.changes {
            last += 1
            copy.overlay(ConsentEvent(sequence: last, time: request.submittedAt, content: change.content))
        }
        return copy
    }

    /// This state as if all of `requests` were in force, taken one after the other.
    func overlaid(with requests: some Sequence<PendingRequest>) -> RoomConsent {
        var last = epoch
        return requests.reduce(self) { $0.overlaid(with: $1, after: &last) }
    }

    /// This state, and what it becomes with each of `requests` taken in turn.
    func prefixes(with requests: [PendingRequest]) -> [RoomConsent] {
        var last = epoch
        var states = [self]
        for request in requests {
            states.append(states[states.count - 1].overlaid(with: request, after: &last))
        }
        return states
    }
}
