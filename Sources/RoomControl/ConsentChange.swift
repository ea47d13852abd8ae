import ConsentAuthority
import Disclosures
import Primitives

/// One line of a choice: what is given, taken back or asked for, toward whom, and under which conditions.
package struct ConsentChange: Sendable, Equatable {
    package enum Choice: String, Sendable, Codable, CaseIterable {
        /// Agreed; renews what was agreed before.
        case grant
        /// Taken back by the person.
        case withdraw
        /// Taken back by an operator.
        case revoke
        /// Asked and declined.
        case refuse
        /// Asked and put off.
        case `defer`
        /// An operator asks; changes nothing that the person has said.
        case request
    }

    package var purpose: Purpose
    package var recipientClass: RecipientClass
    /// The named recipient; without one, what takes away does so from every recipient.
    package var recipient: String?
    /// Whether a grant means every recipient of the class that the operator lists.
    package var coversWholeClass: Bool
    /// The stream meant; `nil` for all of the participant's.
    package var stream: String?
    package var choice: Choice
    /// Media the choice is about; empty means all that the purpose is about.
    package var media: Set<MediaType>
    package var validity: ValidityWindow
    /// The notice that was shown.
    package var notice: NoticeReference?
    package var terms: ConsentTerms

    package init(
        purpose: Purpose,
        recipientClass: RecipientClass? = nil,
        recipient: String? = nil,
        coversWholeClass: Bool = false,
        stream: String? = nil,
        choice: Choice,
        media: Set<MediaType> = [],
        validity: ValidityWindow = .always,
        notice: NoticeReference? = nil,
        terms: ConsentTerms = .unstated
    ) {
        self.purpose = purpose
        self.recipientClass = recipientClass ?? purpose.recipientClass
        self.recipient = recipient
        self.coversWholeClass = coversWholeClass
        self.stream = stream
        self.choice = choice
        self.media = media
        self.validity = validity
        self.notice = notice
        self.terms = terms
    }

    /// What is wrong with whom the choice names; `nil` if nothing is.
    package var recipientFault: StatementFault? {
        ConsentStatement.recipientFault(
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            coversWholeClass: coversWholeClass,
            permits: choice == .grant
        )
    }

    /// The kinds of media that the record names.
    var statedMedia: Set<MediaType> {
        if !media.isEmpty { return media }
        switch choice {
        case .grant: return purpose == .identify ? [.displayName] : MediaType.live
        case .withdraw, .revoke, .refuse, .defer, .request: return []
        }
    }
}

/// Who makes a change of consent, and by what means it was given.
package enum ConsentActor: Sendable, Equatable {
    case participantOnPage
    case participantByAPI
    case operatorByAPI
    /// Who answers for a child, by name.
    case guardian(String)

    /// How the records say that it was expressed.
    var source: ConsentSource {
        switch self {
        case .participantOnPage: .page
        case .participantByAPI, .operatorByAPI: .api
        case .guardian: .guardian
        }
    }

    /// Who acted, where that is not the participant.
    var entity: String? {
        switch self {
        case .participantOnPage, .participantByAPI: nil
        case .operatorByAPI: "operator"
        case .guardian(let name): name
        }
    }

    /// The state of a record that this actor ends.
    var endingState: ConsentState { self == .operatorByAPI ? .revoked : .withdrawn }
}

/// A grant that a publish token carries, for encoders that have no page.
package struct CarriedGrant: Sendable, Hashable {
    package var audience: Audience
    /// The notice that the person was shown.
    package var notice: NoticeReference?
    /// What proves it outside of the relay.
    package var evidence: String?

    package init(_ audience: Audience, notice: NoticeReference? = nil, evidence: String? = nil) {
        self.audience = audience
        self.notice = notice
        self.evidence = evidence
    }
}

/// The proof that a change of consent is durable and effective.
package struct ConsentAcknowledgement: Sendable {
    /// From this moment no packet leaves that the change withholds.
    package let effectiveAt: WallClockTime
    /// The room's consent epoch after the change; the ETag.
    package let epoch: UInt64
    /// The places in the room's log of the statements that were recorded.
    package let statements: [UInt64]

    package init(effectiveAt: WallClockTime, epoch: UInt64, statements: [UInt64] = []) {
        self.effectiveAt = effectiveAt
        self.epoch = epoch
        self.statements = statements
    }
}

extension ConsentAcknowledgement {
    init(_ acknowledgement: Acknowledgement) {
        self.init(
            effectiveAt: acknowledgement.effectiveAt,
            epoch: acknowledgement.epoch,
            statements: acknowledgement.events.filter { $0.statement != nil }.map(\.sequence)
        )
    }
}
