/// What happened to a partner, as far as sessions that are open have to know.
package enum PartnerChange: Sendable, Equatable {
    case suspended(String)
    case removed(String)
    case keyRotated(String)
    /// Sites may frame rooms no longer.
    case originsRemoved(String, Set<WebOrigin>)
    /// It may show less: other purposes, rooms, media or regions.
    case termsChanged(String)

    package var partner: String {
        switch self {
        case .suspended(let partner), .removed(let partner), .keyRotated(let partner),
            .originsRemoved(let partner, _), .termsChanged(let partner):
            partner
        }
    }

    /// Why sessions end, in the words of their last event.
    package var reason: String {
        switch self {
        case .suspended: "partner-suspended"
        case .removed: "partner-removed"
        case .keyRotated: "key-rotated"
        case .originsRemoved: "origin-removed"
        case .termsChanged: "partner-changed"
        }
    }
}
