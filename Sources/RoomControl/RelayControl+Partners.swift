import Partners
import Primitives

/// What the relay does for partners.
package protocol PartnerSessions: Sendable {
    /// Lets a session go on under another grant. Codes: `unknown-session` 404, `foreign-grant` 403.
    func renew(_ session: SessionID, _ admission: PartnerAdmission) async throws(RelayProblem)

    /// Ends every session that a change at a partner takes the ground from; answers when they have ended, with
    /// their number.
    func endSessions(after change: PartnerChange) async -> Int
}

extension RelayControl: PartnerSessions {
    package func renew(_ session: SessionID, _ admission: PartnerAdmission) async throws(RelayProblem) {
        try await room(of: session).renew(session, admission)
    }

    package func endSessions(after change: PartnerChange) async -> Int {
        let present = rooms.values
        return await withTaskGroup(of: Int.self) { group in
            for room in present { group.addTask { await room.endSessions(after: change) } }
            return await group.reduce(0, +)
        }
    }

    /// Refuses a viewer more than a partner may have.
    ///
    /// Counted where sessions are registered, so that joins at the same moment count each other.
    func admit(_ admission: PartnerAdmission?) throws(RelayProblem) {
        guard let admission else { return }
        let present = viewersOfPartners[admission.partner, default: 0]
        guard present < admission.maximumViewers else {
            throw RelayProblem(
                "partner-full",
                status: 503,
                detail: "the partner has as many viewers as it may; try again later",
                retryAfterSeconds: 10
            )
        }
        viewersOfPartners[admission.partner] = present + 1
    }

    /// A viewer of a partner has gone, or did not come about.
    func dismiss(_ admission: PartnerAdmission?) {
        guard let partner = admission?.partner, let present = viewersOfPartners[partner] else { return }
        viewersOfPartners[partner] = present > 1 ? present - 1 : nil
    }
}
