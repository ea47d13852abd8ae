import Disclosures
import Primitives

extension RoomAuthority {
    /// What the participant has decided about, with what waits to be written.
    package func keys(of participant: ParticipantID) -> Set<ConsentKey> {
        var keys = Set(durable.records(of: participant).lazy.map(\.statement.key))
        for request in pending[.participant(participant)] ?? [] {
            for change in request.changes {
                if case .statement(let statement) = change.content { keys.insert(statement.key) }
            }
        }
        return keys
    }
}
