import Disclosures
import Primitives
import TransparencyLogs

extension SQLiteLedgerStore {
    /// How often and how far apart the write-ahead log is tried to be cut while somebody else is reading.
    private static let cuttingAttempts = 50
    private static let cuttingPause = Duration.milliseconds(100)

    /// Makes every event, leaf and row about `participant` lead to nobody: its secret and name are
    /// overwritten.
    ///
    /// Rooms that are open have to be let go and read again. The log stays as it is, with one leaf more that
    /// says so. Answers `nil` if nobody of that name is known. Throws `unavailable` also where copies are
    /// left in the write-ahead log because somebody reads it: repeating the call finishes what was begun.
    /// Backups that were made before still hold both and are the operator's concern.
    package func erase(
        participant: ParticipantID,
        at time: WallClockTime = .now()
    ) async throws(LedgerError) -> ErasureCertificate? {
        try await erase(participant.text, at: time)
    }

    /// The same for whoever acts in events without being a participant (operators, guardians); answers
    /// whether it was known.
    package func erasePrincipal(_ text: String) async throws(LedgerError) -> Bool {
        try await erase(text, at: .now()) != nil
    }

    private func erase(
        _ person: String,
        at time: WallClockTime
    ) async throws(LedgerError) -> ErasureCertificate? {
        let erasure = try await connection.erase(person, at: time)
        try await cutJournal()
        guard let erasure else { return nil }
        await publish()
        // The erasure stands, published or not; a proof can be made later too.
        let proof = try? await publisher.proof(of: erasure.index)
        return ErasureCertificate(
            time: time.rfc3339,
            disclosures: erasure.leaf.disclosures,
            entries: erasure.leaf.entries,
            firstLeaf: erasure.leaf.leaves?.lowerBound,
            lastLeaf: erasure.leaf.leaves?.upperBound,
            leaf: erasure.index,
            statement: String(decoding: erasure.leaf.bytes, as: UTF8.self),
            salt: Hexadecimal.encode(erasure.salt),
            proof: proof?.text,
            verifierKey: verifierKey.text
        )
    }

    func cutJournal() async throws(LedgerError) {
        for attempt in 1...Self.cuttingAttempts {
            if try await connection.emptyJournal() { return }
            // Not on the ledger's thread, which goes on committing meanwhile.
            if attempt < Self.cuttingAttempts { try? await Task.sleep(for: Self.cuttingPause) }
        }
        throw .unavailable(
            "the erasure is made and stands in the write-ahead log still, as somebody reads it"
        )
    }
}
