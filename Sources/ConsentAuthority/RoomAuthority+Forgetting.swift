import Disclosures
import Primitives

extension RoomAuthority {
    /// Takes a participant out of the fold who is being erased from the log; answers whether that could be done.
    ///
    /// Not while something about them waits to be written, or nobody knows what was: writing it later would bring
    /// them back. What else rests on them, as a child's grants on their guardian, closes at once.
    package mutating func forget(
        _ participant: ParticipantID,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) -> Bool {
        guard !hasUnwritten(about: participant), tracksOfParticipant[participant] == nil else { return false }
        durable.forget(participant)
        windows[participant] = nil
        refreshAll(renewing: false, now: now, effects: &effects)
        return true
    }

    /// Whether something about a participant waits to be written, or may have been written without our knowing.
    package func hasUnwritten(about participant: ParticipantID) -> Bool {
        let subject = ConsentEvent.Subject.participant(participant)
        return isLogUncertain || pending[subject]?.isEmpty == false
            || queue.contains { $0.subject == subject }
            || inFlight?.events.contains { $0.event.subject == subject } == true
    }
}
