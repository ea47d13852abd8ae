/// The state that a consent event brings about, in the names of W3C DPV (`dpv:ConsentStatus`).
package enum ConsentState: String, Sendable, Hashable, Codable, CaseIterable {
    case given = "ConsentGiven"
    case renewed = "RenewedConsentGiven"
    /// Nothing is known: the record counts as absent.
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

    /// Whether a grant in this state permits.
    package var permits: Bool { self == .given || self == .renewed }

    /// Whether a record in this state beats every grant that it applies to.
    ///
    /// `requested`, `requestDeferred` and `expired` are missing grants, not refusals: they permit nothing
    /// themselves but take nothing from another grant.
    package var refuses: Bool {
        switch self {
        case .refused, .withdrawn, .revoked, .invalidated: true
        case .given, .renewed, .unknown, .requested, .requestDeferred, .expired: false
        }
    }

    /// The deny reason of a record in this state; `nil` for the states that permit.
    package var denyReason: DenyReason? {
        switch self {
        case .given, .renewed: nil
        case .unknown: .noRecord
        case .requested: .requested
        case .requestDeferred: .deferred
        case .refused: .refused
        case .withdrawn: .withdrawn
        case .revoked: .revoked
        case .expired: .expired
        case .invalidated: .invalidated
        }
    }
}

/// How a consent was expressed.
package enum ConsentSource: String, Sendable, Hashable, Codable, CaseIterable {
    case page
    case api
    /// Carried by a publish token, for encoders without a page.
    case token
    case guardian
    /// `a=recordpref` in an offer (RFC 7866).
    case recordPreference = "sdp-recordpref"
    /// `Sec-GPC: 1` in a request (Global Privacy Control).
    case globalPrivacyControl = "gpc"

    /// Whether this source may only take away: its records refuse or do nothing, and never permit.
    package var onlyNarrows: Bool { self == .recordPreference || self == .globalPrivacyControl }

    /// Whether its records stand beside the participant's own instead of replacing them.
    ///
    /// Lifting what a machine refused never lifts a person's refusal, and neither a child nor who answers for it
    /// speaks over the other's.
    package var keepsOwnRecords: Bool { onlyNarrows || self == .guardian }
}
