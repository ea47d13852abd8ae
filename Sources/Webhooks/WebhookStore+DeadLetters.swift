import GRDB
import Primitives

/// A delivery that was given up.
package struct DeadLetter: Sendable, Equatable {
    package let number: Int64
    package let messageID: String
    package let type: String
    package let reason: DeadLetterReason
    package let attempts: Int
    /// The status of the last answer; `nil` if none ever came.
    package let lastStatus: Int?
    package let createdAt: WallClockTime
    package let givenUpAt: WallClockTime
}

extension WebhookStore {
    func deadLetterCount(of endpoint: String) async throws -> Int {
        try await database.read { connection in
            try Int.fetchOne(
                connection,
                sql: "SELECT count(*) FROM delivery WHERE endpoint = ? AND reason IS NOT NULL",
                arguments: [endpoint]
            ) ?? 0
        }
    }

    /// Dead letters by number, those after `number`.
    func deadLetters(of endpoint: String, after number: Int64, limit: Int) async throws -> [DeadLetter] {
        try await database.read { connection in
            try GRDB.Row.fetchAll(
                connection,
                sql: """
                    SELECT * FROM delivery WHERE endpoint = ? AND reason IS NOT NULL AND number > ?
                    ORDER BY number LIMIT ?
                    """,
                arguments: [endpoint, number, limit]
            ).map { row in
                DeadLetter(
                    number: row["number"],
                    messageID: row["message"],
                    type: row["type"],
                    reason: DeadLetterReason(rawValue: row["reason"]) ?? .attempts,
                    attempts: row["attempts"],
                    lastStatus: row["last_status"],
                    createdAt: WallClockTime(nanosecondsSince1970: row["created_at"]),
                    givenUpAt: WallClockTime(nanosecondsSince1970: row["given_up_at"])
                )
            }
        }
    }

    /// Makes dead letters deliveries again, as old as `time`; the oldest first, at most `limit`.
    func revive(
        _ endpoint: String,
        numbers: [Int64]?,
        limit: Int,
        at time: WallClockTime
    ) async throws -> [DeliverySchedule.Delivery] {
        try await database.write { connection in
            let marks = numbers.map { $0.map { _ in "?" }.joined(separator: ",") }
            let among = marks.map { "AND number IN (\($0))" } ?? ""
            let found = try Int64.fetchAll(
                connection,
                sql: """
                    SELECT number FROM delivery WHERE endpoint = ? AND reason IS NOT NULL \(among)
                    ORDER BY number LIMIT ?
                    """,
                arguments: StatementArguments([endpoint]) + StatementArguments(numbers ?? []) + [limit]
            )
            let statement = try connection.cachedStatement(
                sql: """
                    UPDATE delivery SET reason = NULL, given_up_at = NULL, attempts = 0, created_at = ?,
                        due_at = ? WHERE number = ?
                    """
            )
            let nanoseconds = time.nanosecondsSince1970
            for number in found { try statement.execute(arguments: [nanoseconds, nanoseconds, number]) }
            return found.map { DeliverySchedule.Delivery(number: $0, createdAt: time, dueAt: time) }
        }
    }

    /// Removes everything about a person; answers the numbers that are gone.
    func erase(_ subject: ParticipantID) async throws -> Set<Int64> {
        try await database.write { connection in
            try Int64.fetchSet(
                connection,
                sql: "DELETE FROM delivery WHERE subject = ? RETURNING number",
                arguments: [subject.text]
            )
        }
    }

    /// Moves the write-ahead log into the file and empties it, so that nothing erased is left in it.
    func truncateLog() async throws {
        try await database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }
}
