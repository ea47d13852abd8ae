import Disclosures
import Primitives

/// Whether somebody is known under an identifier, who has said, shown or published something.
package struct RightsStanding: Sendable, Equatable {
    package let isKnown: Bool
    /// When who had this identifier was erased; `nil` if nobody was.
    package let erasedAt: WallClockTime?

    package init(isKnown: Bool, erasedAt: WallClockTime?) {
        self.isKnown = isKnown
        self.erasedAt = erasedAt
    }
}

/// An operator is about to look at personal data.
package struct PersonalRead: Sendable, Equatable {
    package let role: String
    /// What is looked at, by the relay's own words.
    package let scope: String
    /// Why, in the operator's words.
    package let reason: String
    /// About whom; `nil` if about nobody in particular.
    package let participant: ParticipantID?

    package init(role: String, scope: String, reason: String, participant: ParticipantID?) {
        self.role = role
        self.scope = scope
        self.reason = reason
        self.participant = participant
    }
}

/// A page of a list, as JSON.
package struct RightsPage: Sendable {
    package let json: String
    /// Where the next page begins; `nil` if there is none.
    package let next: Int64?
    /// Digests of the notices that it refers to.
    package let notices: Set<String>

    package init(json: String, next: Int64?, notices: Set<String> = []) {
        self.json = json
        self.next = next
        self.notices = notices
    }
}

/// How an erasure stands, as JSON.
package struct ErasureAnswer: Sendable {
    package let json: String
    package let isDone: Bool

    package init(json: String, isDone: Bool) {
        self.json = json
        self.isDone = isDone
    }
}

/// Which disclosures have got into the wrong hands.
package struct BreachQuestion: Sendable, Equatable {
    /// Half-open.
    package var span: Range<WallClockTime>
    package var purpose: Purpose?
    /// The recipients' names; empty for all.
    package var recipients: Set<String>
    /// The recipient's session, whose media keys are lost.
    package var session: String?
    package var room: RoomName?

    package init(
        span: Range<WallClockTime>,
        purpose: Purpose? = nil,
        recipients: Set<String> = [],
        session: String? = nil,
        room: RoomName? = nil
    ) {
        self.span = span
        self.purpose = purpose
        self.recipients = recipients
        self.session = session
        self.room = room
    }
}

/// One thing held about a participant, on its way into the archive.
package enum ExportedRecord: Sendable {
    case about(ParticipantID, rooms: [RoomName], at: WallClockTime)
    case consents(RoomName, ConsentOverview)
    case status(RoomName, GovernedParticipant)
    case displayFields(RoomName, ParticipantProfile)
    case history(RoomName, page: Int, [ConsentEvent])
    /// A page of the accounting with its proofs, as JSON.
    case disclosures(page: Int, json: String)
    case notice(sha256: String, NoticeWords)
    case file(ExportedFile)
}

/// Everything held about a participant, piece by piece, so that no more than a page of it is in memory.
package protocol ExportSource: Sendable {
    /// The next piece; `nil` at the end. Codes: `log-unavailable` 503.
    func next() async throws(RelayProblem) -> ExportedRecord?
}

/// What participants may ask of the relay about themselves, and operators for them.
///
/// All may fail with `log-unavailable` 503.
package protocol ParticipantRights: Sendable {
    func standing(of participant: ParticipantID) async throws(RelayProblem) -> RightsStanding

    /// Writes an operator's look at personal data into the ledger, before the data is shown.
    func record(_ read: PersonalRead) async throws(RelayProblem)

    /// What was disclosed of a participant, behind row `after`; with proofs in the form that
    /// `tally ledger account --json` prints.
    func disclosures(
        of participant: ParticipantID,
        proofs: Bool,
        after: Int64,
        limit: Int
    ) async throws(RelayProblem) -> RightsPage

    /// Everything held about a participant.
    func export(of participant: ParticipantID) async throws(RelayProblem) -> any ExportSource

    /// Ends every grant and session of a participant and erases them, at once or when no hold keeps them any more.
    func requestErasure(
        of participant: ParticipantID,
        byOperator: Bool
    ) async throws(RelayProblem) -> ErasureAnswer

    /// How the erasure of a participant stands; `nil` if nobody asked for one.
    func erasure(of participant: ParticipantID) async throws(RelayProblem) -> ErasureAnswer?

    /// The display fields of a participant in a room.
    func displayFields(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> ParticipantProfile

    /// Changes display fields and tells everybody who sees them. Codes: `too-many-fields` 422.
    func correct(
        _ correction: DisplayCorrection,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem)

    /// Who is affected by a breach, the lines after `offset`.
    func breach(
        _ question: BreachQuestion,
        offset: Int,
        limit: Int
    ) async throws(RelayProblem) -> RightsPage

    /// Counts over those who agreed to be counted in a month that is over, as JSON; lines about fewer than `crowd` are
    /// left out. Made once, and the same ever after. Codes: `period-not-over` 422.
    func statistics(
        of month: CalendarMonth,
        crowd: Int
    ) async throws(RelayProblem) -> String
}

/// A change of display fields, as a merge patch (RFC 7396): what is not named stays.
package struct DisplayCorrection: Sendable, Equatable {
    /// `.some(nil)` goes back to the name in the token.
    package var displayName: String??
    /// `nil` takes a field away.
    package var fields: [String: String?]

    package init(displayName: String?? = .none, fields: [String: String?] = [:]) {
        self.displayName = displayName
        self.fields = fields
    }
}
