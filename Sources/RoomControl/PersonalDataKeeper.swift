import Primitives

/// Somebody beside the ledger who keeps data about participants: it is asked when they want to see what there is, and
/// when it must go.
package protocol PersonalDataKeeper: Sendable {
    /// What is kept about `participant`, as files of the archive that they get; names as `receipts/1.json`.
    func files(about participant: ParticipantID) async throws -> [ExportedFile]

    /// Takes away everything about `participant`; repeating it changes nothing.
    func erase(_ participant: ParticipantID) async throws
}

/// One file of the archive of everything that is held about a participant.
package struct ExportedFile: Sendable, Equatable {
    /// Its path in the archive: at most 255 bytes of ASCII.
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}
