import ConsentAuthority
import Disclosures
import Primitives
import RelayRuntime

extension LiveRoom {
    /// What governs the room.
    var governance: GovernedRoom {
        let state = authority.durable
        return GovernedRoom(
            epoch: state.epoch,
            rules: state.rules,
            controller: state.controller,
            notices: state.notices,
            inForce: Purpose.allCases.reduce(into: [:]) { found, purpose in
                for notice in noticesInForce(for: purpose) { found[notice, default: []].insert(purpose) }
            }
        )
    }

    /// The newest notice for a purpose, in each of its languages: what a grant is to name now.
    func noticesInForce(for purpose: Purpose) -> [NoticeVersion] {
        let accepted = authority.durable.notices(acceptedFor: purpose)
        guard let newest = accepted.last else { return [] }
        return accepted.filter { $0.id == newest.id && $0.version == newest.version }
    }

    /// What governs a participant.
    func governance(of participant: ParticipantID) -> GovernedParticipant {
        let state = authority.durable
        return GovernedParticipant(
            epoch: state.epoch,
            status: state.status(of: participant),
            holds: state.holds(of: participant).sorted { $0.id < $1.id },
            demands: state.demands(of: participant).sorted { $0.sequence < $1.sequence }.map(\.demand)
        )
    }

    /// Submits what an operator sets and waits until it is in force.
    func govern(
        by content: ConsentEvent.Content,
        ifEpoch: Set<UInt64>?
    ) async -> Result<Acknowledgement, RelayProblem> {
        await submit(ifEpoch: ifEpoch) { authority, effects in
            authority.submit([content], about: content.subject, now: SystemClock.reading, effects: &effects)
        }
    }

    /// Ends every grant of a participant and waits until that is in force.
    func endEveryGrant(
        of participant: ParticipantID,
        by actor: ConsentActor
    ) async -> Result<Acknowledgement, RelayProblem> {
        await submit { authority, effects in
            authority.endEveryGrant(
                of: participant,
                state: actor.endingState,
                source: actor.source,
                entity: actor.entity,
                now: SystemClock.reading,
                effects: &effects
            )
        }
    }
}
