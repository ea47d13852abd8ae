/// What a grant is for, by the names that the room's law has for it.
package enum ReceiptPurpose: String, Codable, Sendable, Hashable, CaseIterable {
    case liveRoom = "live_room"
    case liveEmbed = "live_embed"
    case recording
    case replayRoom = "replay_room"
    case rebroadcast
    case download
    case transcription
    case analysis
    case aggregate
    case identify
}

/// The state that an event brings about (`dpv:ConsentStatus`).
package enum ReceiptState: String, Codable, Sendable, Hashable, CaseIterable {
    case given = "ConsentGiven"
    case renewed = "RenewedConsentGiven"
    case unknown = "ConsentUnknown"
    case requested = "ConsentRequested"
    case requestDeferred = "ConsentRequestDeferred"
    case refused = "ConsentRefused"
    /// Ended by the person.
    case withdrawn = "ConsentWithdrawn"
    /// Ended by someone else.
    case revoked = "ConsentRevoked"
    case expired = "ConsentExpired"
    case invalidated = "ConsentInvalidated"

    /// Whether the person's data may be used while this state lasts.
    package var permits: Bool { self == .given || self == .renewed }
}

/// How an event came about.
package enum ReceiptMethod: String, Codable, Sendable, Hashable, CaseIterable {
    case page
    case api
    /// Carried by a publish token, for encoders without a page.
    case token
    case guardian
    /// `a=recordpref` in an offer (RFC 7866).
    case recordPreference = "sdp-recordpref"
    /// `Sec-GPC: 1` in a request (Global Privacy Control).
    case globalPrivacyControl = "gpc"
}

/// The type of the consent (`event_type` of ISO/IEC TS 27560), by its term of DPV.
package enum ReceiptConsentType: String, Codable, Sendable, Hashable, CaseIterable {
    /// By an action that concerns nothing but the consent.
    case explicitlyExpressed = "ExplicitlyExpressedConsent"
    /// By an action that says so.
    case expressed = "ExpressedConsent"
}

/// A kind of personal data that a grant covers.
package enum ReceiptData: String, Codable, Sendable, Hashable, CaseIterable {
    case audio
    case video
    case screen
    case chat
    case displayName = "display_name"
}

/// What kind of recipient a grant names.
package enum ReceiptRecipientClass: String, Codable, Sendable, Hashable, CaseIterable {
    case roomViewer = "room_viewer"
    case embedPartner = "embed_partner"
    case recorder
    case replayViewer = "replay_viewer"
    case restreamDestination = "restream_destination"
    case serviceProvider = "service_provider"
    case relayOperator = "operator"
    case authority

    /// Whether data leave the controller's own hands with it.
    var isThirdParty: Bool {
        switch self {
        case .roomViewer, .embedPartner, .replayViewer, .restreamDestination, .authority: true
        case .recorder, .serviceProvider, .relayOperator: false
        }
    }
}
