import Disclosures
import Primitives

extension SQLiteLedgerStore {
    package func profile(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(LedgerError) -> ParticipantProfile? {
        try await reader.read("display fields") { try ProfileTable.fetch(participant, room, $0) }
    }

    package func keep(
        _ profile: ParticipantProfile,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(LedgerError) {
        try await connection.keep(profile, of: participant, in: room)
    }

    package func events(
        about participant: ParticipantID,
        room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(LedgerError) -> [ConsentEvent] {
        try await reader.read("history") { database in
            try ConsentEvent.fetch(about: participant, room: room, after: sequence, limit: limit, database)
        }
    }
}

extension LedgerConnection {
    func keep(
        _ profile: ParticipantProfile,
        of participant: ParticipantID,
        in room: RoomName
    ) throws(LedgerError) {
        try transaction("display fields") { sequencer, connection in
            let subject = try sequencer.use(connection) { try $0.subject(participant, connection) }
            try ProfileTable.store(profile, subject, room, connection)
        }
    }
}
