import Disclosures
import Partners
import Primitives

/// A partner's grant: lets one viewer of a partner see one room once (RFC 9396 `authorization_details`).
package struct EmbedGrant: Sendable, Equatable {
    /// Seconds from minting within which it has to be redeemed.
    package static let redeemableSeconds = 60

    package var room: RoomName
    /// `live_embed` to the partner's site, or `rebroadcast` to its server.
    package var audience: Audience
    /// Which of the partner's keys had it minted.
    package var keyNumber: Int
    /// The sites that it is for.
    package var origins: Set<WebOrigin>
    /// Where the viewer is, by the partner's word; `nil` if that is not known.
    package var region: Region?

    package init(
        room: RoomName,
        audience: Audience,
        keyNumber: Int,
        origins: Set<WebOrigin>,
        region: Region? = nil
    ) {
        self.room = room
        self.audience = audience
        self.keyNumber = keyNumber
        self.origins = origins
        self.region = region
    }

    /// The partner: the audience's recipient.
    var partner: String { audience.recipient ?? "" }
}
