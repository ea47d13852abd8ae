import GRDB

/// Holds the disclosure ledger's sequencer between transactions, or reads it when it is wanted first.
///
/// Consents and heartbeats do without it, so that they do not wait for it to be read.
struct SequencerSlot {
    private var sequencer: DisclosureSequencer?

    /// Runs `body` with the sequencer as the tables have it.
    mutating func use<Value>(
        _ connection: Database,
        _ body: (inout DisclosureSequencer) throws -> Value
    ) throws -> Value {
        // Moved out and back, so that its tables are changed in place.
        var current = try sequencer.take() ?? DisclosureSequencer(connection)
        let value = try body(&current)
        sequencer = current
        return value
    }

    /// Undoes a write that contradicts the ledger, so that it fails alone in its group.
    mutating func alone(
        _ connection: Database,
        _ body: (inout DisclosureSequencer) throws -> Void
    ) throws -> Result<Void, LedgerError> {
        do {
            try connection.inSavepoint {
                try use(connection, body)
                return .commit
            }
            return .success(())
        } catch LedgerError.contradiction(let text) {
            return .failure(.contradiction(text))
        }
    }
}
