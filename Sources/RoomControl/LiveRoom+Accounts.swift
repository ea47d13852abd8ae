import ConsentAuthority
import Disclosures
import LedgerStore
import Logging
import Primitives
import RelayEngine
import RelayRuntime
import Rooms

/// The room's part in the disclosure ledger: it drives the books as it drives the authority.
extension LiveRoom {
    /// Does what the books want after something was told to them; one write for all of it.
    func settleAccounts() {
        changeAccounts { $0.settle(now: SystemClock.reading, using: &$1, effects: &$2) }
    }

    func tickAccounts() {
        changeAccounts { $0.tick(now: SystemClock.reading, using: &$1, effects: &$2) }
    }

    /// Takes what media loops have counted.
    func counted(_ reports: [AccountReport]) {
        accounts.counted(reports, now: SystemClock.reading)
        settleAccounts()
    }

    /// Whether the ledger holds everything there is to say of this room.
    var isAccounted: Bool { accounts.isSettled }

    /// A gate was opened, at first or anew, or its opening goes on under another grant.
    func tellOpened(_ gate: DisclosureGate, _ permit: Permit) {
        let participant = publications.values.first { publication in
            publication.tracks.contains { $0.id == gate.track }
        }?.participant
        let grant = participant.flatMap { participant in
            authority.records(of: participant).first { $0.sequence == permit.grant }
        }
        accounts.opened(gate, permit, notice: grant?.statement.notice)
    }

    /// A viewer's line is fed from a track from now on.
    func attach(_ mediaIndex: Int, of viewing: Viewing, to publication: Publication, _ track: PublishedTrack)
    {
        accounts.attach(
            LineAssignment(
                line: LineName(peer: viewing.peer, mediaIndex: mediaIndex),
                loop: viewing.loop,
                gate: gate(track.id, viewing.audienceID),
                participant: publication.participant,
                stream: publication.stream.text,
                media: track.type,
                audience: viewing.audience,
                session: viewing.ledgerName
            )
        )
    }

    func detach(_ mediaIndex: Int, of viewing: Viewing) {
        accounts.detach(LineName(peer: viewing.peer, mediaIndex: mediaIndex))
    }

    private func changeAccounts(
        _ change: (inout DisclosureAccounts, inout SystemRandomNumberGenerator, inout [AccountEffect]) -> Void
    ) {
        var random = SystemRandomNumberGenerator()
        var effects: [AccountEffect] = []
        let wasUnavailable = accounts.isUnavailable
        change(&accounts, &random, &effects)
        for effect in effects {
            switch effect {
            case .record(let entries, let ticket):
                Task { await self.record(entries, ticket) }
            case .post(let commands, let loop):
                guard !environment.plane.post(commands, to: loop) else { continue }
                for case .admit(_, _, let admission) in commands {
                    accounts.notAdmitted(admission.account, now: SystemClock.reading)
                }
            }
        }
        if wasUnavailable != accounts.isUnavailable { stale.formUnion(publications.keys) }
    }

    private func record(_ entries: [DisclosureEntry], _ ticket: RecordTicket) async {
        do throws(LedgerError) {
            try await environment.disclosures.record(entries)
            for entry in entries { environment.tell(entry) }
            changeAccounts { $0.recorded(ticket, now: SystemClock.reading, using: &$1, effects: &$2) }
        } catch .contradiction(let detail) {
            logger.critical(
                "the disclosure ledger contradicts an entry",
                metadata: ["detail": "\(detail)", "entries": "\(entries.count)"]
            )
            changeAccounts { accounts, _, effects in
                accounts.recordContradicted(ticket, now: SystemClock.reading, effects: &effects)
            }
        } catch {
            logger.error("the disclosure ledger cannot be written", metadata: ["error": "\(error)"])
            changeAccounts { accounts, _, _ in accounts.recordFailed(ticket, now: SystemClock.reading) }
        }
    }
}
