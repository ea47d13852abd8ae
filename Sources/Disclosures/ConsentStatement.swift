import Primitives

/// What a participant, or somebody entitled, says about one purpose and recipient.
package struct ConsentStatement: Sendable, Hashable {
    package let participant: ParticipantID
    package let purpose: Purpose
    package let recipientClass: RecipientClass
    /// The named recipient; `nil` where the class has no names, in refusals of every recipient, and in grants to
    /// a whole class.
    package let recipient: String?
    /// Whether a grant without a recipient means every one of the class (any partner that the operator lists).
    package let coversWholeClass: Bool
    /// The stream meant; `nil` means every stream of the participant.
    package let stream: String?
    /// The publishing session meant; `nil` means every session.
    package let session: String?
    package let state: ConsentState
    /// The kinds of personal information covered; empty in a refusal means all.
    package let media: Set<MediaType>
    package let validity: ValidityWindow
    package let source: ConsentSource
    /// When it was expressed: for a token the time of issue, else the time of the request.
    package let givenAt: WallClockTime
    /// Who acted (`entity_id`); `nil` is the participant.
    package let entity: String?
    package let notice: NoticeReference?
    package let terms: ConsentTerms

    package init(
        participant: ParticipantID,
        purpose: Purpose,
        recipientClass: RecipientClass? = nil,
        recipient: String? = nil,
        coversWholeClass: Bool = false,
        stream: String? = nil,
        session: String? = nil,
        state: ConsentState,
        media: Set<MediaType>,
        validity: ValidityWindow = .always,
        source: ConsentSource,
        givenAt: WallClockTime,
        entity: String? = nil,
        notice: NoticeReference? = nil,
        terms: ConsentTerms = .unstated
    ) {
        self.participant = participant
        self.purpose = purpose
        self.recipientClass = recipientClass ?? purpose.recipientClass
        self.recipient = recipient
        self.coversWholeClass = coversWholeClass
        self.stream = stream
        self.session = session
        self.state = state
        self.media = media
        self.validity = validity
        self.source = source
        self.givenAt = givenAt
        self.entity = entity
        self.notice = notice
        self.terms = terms
    }

    package var key: ConsentKey {
        ConsentKey(
            participant: participant,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            stream: stream,
            session: session,
            source: source
        )
    }

    /// The same statement in another state, about other media, or under other times or terms.
    package func with(
        state: ConsentState? = nil,
        media: Set<MediaType>? = nil,
        validity: ValidityWindow? = nil,
        terms: ConsentTerms? = nil
    ) -> ConsentStatement {
        ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            coversWholeClass: coversWholeClass,
            stream: stream,
            session: session,
            state: state ?? self.state,
            media: media ?? self.media,
            validity: validity ?? self.validity,
            source: source,
            givenAt: givenAt,
            entity: entity,
            notice: notice,
            terms: terms ?? self.terms
        )
    }

    /// This refusal with what `earlier`, of the same key, refuses too: only a grant takes a refusal back, and
    /// refusing less after refusing more is none.
    func keepingRefusal(of earlier: ConsentStatement?) -> ConsentStatement {
        guard state.refuses, !media.isEmpty, let earlier, earlier.state.refuses else { return self }
        return with(media: earlier.media.isEmpty ? [] : media.union(earlier.media))
    }

    /// Whether a record with this statement can permit at all.
    package var permits: Bool { state.permits && !source.onlyNarrows }
}

extension ConsentStatement {
    /// What `Sec-GPC: 1` in a participant's request says: sharing with third parties is refused.
    package static func globalPrivacyControl(
        of participant: ParticipantID,
        at time: WallClockTime
    ) -> [ConsentStatement] {
        Purpose.allCases.filter(\.sharesWithThirdParties).map { purpose in
            ConsentStatement(
                participant: participant,
                purpose: purpose,
                state: .refused,
                media: [],
                source: .globalPrivacyControl,
                givenAt: time
            )
        }
    }
}
