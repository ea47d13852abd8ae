import ConsentAuthority
import Disclosures
import Primitives

/// A WHIP offer of an authenticated participant (RFC 9725).
package struct PublishRequest: Sendable {
    package var room: RoomName
    package var participant: ParticipantID
    /// The screen name that permitted audiences see.
    package var displayName: String
    /// The SDP offer.
    package var offer: String
    /// Whether the token lets this session take over from a live one.
    package var replacesLiveSession: Bool
    /// Grants that the token carries (encoders without a page); recorded as given by token.
    package var grants: [Audience]
    /// When the token was issued: a grant presented again does not undo a later withdrawal.
    package var grantedAt: WallClockTime?
    /// Whom caps on sessions count this one against.
    package var origin: SessionOrigin

    package init(
        room: RoomName,
        participant: ParticipantID,
        displayName: String,
        offer: String,
        replacesLiveSession: Bool,
        grants: [Audience],
        grantedAt: WallClockTime? = nil,
        origin: SessionOrigin = .unknown
    ) {
        self.room = room
        self.participant = participant
        self.displayName = displayName
        self.offer = offer
        self.replacesLiveSession = replacesLiveSession
        self.grants = grants
        self.grantedAt = grantedAt
        self.origin = origin
    }
}

/// A WHEP offer of an authenticated viewer.
package struct ViewRequest: Sendable {
    package var room: RoomName
    /// The audience in the viewer's token.
    package var audience: Audience
    /// The stream asked for by `?stream=`, if any.
    package var stream: StreamID?
    /// The SDP offer.
    package var offer: String
    /// Whom caps on sessions count this one against.
    package var origin: SessionOrigin

    package init(
        room: RoomName,
        audience: Audience,
        stream: StreamID?,
        offer: String,
        origin: SessionOrigin = .unknown
    ) {
        self.room = room
        self.audience = audience
        self.stream = stream
        self.offer = offer
        self.origin = origin
    }
}

/// Where a session comes from, for the caps on sessions per token and per address; never logged.
package struct SessionOrigin: Hashable, Sendable {
    /// The token's `jti`; empty if unknown.
    package var tokenID: String
    /// The client's IP address without its port, IPv6 cut to its /64; empty if unknown.
    package var address: String

    /// No caps apply to it.
    package static let unknown = SessionOrigin(tokenID: "", address: "")

    package init(tokenID: String, address: String) {
        self.tokenID = tokenID
        self.address = address
    }
}

/// The opaque name of one participant's publication in a room; tells nothing about who it is.
package struct StreamID: Hashable, Sendable, Codable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }
}

/// The unguessable name of a WHIP or WHEP session, as it stands in its URL.
package struct SessionID: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }
}

/// A session made: what the 201 carries.
package struct SessionAnswer: Sendable {
    package let session: SessionID
    /// The SDP answer.
    package let sdp: String
    /// The strong entity tag of the ICE session, with its quotes.
    package let entityTag: String
    /// Whether nobody receives this publisher yet because no grant stands (the 201 then links the consent page).
    package let awaitsConsent: Bool

    package init(session: SessionID, sdp: String, entityTag: String, awaitsConsent: Bool) {
        self.session = session
        self.sdp = sdp
        self.entityTag = entityTag
        self.awaitsConsent = awaitsConsent
    }
}

/// What a PATCH did.
package enum PatchOutcome: Sendable {
    /// Trickled candidates were taken in: 204.
    case accepted
    /// ICE was restarted: 200 with our new credentials as an SDP fragment, and the new entity tag.
    case restarted(fragment: String, entityTag: String)
}

/// What a session is, for authorising requests on it.
package enum SessionOwner: Sendable, Equatable {
    case publisher(RoomName, ParticipantID)
    case viewer(RoomName, Audience)
}

