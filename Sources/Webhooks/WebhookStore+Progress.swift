import GRDB
import Primitives

/// How far rooms' logs are told: what a later process goes on from.
extension WebhookStore {
    /// How far rooms' logs are told, and since when events are.
    func progress() async throws -> (told: [RoomName: UInt64], begun: WallClockTime) {
        try await database.read { connection in
            var told: [RoomName: UInt64] = [:]
            for row in try GRDB.Row.fetchAll(connection, sql: "SELECT room, sequence FROM told") {
                guard let room = RoomName(row["room"] as String) else { continue }
                told[room] = row["sequence"]
            }
            let begun = try Int64.fetchOne(connection, sql: "SELECT at FROM beginning") ?? 0
            return (told, WallClockTime(nanosecondsSince1970: begun))
        }
    }

    static func note(_ reached: [RoomName: UInt64], _ connection: Database) throws {
        for (room, sequence) in reached {
            try connection.cachedStatement(
                sql: """
                    INSERT INTO told (room, sequence) VALUES (?, ?)
                    ON CONFLICT DO UPDATE SET sequence = max(sequence, excluded.sequence)
                    """
            ).execute(arguments: [room.text, Int64(clamping: sequence)])
        }
    }
}
