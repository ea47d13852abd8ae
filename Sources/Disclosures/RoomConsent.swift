import Primitives

/// The newest event about one key.
package struct ConsentRecord: Sendable, Hashable {
    package let event: ConsentEvent

    package init(_ event: ConsentEvent) {
        self.event = event
    }

    package var sequence: UInt64 { event.sequence }
    package var statement: ConsentStatement { event.statement }
}

/// What a room's log says: a deterministic fold over its events, in their order.
package struct RoomConsent: Sendable, Hashable {
    /// Sequence of the last event folded in; 0 for an empty log.
    package private(set) var epoch: UInt64 = 0
    private var participants: [ParticipantID: [ConsentKey: ConsentRecord]] = [:]

    package init() {}

    /// The fold of `events`, which are in the order of their sequences.
    package init(folding events: some Sequence<ConsentEvent>) {
        for event in events { apply(event) }
    }

    /// Takes the log's next event; one that is not newer than the epoch changes nothing.
    package mutating func apply(_ event: ConsentEvent) {
        guard event.sequence > epoch else { return }
        epoch = event.sequence
        overlay(event)
    }

    /// Puts an event in force that the log does not hold (yet), leaving the epoch as it is.
    package mutating func overlay(_ event: ConsentEvent) {
        let key = event.statement.key
        if event.statement.state == .unknown {
            participants[key.participant]?[key] = nil
        } else {
            participants[key.participant, default: [:]][key] = ConsentRecord(event)
        }
    }

    /// The participant's records, in no particular order.
    package func records(of participant: ParticipantID) -> some Collection<ConsentRecord> {
        (participants[participant] ?? [:]).values
    }

    /// The record in force for `key`, if there is one.
    package func record(for key: ConsentKey) -> ConsentRecord? {
        participants[key.participant]?[key]
    }

    /// This state with the records of one participant only, and the same epoch.
    package func restricted(to participant: ParticipantID) -> RoomConsent {
        var copy = RoomConsent()
        copy.epoch = epoch
        copy.participants[participant] = participants[participant]
        return copy
    }

    /// Everybody who has a record.
    package var knownParticipants: some Collection<ParticipantID> { participants.keys }
}
