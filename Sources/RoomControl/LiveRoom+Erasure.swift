import ConsentAuthority
import Disclosures
import Primitives
import RelayEngine
import RelayRuntime

extension LiveRoom {
    /// Ends what a participant does here and takes nothing more from them: they are to be erased.
    func bar(_ participant: ParticipantID) {
        barred.insert(participant)
        endPublication(participant)
        feeds.removeValue(forKey: participant)?.close()
    }

    /// The identifier may be used again: whoever comes with it is somebody new.
    func readmit(_ participant: ParticipantID) { barred.remove(participant) }

    /// Whether nothing about a participant waits to be written.
    func isQuiet(about participant: ParticipantID) -> Bool {
        tickAccounts()
        return accounts.isSettled(about: participant) && !authority.hasUnwritten(about: participant)
    }

    /// Takes a participant out of memory; false while something about them waits to be written.
    func forget(_ participant: ParticipantID) -> Bool {
        guard isQuiet(about: participant) else { return false }
        var effects: [ConsentEffect] = []
        guard authority.forget(participant, now: SystemClock.reading, effects: &effects) else { return false }
        run(effects)
        streams[participant] = nil
        profiles[participant] = nil
        stale.remove(participant)
        // What viewers were told before may have their name in it.
        for session in Array(viewings.keys) { viewings[session]?.feed.skip() }
        return true
    }
}
