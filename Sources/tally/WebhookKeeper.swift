import Primitives
import RoomControl
import Webhooks

/// What waits to be told to other systems, as data about participants.
struct WebhookKeeper: PersonalDataKeeper {
    let dispatcher: WebhookDispatcher

    /// Copies of records that stand in the archive themselves, on their way.
    func files(about participant: ParticipantID) async throws -> [ExportedFile] { [] }

    func erase(_ participant: ParticipantID) async throws { try await dispatcher.erase(participant) }
}
