import Primitives

/// The newest statement about one key.
package struct ConsentRecord: Sendable, Hashable {
    package let sequence: UInt64
    /// When the relay took it.
    package let time: WallClockTime
    package let statement: ConsentStatement

    package init(sequence: UInt64, time: WallClockTime, statement: ConsentStatement) {
        self.sequence = sequence
        self.time = time
        self.statement = statement
    }
}

/// What a room's log says: a deterministic fold over its events, in their order.
package struct RoomConsent: Sendable, Hashable {
    /// A moment in the log before which grants do not count any more.
    struct Watermark: Sendable, Hashable {
        let sequence: UInt64
        let time: WallClockTime

        /// Whether `record` was given before this moment, by its place or by its own words.
        func isAfter(_ record: ConsentRecord) -> Bool {
            record.sequence < sequence || record.statement.givenAt < time
        }
    }

    /// A legal demand, and the event that carries it.
    package struct RecordedDemand: Sendable, Hashable {
        package let sequence: UInt64
        package let demand: LegalDemand
    }

    /// What the log says of one participant.
    struct Participant: Sendable, Hashable {
        var records: [ConsentKey: ConsentRecord] = [:]
        var status: PrincipalStatus?
        /// Grants before the newest deactivation are over for good.
        var ended: Watermark?
        var demands: [String: RecordedDemand] = [:]
        var holds: [String: ProcessingHold] = [:]
        /// The events that say when recording was agreed to.
        var captureHistory: [ConsentEvent] = []
    }

    /// What the log says of the room as a whole.
    struct Room: Sendable, Hashable {
        var rules = RoomRules.initial
        /// Since when the room declares itself recorded-only.
        var recordedOnlySince: WallClockTime?
        var controller: String?
        var controllerSince: Watermark?
        var requirements: [Purpose: NoticeRequirement] = [:]
        var notices: [NoticeVersion] = []
        /// The events that say under which terms recording was agreed to.
        var captureHistory: [ConsentEvent] = []
    }

    /// Sequence of the last event folded in; 0 for an empty log.
    package internal(set) var epoch: UInt64 = 0
    var participants: [ParticipantID: Participant] = [:]
    var room = Room()

    package init() {}

    /// The fold of `events`, which are in the order of their sequences.
    package init(folding events: some Sequence<ConsentEvent>) {
        for event in events { apply(event) }
    }

    /// The participant's records, in no particular order.
    package func records(of participant: ParticipantID) -> some Collection<ConsentRecord> {
        (participants[participant]?.records ?? [:]).values
    }

    /// The record in force for `key`, if there is one.
    package func record(for key: ConsentKey) -> ConsentRecord? {
        participants[key.participant]?.records[key]
    }

    /// What is known of a participant as a person.
    package func status(of participant: ParticipantID) -> PrincipalStatus {
        participants[participant]?.status ?? PrincipalStatus(participant: participant)
    }

    /// The legal demands on record for a participant, lifted ones included.
    package func demands(of participant: ParticipantID) -> some Collection<RecordedDemand> {
        (participants[participant]?.demands ?? [:]).values
    }

    /// The holds on record for a participant, lifted ones included.
    package func holds(of participant: ParticipantID) -> some Collection<ProcessingHold> {
        (participants[participant]?.holds ?? [:]).values
    }

    /// The rules in force.
    package var rules: RoomRules { room.rules }

    /// Who decides about the room's data; `nil` while no notice has named anybody.
    package var controller: String? { room.controller }

    /// Every notice published in the room, oldest first.
    package var notices: [NoticeVersion] { room.notices }

    /// The notices that a grant for `purpose` may rest on, oldest first; none where no notice touches it.
    package func notices(acceptedFor purpose: Purpose) -> [NoticeVersion] {
        guard let requirement = room.requirements[purpose] else { return [] }
        var newest: [String: NoticeVersion] = [:]
        for notice in room.notices where requirement.accepts(sha256: notice.sha256) {
            newest[notice.sha256] = notice
        }
        return room.notices.filter { newest[$0.sha256] == $0 }
    }

    /// Everybody of whom the log says something.
    package var knownParticipants: some Collection<ParticipantID> { participants.keys }

    /// Whether something that came after a grant keeps it from counting: the end of the participation, another
    /// controller, a material change of the notice.
    package func isSuspended(_ record: ConsentRecord) -> Bool {
        let ended = participants[record.statement.participant]?.ended
        return ended?.isAfter(record) == true || room.controllerSince?.isAfter(record) == true
            || room.requirements[record.statement.purpose]?.accepts(record) == false
    }

    /// What is in force for `key`, as an event would say it; `nil` if nothing was said.
    package func content(for key: ConsentEvent.Key) -> ConsentEvent.Content? {
        switch key {
        case .statement(let key): record(for: key).map { .statement($0.statement) }
        case .notice(let sha256): room.notices.last { $0.sha256 == sha256 }.map { .notice($0) }
        case .rules: .rules(room.rules)
        case .principal(let participant): .principal(status(of: participant))
        case .demand(let participant, let id):
            participants[participant]?.demands[id].map { .demand($0.demand) }
        case .hold(let participant, let id): participants[participant]?.holds[id].map { .hold($0) }
        case .controller, .erased: nil
        }
    }

    /// This state with what it says of some participants only, and the same room and epoch.
    package func restricted(to some: Set<ParticipantID>) -> RoomConsent {
        var copy = RoomConsent()
        copy.epoch = epoch
        copy.room = room
        for participant in some { copy.participants[participant] = participants[participant] }
        return copy
    }

    /// This state with what it says of one participant only, and the same room and epoch.
    package func restricted(to participant: ParticipantID) -> RoomConsent { restricted(to: [participant]) }
}
