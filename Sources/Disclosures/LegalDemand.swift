import Primitives

/// A disclosure to an authority that the law compels: a basis of its own, never written down as consent.
package struct LegalDemand: Sendable, Hashable {
    /// Its file number; a later demand with the same one replaces an earlier.
    package let id: String
    package let participant: ParticipantID
    /// The authority's name, as an audience of the class `authority` carries it.
    package let authority: String
    /// The legal ground, in words.
    package let basis: String
    package let purposes: Set<Purpose>
    package let media: Set<MediaType>
    /// The stream demanded; `nil` means every stream of the participant.
    package let stream: String?
    package let validity: ValidityWindow
    /// Who has approved it: at least `approvalsNeeded` different people.
    package let approvals: Set<String>
    package let isLifted: Bool

    /// One person alone cannot open the door to an authority.
    package static let approvalsNeeded = 2

    package init(
        id: String,
        participant: ParticipantID,
        authority: String,
        basis: String,
        purposes: Set<Purpose>,
        media: Set<MediaType>,
        stream: String? = nil,
        validity: ValidityWindow,
        approvals: Set<String>,
        isLifted: Bool = false
    ) {
        self.id = id
        self.participant = participant
        self.authority = authority
        self.basis = basis
        self.purposes = purposes
        self.media = media
        self.stream = stream
        self.validity = validity
        self.approvals = approvals
        self.isLifted = isLifted
    }

    /// The same demand, for other times or at an end.
    package func with(validity: ValidityWindow? = nil, isLifted: Bool? = nil) -> LegalDemand {
        LegalDemand(
            id: id,
            participant: participant,
            authority: authority,
            basis: basis,
            purposes: purposes,
            media: media,
            stream: stream,
            validity: validity ?? self.validity,
            approvals: approvals,
            isLifted: isLifted ?? self.isLifted
        )
    }
}
