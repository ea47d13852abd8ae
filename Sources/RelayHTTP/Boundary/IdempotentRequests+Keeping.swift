import Primitives
import RoomControl

/// Answers that wait to be given again, as data about participants.
extension IdempotentRequests: PersonalDataKeeper {
    /// Copies of answers that were given, for a day at most.
    package func files(about participant: ParticipantID) async throws -> [ExportedFile] { [] }

    package func erase(_ participant: ParticipantID) async throws { forget(participant) }
}
