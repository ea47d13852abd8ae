/// What a room may be configured to do with participants of 13 to 17, if they agree.
package enum MinorPermission: String, Sendable, Hashable, Codable, CaseIterable {
    /// Recording, and what is made from recordings.
    case recording
    /// Third parties' sites and re-broadcast.
    case embeds
}

/// The rules that an operator sets for a room.
package struct RoomRules: Sendable, Hashable {
    package enum ConsentRule: String, Sendable, Hashable, Codable, CaseIterable {
        /// Only who has not agreed is withheld.
        case perStream = "per-stream"
        /// Nobody is recorded or re-broadcast until everybody on air has agreed.
        case allParty = "all-party"
    }

    package var consentRule: ConsentRule
    /// Declares that the room is for being recorded: who joins later and refuses that is not shown live either.
    package var isRecordedOnly: Bool
    /// What the room allows for participants of 13 to 17.
    package var minors: Set<MinorPermission>
    /// Whether somebody of unknown age counts as under 13; else as an adult.
    package var treatsUnknownAgeAsChild: Bool
    /// Where the relay is; `nil` if that is not known.
    package var relayRegion: Region?
    /// Where recordings are kept; `nil` if that is not known.
    package var storageRegion: Region?
    /// How long recordings are kept; `nil` for as long as agreed.
    package var retentionSeconds: Int64?

    package init(
        consentRule: ConsentRule = .perStream,
        isRecordedOnly: Bool = false,
        minors: Set<MinorPermission> = [],
        treatsUnknownAgeAsChild: Bool = false,
        relayRegion: Region? = nil,
        storageRegion: Region? = nil,
        retentionSeconds: Int64? = nil
    ) {
        self.consentRule = consentRule
        self.isRecordedOnly = isRecordedOnly
        self.minors = minors
        self.treatsUnknownAgeAsChild = treatsUnknownAgeAsChild
        self.relayRegion = relayRegion
        self.storageRegion = storageRegion
        self.retentionSeconds = retentionSeconds
    }

    /// The rules of a room whose operator has set none.
    package static let initial = RoomRules()
}
