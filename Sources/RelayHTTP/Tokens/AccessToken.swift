import Disclosures
import Primitives
import RoomControl

/// What a bearer token lets its holder do: exactly one of five kinds.
package enum AccessToken: Sendable, Equatable {
    case publish(PublishToken)
    case view(ViewToken)
    case guardian(GuardianToken)
    case embed(EmbedGrant)
    case relayOperator(OperatorToken)

    /// The `kind` claim.
    package var kind: String {
        switch self {
        case .publish: "publish"
        case .view: "view"
        case .guardian: "guardian"
        case .embed: "embed"
        case .relayOperator: "operator"
        }
    }
}

/// Lets one participant publish into one room, follow their own events and decide their own consents.
package struct PublishToken: Sendable, Equatable {
    package var room: RoomName
    package var participant: ParticipantID
    /// The screen name that permitted audiences see; 1 to 64 characters, no control characters.
    package var name: String
    /// Whether its session takes over from a live one.
    package var replace: Bool
    /// Grants for encoders without a page (RFC 9396 `authorization_details`, type `room_disclosure`).
    package var grants: [CarriedGrant]

    package init(
        room: RoomName,
        participant: ParticipantID,
        name: String,
        replace: Bool = false,
        grants: [CarriedGrant] = []
    ) {
        self.room = room
        self.participant = participant
        self.name = name
        self.replace = replace
        self.grants = grants
    }
}

/// Lets its holder view one room as one audience.
package struct ViewToken: Sendable, Equatable {
    package var room: RoomName
    /// The room's own viewers, or the embed of a named partner, or a named re-broadcaster.
    package var audience: Audience
    /// Where the holder is, by the word of who had the token minted; `nil` if that is not known.
    package var region: Region?

    package init(room: RoomName, audience: Audience = .roomViewers, region: Region? = nil) {
        self.room = room
        self.audience = audience
        self.region = region
    }
}

/// Lets whoever answers for a child decide the child's consents in one room, as records of the guardian's own.
package struct GuardianToken: Sendable, Equatable {
    package var room: RoomName
    /// The child.
    package var participant: ParticipantID
    /// Who answers for the child, as the child's status names them; 1 to 64 characters, no control characters.
    package var guardian: String

    package init(room: RoomName, participant: ParticipantID, guardian: String) {
        self.room = room
        self.participant = participant
        self.guardian = guardian
    }
}

/// Lets its holder mint tokens, list all rooms and revoke consents; never give one in someone's place.
package struct OperatorToken: Sendable, Equatable {
    /// Who runs the relay, for its own records; 1 to 64 characters, no control characters.
    package var name: String
    /// In what role they look at personal data.
    package var role: OperatorRole

    package init(name: String, role: OperatorRole = .operator) {
        self.name = name
        self.role = role
    }
}

/// A token whose signature, times and shape were verified.
package struct VerifiedToken: Sendable, Equatable {
    /// The `jti` claim; caps count sessions by it.
    package let id: String
    package let access: AccessToken
    /// The `exp` claim in seconds since 1970.
    package let expires: Int
    /// The `iat` claim in seconds since 1970: grants that the token carries were given then.
    package let issuedAt: Int
}
