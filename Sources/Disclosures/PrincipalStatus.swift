import Primitives

/// What an age means for consent.
package enum AgeBand: String, Sendable, Hashable, Codable, CaseIterable {
    case under13 = "under-13"
    case from13To17 = "13-17"
    case adult
    case unknown
}

/// What is known of a participant as a person.
package struct PrincipalStatus: Sendable, Hashable {
    package enum PrincipalClass: String, Sendable, Hashable, Codable, CaseIterable {
        case guest
        case member
    }

    package let participant: ParticipantID
    package var principalClass: PrincipalClass
    package var ageBand: AgeBand
    /// Whose grants count for a child; `nil` if nobody is known.
    package var guardian: String?
    /// Ends every grant given so far, and permits nothing while it lasts.
    package var isDeactivated: Bool

    package init(
        participant: ParticipantID,
        principalClass: PrincipalClass = .guest,
        ageBand: AgeBand = .unknown,
        guardian: String? = nil,
        isDeactivated: Bool = false
    ) {
        self.participant = participant
        self.principalClass = principalClass
        self.ageBand = ageBand
        self.guardian = guardian
        self.isDeactivated = isDeactivated
    }
}
