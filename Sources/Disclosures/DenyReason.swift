/// Why a disclosure is denied: a stable list, the same wherever the participant, the operator or the ledger
/// sees it.
///
/// Other audiences learn only that a stream is withheld.
package enum DenyReason: String, Sendable, Hashable, Codable, CaseIterable {
    /// The participant has said nothing that touches this disclosure.
    case noRecord = "no-record"
    case requested
    case deferred
    case refused
    /// Ended by the person.
    case withdrawn
    /// Ended by someone else.
    case revoked
    case expired
    case invalidated
    /// The notice has materially changed since the grant.
    case outdatedNotice = "outdated-notice"
    /// Granted for other purposes only.
    case purpose
    /// Granted to other recipients only.
    case recipient
    /// Granted for other media only.
    case media
    /// Granted for other streams only.
    case scope
    case minor
    case guardian
    case region
    case allParty = "all-party"
    /// Stored media was captured without recording consent.
    case capturedWithout = "captured-without"
    case controllerChanged = "controller-changed"
    /// `Sec-GPC: 1`.
    case gpc
    case staleEpoch = "stale-epoch"
    case leaseExpired = "lease-expired"
    /// The event cannot be made durable, or the ledger has stopped answering.
    case logUnavailable = "log-unavailable"
    case hold
    /// The relay that passed the stream on did not carry leave for it along.
    case notCarried = "not-carried"
    case malformed
}