/// One server-sent event: a name and one line of JSON.
package struct RelayEvent: Sendable, Equatable {
    /// Increases by one within a stream of events; the SSE `id`.
    package let sequence: UInt64
    /// The SSE `event`: `active`, `inactive`, `layers`, `viewercount`, `withheld`, `slots`, `reconnect` for
    /// viewers; `audience`, `consent`, `record`, `notice`, `reconnect` for participants.
    package let name: String
    /// The SSE `data`: a JSON object on one line.
    package let json: String

    package init(sequence: UInt64, name: String, json: String) {
        self.sequence = sequence
        self.name = name
        self.json = json
    }
}

/// One line of a participant's choice: give or withdraw for one audience.
package struct ConsentChange: Sendable, Equatable {
    package enum Choice: String, Sendable, Codable {
        /// Agreed.
        case grant
        /// Taken back by the person.
        case withdraw
        /// Taken back by an operator.
        case revoke
        /// Asked and declined.
        case refuse
    }
    package var audience: Audience
    package var choice: Choice
    /// Media the choice is about; empty means audio and video.
    package var media: Set<String>
    /// End of validity; `nil` for none.
    package var until: WallClockTime?

    package init(audience: Audience, choice: Choice, media: Set<String> = [], until: WallClockTime? = nil) {
        self.audience = audience
        self.choice = choice
        self.media = media
        self.until = until
    }
}

/// Who makes a change of consent, and by what means it was given.
package enum ConsentActor: Sendable, Equatable {
    case participantOnPage
    case participantByAPI
    case operatorByAPI
    case token
}

/// The proof that a change of consent is durable and effective.
package struct ConsentAcknowledgement: Sendable {
    /// From this moment no packet leaves that the change withholds.
    package let effectiveAt: WallClockTime
    /// The room's consent epoch after the change; the ETag.
    package let epoch: UInt64

    package init(effectiveAt: WallClockTime, epoch: UInt64) {
        self.effectiveAt = effectiveAt
        self.epoch = epoch
    }
}

extension ConsentAcknowledgement {
    init(_ acknowledgement: Acknowledgement) {
        self.init(effectiveAt: acknowledgement.effectiveAt, epoch: acknowledgement.epoch)
    }
}

/// One audience as the participant sees it.
package struct AudienceState: Sendable, Codable {
    package var purpose: String
    package var recipient: String?
    /// The recorded state in the standards' name, for example `ConsentGiven`.
    package var consent: String
    /// `live` (the enforcement point sends), `permitted` (nobody receives or nothing is on air) or `withheld`.
    package var state: String
    /// The deny reason while withheld.
    package var reason: String?
    /// Sessions of this audience in the room.
    package var viewers: Int

    package init(
        purpose: String,
        recipient: String?,
        consent: String,
        state: String,
        reason: String?,
        viewers: Int
    ) {
        self.purpose = purpose
        self.recipient = recipient
        self.consent = consent
        self.state = state
        self.reason = reason
        self.viewers = viewers
    }
}

/// A participant's consents in one room, as `GET …/consents` answers.
package struct ConsentOverview: Sendable, Codable {
    package var room: String
    package var participant: String
    package var epoch: UInt64
    package var onAir: Bool
    package var audiences: [AudienceState]
    /// The participant's own opaque stream, once it has published.
    package var stream: String?

    package init(
        room: String,
        participant: String,
        epoch: UInt64,
        onAir: Bool,
        audiences: [AudienceState],
        stream: String? = nil
    ) {
        self.room = room
        self.participant = participant
        self.epoch = epoch
        self.onAir = onAir
        self.audiences = audiences
        self.stream = stream
    }

    private enum CodingKeys: String, CodingKey {
        case room
        case participant
        case epoch
        case onAir = "on_air"
        case audiences
        case stream
    }
}

/// One room as the index lists it.
package struct RoomSummary: Sendable, Codable {
    package var room: String
    /// Participants on air.
    package var publishers: Int
    package var viewers: Int

    package init(room: String, publishers: Int, viewers: Int) {
        self.room = room
        self.publishers = publishers
        self.viewers = viewers
    }
}
