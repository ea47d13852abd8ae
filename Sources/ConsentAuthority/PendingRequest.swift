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
        let statement: ConsentStatement
        /// Whether it may take away something that an earlier state of its key permitted.
        let narrows: Bool
    }

    /// The order of submission within the room.
    let ordinal: UInt64
    /// Whom to answer; `nil` once answered.
    var ticket: ConsentTicket?
    let participant: ParticipantID
    let submittedAt: WallClockTime
    var changes: [Change]
    var phase: Phase

    var narrows: Bool { changes.contains(where: \.narrows) }
}

extension RoomConsent {
    /// This state as if `request` were in force.
    func overlaid(with request: PendingRequest) -> RoomConsent {
        var copy = self
        for change in request.changes {
            copy.overlay(
                ConsentEvent(sequence: .max, time: request.submittedAt, statement: change.statement)
            )
        }
        return copy
    }
}
