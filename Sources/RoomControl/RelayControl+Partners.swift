import Partners
import Primitives

/// What the relay does for partners.
package protocol PartnerSessions: Sendable {
    /// Lets a session go on under another grant. Codes: `unknown-session` 404, `foreign-grant` 403.
    func renew(_ session: SessionID, _ admission: PartnerAdmission) async throws(RelayProblem)

    /// Ends every session that a change at a partner takes the ground from; answers when they have ended, with
    /// their number.
    func endSessions(after change: PartnerChange) async -> Int

    /// Tells participants, where it may show their room, of a partner that the operator has come to list.
    func tell(ofListed partner: Partner) async
}

extension RelayControl: PartnerSessions {
    package func renew(_ session: SessionID, _ admission: PartnerAdmission) async throws(RelayProblem) {
        try await room(of: session).renew(session, admission)
    }

    package func endSessions(after change: PartnerChange) async -> Int {
        let present = rooms.values
        await tendPushes()
        return await withTaskGroup(of: Int.self) { group in
            for room in present { group.addTask { await room.endSessions(after: change) } }
            return await group.reduce(0, +)
        }
    }

    package func tell(ofListed partner: Partner) async {
        for room in rooms.values { await room.tell(ofListed: partner) }
    }

    /// Refuses a viewer more than a partner may have, in all or in this room.
    ///
    /// Counted before anything is awaited, so that joins at the same moment count each other.
    func admit(_ admission: PartnerAdmission?, to room: RoomName) throws(RelayProblem) {
        guard let admission else { return }
        guard viewersOfPartners.admit(admission, to: room) else {
            throw RelayProblem(
                "partner-full",
                status: 503,
                detail: "the partner has as many viewers as it may, in all or in this room; try again later",
                retryAfterSeconds: 10
            )
        }
    }

    /// A viewer of a partner has gone from a room, or did not come about.
    func dismiss(_ admission: PartnerAdmission?, from room: RoomName) {
        guard let admission else { return }
        viewersOfPartners.dismiss(admission.partner, from: room)
    }
}
