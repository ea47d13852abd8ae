import Primitives

/// The erasure of a participant, from the request to the certificate.
package struct ErasureJob: Sendable, Hashable {
    package enum Requester: String, Sendable, Hashable {
        case participant
        case `operator`
    }

    package enum State: Sendable, Hashable {
        /// It is under way, or a hold in these rooms keeps what there is.
        case pending(heldIn: [RoomName])
        case done(ErasureCertificate)
    }

    package let requestedAt: WallClockTime
    package let requester: Requester
    package let state: State
}

/// What the ledger knows of somebody's being in it.
package struct PersonalStanding: Sendable, Hashable {
    /// Whether somebody of that identifier has said, shown or published something; what others wrote about them
    /// makes nobody known.
    package let isKnown: Bool
    /// When the newest erasure of that identifier was done, whatever has been asked for since; `nil` if there was none.
    package let erasedAt: WallClockTime?

    package init(isKnown: Bool, erasedAt: WallClockTime?) {
        self.isKnown = isKnown
        self.erasedAt = erasedAt
    }
}
