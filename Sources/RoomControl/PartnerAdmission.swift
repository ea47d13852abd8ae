import Disclosures
import Partners
import Primitives

/// Under which grant of a partner a viewing session is open.
package struct PartnerAdmission: Sendable, Equatable {
    /// The partner: the recipient's name.
    package var partner: String
    /// Which of the partner's keys had the grant minted.
    package var keyNumber: Int
    /// The sites that the grant is for.
    package var origins: Set<WebOrigin>
    /// What the partner may show.
    package var media: Set<MediaType>
    /// When the session ends unless another grant renews it; civil time, taken over into monotonic time at once.
    package var expiresAt: WallClockTime
    /// The partner's viewers at a time, over all rooms.
    package var maximumViewers: Int
    /// The same in the room that the grant is for.
    package var maximumViewersPerRoom: Int

    package init(
        partner: String,
        keyNumber: Int,
        origins: Set<WebOrigin>,
        media: Set<MediaType>,
        expiresAt: WallClockTime,
        maximumViewers: Int,
        maximumViewersPerRoom: Int
    ) {
        self.partner = partner
        self.keyNumber = keyNumber
        self.origins = origins
        self.media = media
        self.expiresAt = expiresAt
        self.maximumViewers = maximumViewers
        self.maximumViewersPerRoom = maximumViewersPerRoom
    }

    /// Whether a session under this grant ends with `change`.
    func isEnded(by change: PartnerChange) -> Bool {
        guard change.partner == partner else { return false }
        switch change {
        case .suspended, .removed, .keyRotated, .termsChanged: return true
        // Of a grant for several sites nobody can tell which one a session is on.
        case .originsRemoved(_, let removed): return !origins.isDisjoint(with: removed)
        }
    }
}
