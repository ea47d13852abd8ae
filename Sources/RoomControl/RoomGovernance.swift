import Disclosures
import LedgerStore
import Primitives

/// What governs a room, as its log says.
package struct GovernedRoom: Sendable {
    /// The room's consent epoch; the ETag.
    package let epoch: UInt64
    package let rules: RoomRules
    /// Who decides about the room's data; `nil` while nobody was named.
    package let controller: String?
    /// Every notice published, oldest first.
    package let notices: [NoticeVersion]
    /// The purposes for which a grant is to name each notice at present; without those that it need not be named for.
    package let inForce: [NoticeVersion: Set<Purpose>]

    package init(
        epoch: UInt64,
        rules: RoomRules,
        controller: String?,
        notices: [NoticeVersion],
        inForce: [NoticeVersion: Set<Purpose>] = [:]
    ) {
        self.epoch = epoch
        self.rules = rules
        self.controller = controller
        self.notices = notices
        self.inForce = inForce
    }
}

/// What is recorded of a participant as a person, and what is held or demanded of them.
package struct GovernedParticipant: Sendable {
    package let epoch: UInt64
    package let status: PrincipalStatus
    package let holds: [ProcessingHold]
    package let demands: [LegalDemand]

    package init(
        epoch: UInt64,
        status: PrincipalStatus,
        holds: [ProcessingHold],
        demands: [LegalDemand]
    ) {
        self.epoch = epoch
        self.status = status
        self.holds = holds
        self.demands = demands
    }
}

/// A notice to be published in a room: its words, and what they change.
package struct NoticePublication: Sendable {
    package let id: String
    package let version: String
    package let controller: String
    package let change: NoticeVersion.Change
    package let purposes: Set<Purpose>
    let text: NoticeText

    package init(
        id: String,
        version: String,
        language: String,
        text: String,
        controller: String,
        change: NoticeVersion.Change,
        purposes: Set<Purpose>
    ) {
        self.id = id
        self.version = version
        self.text = NoticeText(language: language, text: text)
        self.controller = controller
        self.change = change
        self.purposes = purposes
    }

    /// SHA-256 of the text, in lowercase hexadecimal.
    package var sha256: String { text.sha256 }

    var notice: NoticeVersion {
        NoticeVersion(
            id: id,
            version: version,
            language: text.language,
            sha256: text.sha256,
            controller: controller,
            change: change,
            purposes: purposes
        )
    }
}

/// The words of a notice.
package struct NoticeWords: Sendable {
    /// BCP 47.
    package let language: String
    package let text: String

    package init(language: String, text: String) {
        self.language = language
        self.text = text
    }
}

/// That a participant's grants have ended in one room.
package struct RoomAcknowledgement: Sendable {
    package let room: RoomName
    package let acknowledgement: ConsentAcknowledgement

    package init(room: RoomName, acknowledgement: ConsentAcknowledgement) {
        self.room = room
        self.acknowledgement = acknowledgement
    }
}

/// What operators set, and what applies to a participant in every room.
package protocol RoomGovernance: Sendable {
    /// The rules, notices and controller of a room. Codes: `log-unavailable` 503.
    func governance(of room: RoomName) async throws(RelayProblem) -> GovernedRoom

    /// What is recorded of a participant as a person. Codes: `log-unavailable` 503.
    func governance(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> GovernedParticipant

    /// Stores a notice's text and puts the notice in force; a material one suspends grants at once.
    /// Codes: `malformed` 422, `log-unavailable` 503.
    func publish(
        _ notice: NoticePublication,
        in room: RoomName
    ) async throws(RelayProblem) -> ConsentAcknowledgement

    /// The text of a notice by its digest; `nil` if there is none. Codes: `log-unavailable` 503.
    func noticeText(sha256: String) async throws(RelayProblem) -> NoticeWords?

    /// Records what an operator sets, and answers when it is in force. Codes: `precondition-failed` 412,
    /// `malformed` 422, `log-unavailable` 503.
    func govern(
        _ room: RoomName,
        by content: ConsentEvent.Content,
        ifEpoch: Set<UInt64>?
    ) async throws(RelayProblem) -> ConsentAcknowledgement

    /// Ends every grant of a participant in every room: withdrawn by the person, revoked by an operator.
    ///
    /// Closed everywhere before it waits for anything. `room` is one more, where a token may still be presented of
    /// which the log knows nothing. Codes: `log-unavailable` 503, if any room's log fails.
    func endEveryGrant(
        of participant: ParticipantID,
        by actor: ConsentActor,
        including room: RoomName?
    ) async throws(RelayProblem) -> [RoomAcknowledgement]

    /// The events of a room's log about a participant after `sequence`, oldest first, at most `limit`.
    /// Codes: `log-unavailable` 503.
    func history(
        of participant: ParticipantID,
        in room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(RelayProblem) -> [ConsentEvent]
}
