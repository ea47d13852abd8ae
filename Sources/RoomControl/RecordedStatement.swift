import Disclosures
import LedgerStore
import Logging
import Primitives

/// A participant's statement as the room's log holds it, with what its receipt tells besides.
package struct RecordedStatement: Sendable {
    package let room: RoomName
    package let statement: ConsentStatement
    /// The statements about the same key so far, oldest first; the last one is this.
    package let events: [ConsentEvent]
    /// The newest of them that permits, if there is one: what a withdrawal takes back.
    package let grant: ConsentStatement?
    /// The notice that the statement or else the grant refers to, as it was published; `nil` if it refers to none
    /// or the room knows it not.
    package let notice: NoticeVersion?
    /// Who decided about the room's data then; `nil` while nobody was named.
    package let controller: String?
    /// The room's rules then.
    package let rules: RoomRules

    package init(
        room: RoomName,
        statement: ConsentStatement,
        events: [ConsentEvent],
        notice: NoticeVersion? = nil,
        controller: String? = nil,
        rules: RoomRules = .initial
    ) {
        self.room = room
        self.statement = statement
        self.events = events
        grant = events.last { $0.statement?.permits == true }?.statement
        self.notice = notice
        self.controller = controller
        self.rules = rules
    }

    /// The statement at `sequence`, from the room's own events and the participant's up to there; `nil` if the
    /// last of `events` is none of `participant` or at another place.
    init?(
        at sequence: UInt64,
        of participant: ParticipantID,
        in room: RoomName,
        _ events: [ConsentEvent]
    ) {
        guard let last = events.last, last.sequence == sequence, let statement = last.statement,
            statement.participant == participant
        else { return nil }
        let own = events.filter { $0.statement?.key == statement.key }
        let state = RoomConsent(folding: events)
        let reference =
            statement.notice ?? own.last { $0.statement?.permits == true }?.statement?.notice
        self.init(
            room: room,
            statement: statement,
            events: own,
            notice: reference.flatMap { reference in
                state.notices.last { $0.sha256 == reference.sha256 }
            },
            controller: state.controller,
            rules: state.rules
        )
    }
}

extension RecordedStatement {
    /// Where the HTTP surface has the receipt of the statement at `sequence`.
    package static func receiptPath(
        _ sequence: UInt64,
        of participant: ParticipantID,
        in room: RoomName
    ) -> String {
        "/v1/rooms/\(room.text)/participants/\(participant.text)/receipts/\(sequence)"
    }
}

/// The statements that participants have receipts of.
package protocol StatementRecords: Sendable {
    /// The statement of a participant at `sequence`; `nil` if there is none. Codes: `log-unavailable` 503.
    func recordedStatement(
        at sequence: UInt64,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> RecordedStatement?

    /// The events that are a participant's statements after `sequence`, oldest first, at most `limit`.
    /// Codes: `log-unavailable` 503.
    func statements(
        of participant: ParticipantID,
        in room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(RelayProblem) -> [ConsentEvent]
}

extension RelayControl: StatementRecords {
    package nonisolated func recordedStatement(
        at sequence: UInt64,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> RecordedStatement? {
        let events = try await events(in: room, about: participant, through: sequence)
        return RecordedStatement(at: sequence, of: participant, in: room, events)
    }

    package nonisolated func statements(
        of participant: ParticipantID,
        in room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(RelayProblem) -> [ConsentEvent] {
        let events = try await events(in: room, about: participant, through: .max)
        return Array(
            events.lazy.filter { event in
                event.sequence > sequence && event.statement?.participant == participant
            }.prefix(limit)
        )
    }

    /// Beside the control plane: what a participant reads of the past keeps nobody's sessions waiting.
    private nonisolated func events(
        in room: RoomName,
        about participant: ParticipantID,
        through sequence: UInt64
    ) async throws(RelayProblem) -> [ConsentEvent] {
        do {
            return try await environment.log.read(room: room, about: participant, through: sequence)
        } catch {
            logger.error("the ledger does not answer", metadata: ["error": "\(error)"])
            throw LiveRoom.problem(.logUnavailable)
        }
    }
}
