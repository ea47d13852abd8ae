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
    package var grants: [CarriedGrant]
    /// When the token was issued: a grant presented again does not undo a later withdrawal.
    package var grantedAt: WallClockTime?
    /// Whether the offer came with `Sec-GPC: 1`.
    package var sendsPrivacyControl: Bool
    /// Whom caps on sessions count this one against.
    package var origin: SessionOrigin

    package init(
        room: RoomName,
        participant: ParticipantID,
        displayName: String,
        offer: String,
        replacesLiveSession: Bool,
        grants: [CarriedGrant],
        grantedAt: WallClockTime? = nil,
        sendsPrivacyControl: Bool = false,
        origin: SessionOrigin = .unknown
    ) {
        self.room = room
        self.participant = participant
        self.displayName = displayName
        self.offer = offer
        self.replacesLiveSession = replacesLiveSession
        self.grants = grants
        self.grantedAt = grantedAt
        self.sendsPrivacyControl = sendsPrivacyControl
        self.origin = origin
    }
}

/// A WHEP offer of an authenticated viewer.
package struct ViewRequest: Sendable {
    package var room: RoomName
    /// The audience in the viewer's token.
    package var audience: Audience
    /// Where the viewer is, as the token says; `nil` if that is not known.
    package var region: Region?
    /// The partner's grant that the viewer comes by, if it is one.
    package var admission: PartnerAdmission?
    /// The stream asked for by `?stream=`, if any.
    package var stream: StreamID?
    /// The SDP offer.
    package var offer: String
    /// Whom caps on sessions count this one against.
    package var origin: SessionOrigin

    package init(
        room: RoomName,
        audience: Audience,
        region: Region? = nil,
        admission: PartnerAdmission? = nil,
        stream: StreamID?,
        offer: String,
        origin: SessionOrigin = .unknown
    ) {
        self.room = room
        self.audience = audience
        self.region = region
        self.admission = admission
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
    /// viewers; `audience`, `consent`, `record`, `notice`, `partner`, `reconnect` for participants.
    package let name: String
    /// The SSE `data`: a JSON object on one line.
    package let json: String

    package init(sequence: UInt64, name: String, json: String) {
        self.sequence = sequence
        self.name = name
        self.json = json
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
