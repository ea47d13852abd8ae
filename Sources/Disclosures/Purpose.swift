/// What a disclosure is for (the purposes that a participant can grant).
package enum Purpose: String, Sendable, Hashable, Codable, CaseIterable {
    /// Viewers of the room itself.
    case liveRoom = "live_room"
    /// Viewers of the room on a named third party's site.
    case liveEmbed = "live_embed"
    /// A named recorder of this relay.
    case recording
    /// Viewers of the room's recordings.
    case replayRoom = "replay_room"
    /// Re-broadcast by a named server.
    case rebroadcast
    /// A copy of a recording, to keep.
    case download
    /// Speech to text by a named service provider.
    case transcription
    /// Analysis of media by a named service provider.
    case analysis
    /// Statistics over many participants.
    case aggregate
    /// Profile fields beyond the screen name.
    case identify

    /// Who receives for this purpose unless somebody else is named.
    package var recipientClass: RecipientClass {
        switch self {
        case .liveRoom, .identify: .roomViewer
        case .liveEmbed: .embedPartner
        case .recording: .recorder
        case .replayRoom, .download: .replayViewer
        case .rebroadcast: .restreamDestination
        case .transcription, .analysis: .serviceProvider
        case .aggregate: .operator
        }
    }

    /// The classes that may receive for this purpose; an authority only under a legal demand.
    package var recipientClasses: Set<RecipientClass> {
        switch self {
        case .liveRoom: [.roomViewer, .operator, .authority]
        case .liveEmbed: [.embedPartner, .authority]
        case .recording: [.recorder, .authority]
        case .replayRoom: [.replayViewer, .operator, .authority]
        case .rebroadcast: [.restreamDestination, .authority]
        case .download: [.replayViewer, .operator, .authority]
        case .transcription, .analysis: [.serviceProvider, .authority]
        case .aggregate: [.operator, .serviceProvider]
        case .identify:
            [
                .roomViewer, .embedPartner, .recorder, .replayViewer, .restreamDestination, .serviceProvider,
                .operator, .authority,
            ]
        }
    }

    /// Whether a grant to the purpose's own class of recipients names its recipient.
    package var namesRecipient: Bool { recipientClass.isNamed }

    /// Whether a grant may cover every recipient of the class: partners that the operator lists.
    package var admitsWholeClass: Bool { self == .liveEmbed }

    /// What `Sec-GPC` narrows: sharing with third parties, and statistics.
    package var sharesWithThirdParties: Bool {
        switch self {
        case .liveEmbed, .rebroadcast, .transcription, .analysis, .aggregate: true
        case .liveRoom, .recording, .replayRoom, .download, .identify: false
        }
    }

    /// What keeps media, so that the region of the storage counts.
    package var storesMedia: Bool {
        switch self {
        case .recording, .replayRoom, .download, .transcription: true
        case .liveRoom, .liveEmbed, .rebroadcast, .analysis, .aggregate, .identify: false
        }
    }

    /// What shows media that was stored before, so that its capture needs consent of its own.
    package var isOfStoredMedia: Bool { self == .replayRoom || self == .download }

    /// What an `all-party` room does only once everybody on air has agreed.
    package var capturesRoom: Bool {
        switch self {
        case .recording, .rebroadcast, .transcription: true
        case .liveRoom, .liveEmbed, .replayRoom, .download, .analysis, .aggregate, .identify: false
        }
    }

    /// What a room has to allow for participants of 13 to 17; `nil` if nothing.
    package var minorPermission: MinorPermission? {
        switch self {
        case .recording, .replayRoom, .download, .transcription, .analysis: .recording
        case .liveEmbed, .rebroadcast: .embeds
        case .liveRoom, .aggregate, .identify: nil
        }
    }
}
