import Disclosures
import Primitives

/// What a bearer token lets its holder do: exactly one of three kinds.
package enum AccessToken: Sendable, Equatable {
    case publish(PublishToken)
    case view(ViewToken)
    case relayOperator(OperatorToken)

    /// The `kind` claim.
    package var kind: String {
        switch self {
        case .publish: "publish"
        case .view: "view"
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
    package var grants: [Audience]

    package init(
        room: RoomName,
        participant: ParticipantID,
        name: String,
        replace: Bool = false,
        grants: [Audience] = []
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

    package init(room: RoomName, audience: Audience = .roomViewers) {
        self.room = room
        self.audience = audience
    }
}

/// Lets its holder mint tokens, list all rooms and revoke consents; never give one in someone's place.
package struct OperatorToken: Sendable, Equatable {
    /// Who runs the relay, for its own records; 1 to 64 characters, no control characters.
    package var name: String

    package init(name: String) {
        self.name = name
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
