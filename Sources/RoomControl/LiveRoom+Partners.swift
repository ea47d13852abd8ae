import ConsentAuthority
import Disclosures
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

    /// Tells whoever listens of a partner that the operator has come to list, and whether their grant to any listed
    /// partner covers it.
    func tell(ofListed partner: Partner) {
        guard partner.mayReceive(.liveEmbed, of: name) else { return }
        for participant in Array(feeds.keys) {
            let document = EventDocuments.ListedPartner(
                id: partner.id,
                legalName: partner.terms.legalName,
                listedAt: partner.listedAt?.rfc3339,
                isCovered: hasAgreedToAnyPartner(participant)
            )
            feeds[participant]?.send("partner", json: EventDocuments.json(document))
        }
    }

    private func hasAgreedToAnyPartner(_ participant: ParticipantID) -> Bool {
        let now = SystemClock.wall
        return authority.records(of: participant).map(\.statement).contains { statement in
            statement.purpose == .liveEmbed && statement.coversWholeClass && statement.permits
                && statement.validity.contains(now)
        }
    }

    /// Ends a session and says why; its stream of events closes with that.
    private func endViewing(_ session: SessionID, because reason: String) {
        send("ended", EventDocuments.Ended(reason: reason), to: session)
        endViewing(session)
    }
}
