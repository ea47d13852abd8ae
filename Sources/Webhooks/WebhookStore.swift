import Foundation
import GRDB
import Primitives

/// Why the file of deliveries cannot be used.
package struct WebhookStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// Deliveries and dead letters in `webhooks.sqlite`, a file of its own so that nothing here ever waits for, or is
/// waited for by, the ledger.
actor WebhookStore {
    /// A delivery that is to be written.
    struct Row: Sendable {
        let endpoint: String
        let event: WebhookEvent
        let createdAt: WallClockTime
        /// Set for what found no room.
        let deadReason: DeadLetterReason?
    }

    /// What is sent.
    struct Message: Sendable {
        let id: String
        let body: [UInt8]
    }

    enum Change: Sendable {
        case delivered(Int64)
        case postponed(Int64, attempts: Int, status: Int?, until: WallClockTime)
        case givenUp(Int64, DeadLetterReason, status: Int?, attempted: Bool)
        case disabled(endpoint: String)
    }

    static let fileName = "webhooks.sqlite"
    /// "Thwh".
    private static let applicationID = 0x5468_7768
    /// How long a write waits for somebody else's lock.
    private static let busySeconds = 1.0
    private static let journalBytes = 16 << 20

    let database: DatabaseQueue
    private let limits: DeliveryLimits

    /// Opens or makes the file in a directory that exists; readable by its owner only.
    ///
    /// A new one tells what happens from `now` on.
    init(directory: String, limits: DeliveryLimits, now: WallClockTime) throws(WebhookStoreError) {
        let path = directory + "/" + Self.fileName
        self.limits = limits
        do {
            let manager = FileManager.default
            if !manager.fileExists(atPath: path) {
                _ = manager.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.busySeconds)
            configuration.prepareDatabase { connection in
                // NORMAL: a power cut may lose the last moments' deliveries or repeat some, and nothing else.
                // What was erased is overwritten, because documents name participants.
                try connection.execute(
                    sql: """
                        PRAGMA synchronous = NORMAL;
                        PRAGMA secure_delete = ON;
                        PRAGMA trusted_schema = OFF;
                        PRAGMA journal_size_limit = \(Self.journalBytes);
                        """
                )
            }
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.writeWithoutTransaction { try Self.take($0, path) }
            try Self.migrator.migrate(database)
            try database.write { connection in
                try connection.execute(
                    sql: "INSERT INTO beginning (id, at) VALUES (1, ?) ON CONFLICT DO NOTHING",
                    arguments: [now.nanosecondsSince1970]
                )
            }
        } catch let error as WebhookStoreError {
            throw error
        } catch {
            throw WebhookStoreError(description: "\(path) cannot be used: \(error)")
        }
    }

    /// Refuses a file of another application, and makes a new one ours.
    private static func take(_ connection: Database, _ path: String) throws {
        if try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_schema") == 0 {
            try connection.execute(sql: "PRAGMA application_id = \(applicationID)")
        } else if try Int.fetchOne(connection, sql: "PRAGMA application_id") != applicationID {
            throw WebhookStoreError(description: "\(path) is a SQLite file of another application")
        }
        try connection.execute(sql: "PRAGMA journal_mode = WAL")
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("deliveries") { connection in
            try connection.execute(
                sql: """
                    CREATE TABLE delivery (
                        number INTEGER PRIMARY KEY AUTOINCREMENT,
                        endpoint TEXT NOT NULL,
                        message TEXT NOT NULL,
                        type TEXT NOT NULL,
                        subject TEXT,
                        body BLOB NOT NULL,
                        created_at INTEGER NOT NULL,
                        due_at INTEGER NOT NULL,
                        attempts INTEGER NOT NULL,
                        last_status INTEGER,
                        given_up_at INTEGER,
                        reason TEXT
                    ) STRICT;
                    CREATE INDEX delivery_of_endpoint ON delivery (endpoint, reason IS NULL, number);
                    CREATE INDEX delivery_of_subject ON delivery (subject) WHERE subject IS NOT NULL;
                    CREATE TABLE disabled_endpoint (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
                    """
            )
        }
        migrator.registerMigration("progress") { connection in
            try connection.execute(
                sql: """
                    CREATE TABLE beginning (
                        id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE told (room TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT;
                    """
            )
        }
        return migrator
    }

    // MARK: - Deliveries

    /// Writes deliveries and how far rooms' logs are told with them; answers the deliveries' numbers in the same
    /// order.
    func insert(_ rows: [Row], reached: [RoomName: UInt64] = [:]) async throws -> [Int64] {
        let limits = limits
        return try await database.write { connection in
            let statement = try connection.cachedStatement(
                sql: """
                    INSERT INTO delivery
                        (endpoint, message, type, subject, body, created_at, due_at, attempts, given_up_at, reason)
                    VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
                    """
            )
            var numbers: [Int64] = []
            for row in rows {
                let time = row.createdAt.nanosecondsSince1970
                try statement.execute(arguments: [
                    row.endpoint, row.event.id, row.event.type.rawValue, row.event.subject?.text,
                    Data(row.event.body), time, time, row.deadReason == nil ? nil : time,
                    row.deadReason?.rawValue,
                ])
                numbers.append(connection.lastInsertedRowID)
            }
            for endpoint in Set(rows.filter { $0.deadReason != nil }.map(\.endpoint)) {
                try Self.trim(endpoint, limits, connection)
            }
            try Self.note(reached, connection)
            return numbers
        }
    }

    func message(_ number: Int64) async throws -> Message? {
        try await database.read { connection in
            try GRDB.Row.fetchOne(
                connection,
                sql: "SELECT message, body FROM delivery WHERE number = ?",
                arguments: [number]
            ).map { row in
                let body: Data = row["body"]
                return Message(id: row["message"], body: Array(body))
            }
        }
    }

    func apply(_ changes: [Change], at time: WallClockTime) async throws {
        let limits = limits
        try await database.write { connection in
            var touched: Set<String> = []
            for change in changes {
                switch change {
                case .delivered(let number):
                    try connection.cachedStatement(sql: "DELETE FROM delivery WHERE number = ?")
                        .execute(arguments: [number])
                case .postponed(let number, let attempts, let status, let until):
                    try connection.cachedStatement(
                        sql: "UPDATE delivery SET attempts = ?, last_status = ?, due_at = ? WHERE number = ?"
                    ).execute(arguments: [attempts, status, until.nanosecondsSince1970, number])
                case .givenUp(let number, let reason, let status, let attempted):
                    let endpoint = try String.fetchOne(
                        connection.cachedStatement(
                            sql: """
                                UPDATE delivery SET given_up_at = ?, reason = ?, attempts = attempts + ?,
                                    last_status = coalesce(?, last_status)
                                WHERE number = ? RETURNING endpoint
                                """
                        ),
                        arguments: [
                            time.nanosecondsSince1970, reason.rawValue, attempted ? 1 : 0, status, number,
                        ]
                    )
                    if let endpoint { touched.insert(endpoint) }
                case .disabled(let endpoint):
                    try connection.execute(
                        sql: "INSERT OR REPLACE INTO disabled_endpoint (name, at) VALUES (?, ?)",
                        arguments: [endpoint, time.nanosecondsSince1970]
                    )
                }
            }
            for endpoint in touched { try Self.trim(endpoint, limits, connection) }
        }
    }

    /// What waits for an endpoint, in order.
    func waiting(for endpoint: String) async throws -> [DeliverySchedule.Delivery] {
        try await database.read { connection in
            try GRDB.Row.fetchAll(
                connection,
                sql: """
                    SELECT number, created_at, attempts, due_at FROM delivery
                    WHERE endpoint = ? AND reason IS NULL ORDER BY number
                    """,
                arguments: [endpoint]
            ).map { row in
                DeliverySchedule.Delivery(
                    number: row["number"],
                    createdAt: WallClockTime(nanosecondsSince1970: row["created_at"]),
                    attempts: row["attempts"],
                    dueAt: WallClockTime(nanosecondsSince1970: row["due_at"])
                )
            }
        }
    }

    /// Removes what is for endpoints that there are no more; answers how much that was.
    func forgetAllBut(_ endpoints: [String]) async throws -> Int {
        try await database.write { connection in
            let marks = endpoints.map { _ in "?" }.joined(separator: ",")
            let arguments = StatementArguments(endpoints)
            try connection.execute(
                sql: "DELETE FROM disabled_endpoint WHERE name NOT IN (\(marks))",
                arguments: arguments
            )
            try connection.execute(
                sql: "DELETE FROM delivery WHERE endpoint NOT IN (\(marks))",
                arguments: arguments
            )
            return connection.changesCount
        }
    }

    func isDisabled(_ endpoint: String) async throws -> Bool {
        try await database.read { connection in
            try Bool.fetchOne(
                connection,
                sql: "SELECT EXISTS (SELECT 1 FROM disabled_endpoint WHERE name = ?)",
                arguments: [endpoint]
            ) ?? false
        }
    }

    func enable(_ endpoint: String) async throws {
        try await database.write { connection in
            try connection.execute(
                sql: "DELETE FROM disabled_endpoint WHERE name = ?",
                arguments: [endpoint]
            )
        }
    }

    func close() {
        try? database.close()
    }

    private static func trim(_ endpoint: String, _ limits: DeliveryLimits, _ connection: Database) throws {
        try connection.cachedStatement(
            sql: """
                DELETE FROM delivery WHERE endpoint = ?1 AND reason IS NOT NULL AND number <= (
                    SELECT number FROM delivery WHERE endpoint = ?1 AND reason IS NOT NULL
                    ORDER BY number DESC LIMIT 1 OFFSET ?2)
                """
        ).execute(arguments: [endpoint, limits.deadLetters])
    }
}
