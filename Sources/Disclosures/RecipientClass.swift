/// What kind of recipient an audience is.
package enum RecipientClass: String, Sendable, Hashable, Codable, CaseIterable {
    case roomViewer = "room_viewer"
    case embedPartner = "embed_partner"
    case recorder
    case replayViewer = "replay_viewer"
    case restreamDestination = "restream_destination"
    case serviceProvider = "service_provider"
    case `operator`
    /// Somebody who can compel a disclosure; receives under a legal demand only.
    case authority

    /// Whether recipients of this class are told apart by name.
    package var isNamed: Bool {
        switch self {
        case .roomViewer, .replayViewer, .operator: false
        case .embedPartner, .recorder, .restreamDestination, .serviceProvider, .authority: true
        }
    }
}
