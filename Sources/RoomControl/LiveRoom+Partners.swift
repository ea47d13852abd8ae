import Partners
import Primitives
import RelayRuntime

/// Sessions of partners' viewers: they end with their grant, and with what the operator takes from the partner.
extension LiveRoom {
    /// Ends the sessions whose grant has ended.
    func endExpiredGrants(now: MonotonicTime) {
        for (session, viewing) in viewings {
            guard let ends = viewing.endsAt, ends <= now else { continue }
            endViewing(session, because: "grant-expired")
        }
    }

    /// Ends the sessions that a change at a partner takes the ground from; answers how many.
    func endSessions(after change: PartnerChange) -> Int {
        let ended = viewings.filter { $0.value.admission?.isEnded(by: change) == true }.keys
        for session in ended { endViewing(session, because: change.reason) }
        return ended.count
    }

    /// Lets a session go on under another grant of the same partner.
    func renew(_ session: SessionID, _ admission: PartnerAdmission) throws(RelayProblem) {
        guard let viewing = viewings[session] else { throw .unknownSession }
        guard let present = viewing.admission, present.partner == admission.partner,
            present.media == admission.media
        else {
            throw RelayProblem(
                "foreign-grant",
                status: 403,
                detail: "the grant is not one for this session: another partner, or other media"
            )
        }
        viewings[session]?.admission = admission
        viewings[session]?.endsAt = SystemClock.reading.monotonicDeadline(for: admission.expiresAt)
    }

    /// Ends a session and says why; its stream of events closes with that.
    private func endViewing(_ session: SessionID, because reason: String) {
        send("ended", EventDocuments.Ended(reason: reason), to: session)
        endViewing(session)
    }
}
