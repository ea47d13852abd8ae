import Disclosures
import Primitives

/// A third party that may show rooms: a named recipient, which participants choose by its name.
package struct Partner: Sendable, Equatable {
    package enum State: String, Sendable, Codable, CaseIterable {
        case active
        /// Shows nothing and gets no grants, until it is active again.
        case suspended
    }

    /// What an operator sets.
    package struct Terms: Sendable, Equatable {
        /// Who it is by law, as participants see it.
        package var legalName: String
        /// Where people turn to about what it does.
        package var contact: String
        /// The sites that may frame the room.
        package var origins: Set<WebOrigin>
        /// What it receives for: `live_embed`, `rebroadcast`.
        package var purposes: Set<Purpose>
        /// Where those are to whom it shows rooms; empty if that is not known.
        package var regions: Set<Region>
        /// The rooms that it may show; empty for all.
        package var rooms: Set<RoomName>
        /// The kinds of media that it may show.
        package var media: Set<MediaType>
        /// Its viewers at a time, over all rooms.
        package var maximumViewers: Int
        /// Its viewers at a time in any one room, so that it leaves places for the room's own.
        package var maximumViewersPerRoom: Int
        /// Grants that it may have minted in a minute.
        package var grantsPerMinute: Int
        /// Whether a framed page gets its grant from the relay itself, for sites without a server of their own.
        package var allowsPageGrants: Bool

        package init(
            legalName: String,
            contact: String,
            origins: Set<WebOrigin> = [],
            purposes: Set<Purpose> = [.liveEmbed],
            regions: Set<Region> = [],
            rooms: Set<RoomName> = [],
            media: Set<MediaType> = MediaType.live,
            maximumViewers: Int = 1_000,
            maximumViewersPerRoom: Int = 1_000,
            grantsPerMinute: Int = 600,
            allowsPageGrants: Bool = false
        ) {
            self.legalName = legalName
            self.contact = contact
            self.origins = origins
            self.purposes = purposes
            self.regions = regions
            self.rooms = rooms
            self.media = media
            self.maximumViewers = maximumViewers
            self.maximumViewersPerRoom = maximumViewersPerRoom
            self.grantsPerMinute = grantsPerMinute
            self.allowsPageGrants = allowsPageGrants
        }
    }

    /// The recipient's name in consents and in the ledger.
    package let id: String
    package var terms: Terms
    package var state: State
    /// Which of its keys is the present one; what earlier ones have had minted counts no more.
    package var keyNumber: Int
    /// SHA-256 of the present key.
    var keyDigest: [UInt8]
    /// When it became one of "any partner that the operator lists"; `nil` if that was before such times were kept.
    package var listedAt: WallClockTime?

    /// Whether it may be shown a room for a purpose now.
    package func mayReceive(_ purpose: Purpose, of room: RoomName) -> Bool {
        state == .active && terms.purposes.contains(purpose)
            && (terms.rooms.isEmpty || terms.rooms.contains(room))
    }

    /// Whether whoever agreed to any listed partner while `earlier` stood learns of somebody new by this: a partner
    /// that was not listed, shows more rooms, or goes by another name.
    func isNews(after earlier: Partner?) -> Bool {
        guard isListed else { return false }
        guard let earlier, earlier.isListed, earlier.terms.legalName == terms.legalName else { return true }
        guard !earlier.terms.rooms.isEmpty else { return false }
        return terms.rooms.isEmpty || !terms.rooms.isSubset(of: earlier.terms.rooms)
    }

    private var isListed: Bool { state == .active && terms.purposes.contains(.liveEmbed) }
}

/// What is wrong with what an operator sets for a partner.
package enum PartnerFault: String, Error, Sendable, CaseIterable {
    /// An identifier is 1 to 64 characters of `a-z A-Z 0-9 - _ .`.
    case identifierMalformed = "identifier-malformed"
    /// Name and contact have 1 to 256 characters, none of which controls or formats text.
    case textMalformed = "text-malformed"
    /// At most 16 origins, and at least one for `live_embed`.
    case originsMalformed = "origins-malformed"
    /// `live_embed` and `rebroadcast`, or one of them.
    case purposesMalformed = "purposes-malformed"
    /// At most 64 regions or rooms.
    case listTooLong = "list-too-long"
    /// Audio and video, or one of them.
    case mediaMalformed = "media-malformed"
    /// Limits are from 1 to 1000000.
    case limitOutOfRange = "limit-out-of-range"
}

extension Partner.Terms {
    private static let longestText = 256
    private static let mostOrigins = 16
    private static let longestList = 64
    private static let limits = 1...1_000_000

    /// What keeps these terms from being set; `nil` if nothing does.
    package var fault: PartnerFault? {
        for text in [legalName, contact]
        where !(1...Self.longestText).contains(text.count) || text.utf8.count > 4 * Self.longestText
            || text.unicodeScalars.contains(where: Self.isInvisible)
        {
            return .textMalformed
        }
        if purposes.isEmpty || !purposes.isSubset(of: [.liveEmbed, .rebroadcast]) {
            return .purposesMalformed
        }
        if origins.count > Self.mostOrigins || origins.isEmpty && purposes.contains(.liveEmbed) {
            return .originsMalformed
        }
        if max(regions.count, rooms.count) > Self.longestList { return .listTooLong }
        if media.isEmpty || !media.isSubset(of: MediaType.live) { return .mediaMalformed }
        for limit in [maximumViewers, maximumViewersPerRoom, grantsPerMinute]
        where !Self.limits.contains(limit) {
            return .limitOutOfRange
        }
        return nil
    }

    /// Participants choose a partner by what they read: nothing in it may turn the text around it, or break the line.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
