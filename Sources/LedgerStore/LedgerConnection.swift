import Disclosures
import GRDB
import Primitives

/// The one connection to the ledger's file: opens it, opens it again after trouble, and commits groups.
actor LedgerConnection {
    enum Write: Sendable {
        case append([ConsentEvent], RoomName)
        case heartbeat
        case disclose([DisclosureEntry])
        case operatorRead(OperatorRead)
    }

    /// How long a write waits for somebody else's lock; a quarter of a heartbeat's freshness.
    private static let busySeconds = 0.25
    /// Size to which the write-ahead log is cut after a checkpoint.
    private static let journalBytes = 16 << 20

    /// What a heartbeat writes: two pages, the most that the row of an append usually touches beside its own.
    private static let heartbeatBytes = 8192

    private let executor = LedgerExecutor()
    /// The directory while we own it; `nil` once closed.
    private var directory: LedgerDirectory?
    private let path: String
    private var database: DatabaseQueue?
    private var identity: FileIdentity?
    /// The disclosure ledger as the last transaction left it.
    private var sequencer = SequencerSlot()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(directory: String) throws(LedgerError) {
        let owned = try LedgerDirectory(path: directory)
        self.directory = owned
        path = owned.databasePath
    }

    /// Opens the file for the first time, making it if there is none.
    func open() throws(LedgerError) {
        try directory?.prepareFile()
        _ = try connected()
    }

    func close() {
        try? database?.close()
        database = nil
        directory = nil
    }

    /// Writes all of `writes` in one transaction; a conflict fails alone, anything else fails all.
    func commit(_ writes: [Write]) -> [Result<Void, LedgerError>] {
        do {
            return try transaction("commit") { sequencer, connection in
                try writes.map { try Self.perform($0, &sequencer, connection) }
            }
        } catch {
            return writes.map { _ in .failure(error) }
        }
    }

    func read(room: RoomName, after sequence: UInt64) throws(LedgerError) -> [ConsentEvent] {
        let database = try connected()
        return try attempt("read of room \(room)") {
            try database.read { try ConsentEvent.fetch(room: room, after: sequence, $0) }
        }
    }

    func rooms() throws(LedgerError) -> [RoomName] {
        let database = try connected()
        return try attempt("read of rooms") {
            try database.read { connection in
                try String.fetchAll(connection, sql: "SELECT name FROM room ORDER BY id")
                    .compactMap { RoomName($0) }
            }
        }
    }

    /// The rooms whose logs have events about `participant`.
    func rooms(of participant: ParticipantID) throws(LedgerError) -> [RoomName] {
        let database = try connected()
        return try attempt("read of a participant's rooms") {
            try database.read { connection in
                try String.fetchAll(
                    connection,
                    sql: """
                        SELECT name FROM room WHERE id IN (
                            SELECT room FROM room_event JOIN principal ON principal.id = room_event.principal
                            WHERE participant = ?
                        ) ORDER BY id
                        """,
                    arguments: [participant.text]
                ).compactMap { RoomName($0) }
            }
        }
    }

    func store(_ text: NoticeText) throws(LedgerError) {
        let database = try connected()
        try attempt("store of notice \(text.sha256)") { try database.write { try text.insert($0) } }
    }

    func noticeText(sha256: String) throws(LedgerError) -> NoticeText? {
        let database = try connected()
        return try attempt("read of notice \(sha256)") {
            try database.read { try NoticeText.fetch(sha256: sha256, $0) }
        }
    }

    func limitPages(to pages: Int?) throws(LedgerError) {
        let database = try connected()
        try attempt("limit of pages") {
            try database.writeWithoutTransaction { connection in
                let limit = pages ?? 4_294_967_294
                try connection.execute(sql: "PRAGMA max_page_count = \(limit)")
            }
        }
    }

    func settings() throws(LedgerError) -> [String: String] {
        let database = try connected()
        return try attempt("read of settings") {
            try database.read { connection in
                var settings: [String: String] = [:]
                for name in ["journal_mode", "synchronous", "foreign_keys", "secure_delete"] {
                    settings[name] = try String.fetchOne(connection, sql: "PRAGMA \(name)")
                }
                return settings
            }
        }
    }

    // MARK: - Writing

    /// Runs `body` in one transaction; what it leaves of the sequencer counts only once that is durable.
    func transaction<Value>(
        _ what: String,
        _ body: (inout SequencerSlot, Database) throws -> Value
    ) throws(LedgerError) -> Value {
        let database = try connected()
        // Taken, not copied: it is large, and after a failure it is nobody's.
        var taken = sequencer
        sequencer = SequencerSlot()
        let value = try attempt(what) {
            try database.writeWithoutTransaction { connection in
                var value: Value?
                try connection.inTransaction(.immediate) {
                    value = try body(&taken, connection)
                    return .commit
                }
                guard let value else { throw LedgerError.unavailable("\(what) came to nothing") }
                return value
            }
        }
        sequencer = taken
        return value
    }

    private static func perform(
        _ write: Write,
        _ sequencer: inout SequencerSlot,
        _ connection: Database
    ) throws -> Result<Void, LedgerError> {
        switch write {
        case .disclose(let entries):
            return try sequencer.alone(connection) { try $0.record(entries, connection) }
        case .operatorRead(let read):
            return try sequencer.alone(connection) { try $0.record(read, connection) }
        case .heartbeat:
            // As much as an append writes, and different each time, so that a disk without room for an append
            // has none for a heartbeat either.
            try connection.cachedStatement(
                sql: "UPDATE heartbeat SET beats = beats + 1, filler = randomblob(\(heartbeatBytes))"
            ).execute()
            return .success(())
        case .append(let events, let room):
            let id = try RoomTable.reference(room, connection)
            let found = try UInt64.fetchOne(
                connection.cachedStatement(sql: "SELECT max(sequence) FROM room_event WHERE room = ?"),
                arguments: [id]
            )
            var last = found ?? 0
            for event in events {
                guard event.sequence == last &+ 1 else {
                    return .failure(.conflict(room: room, expected: event.sequence, found: last))
                }
                last = event.sequence
            }
            for event in events { try event.insert(room: id, connection) }
            return .success(())
        }
    }

    // MARK: - Opening

    /// The open database, opened again if trouble made us let go of it.
    func connected() throws(LedgerError) -> DatabaseQueue {
        guard let directory else { throw .unavailable("the ledger \(path) is closed") }
        let current = directory.fileIdentity()
        if let database, current == identity { return database }
        // A file that was moved away would swallow what we write; one that never was ours is not made anew.
        guard let current, identity == nil || current == identity else {
            throw .unavailable("\(path) is gone or was replaced")
        }
        let opened = try attempt("opening") { try Self.openDatabase(at: path) }
        database = opened
        identity = current
        return opened
    }

    private static func openDatabase(at path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busySeconds)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { connection in
            try connection.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA secure_delete = ON;
                    PRAGMA trusted_schema = OFF;
                    PRAGMA journal_size_limit = \(journalBytes);
                    """
            )
        }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.writeWithoutTransaction { connection in
            try checkOwnership(connection, path: path)
            let mode = try String.fetchOne(connection, sql: "PRAGMA journal_mode = WAL")
            guard mode == "wal" else {
                throw LedgerError.unusable("\(path) cannot use a write-ahead log (mode \(mode ?? "none"))")
            }
        }
        try LedgerSchema.migrator.migrate(database)
        try emptyJournal(database)
        return database
    }

    /// Merges the write-ahead log and cuts it to nothing, so that what was overwritten stands nowhere any more.
    private static func emptyJournal(_ database: DatabaseQueue) throws {
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    /// Refuses a file that is somebody else's, newer than this program, or damaged.
    private static func checkOwnership(_ connection: Database, path: String) throws {
        let tables = try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard tables > 0 else {
            // Before the first table, so that a crash in between does not leave a file of nobody's.
            try connection.execute(sql: "PRAGMA application_id = \(LedgerSchema.applicationID)")
            return
        }
        let application = try Int.fetchOne(connection, sql: "PRAGMA application_id") ?? 0
        guard application == LedgerSchema.applicationID else {
            throw LedgerError.unusable("\(path) is a SQLite file of another application (id \(application))")
        }
        let version = try Int.fetchOne(connection, sql: "PRAGMA user_version") ?? 0
        guard version <= LedgerSchema.version else {
            throw LedgerError.unusable(
                "\(path) has layout \(version), newer than this program's \(LedgerSchema.version)"
            )
        }
        let check = try String.fetchOne(connection, sql: "PRAGMA quick_check(1)")
        guard check == "ok" else {
            throw LedgerError.unusable("\(path) is damaged: \(check ?? "no answer")")
        }
    }

    // MARK: - Failures

    /// Runs `body`; translates its errors, and lets go of the connection where a fresh one may help.
    func attempt<Value>(_ what: String, _ body: () throws -> Value) throws(LedgerError) -> Value {
        do {
            return try body()
        } catch let error as LedgerError {
            throw error
        } catch let error as DatabaseError {
            let text = "\(what) of \(path) failed: \(error.message ?? "unknown")"
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL:
                throw .unavailable("\(text) (\(error.extendedResultCode))")
            case .SQLITE_NOTADB:
                throw .unusable("\(path) is not a SQLite file")
            case .SQLITE_CORRUPT:
                throw .unusable("\(path) is damaged")
            default:
                try? database?.close()
                database = nil
                throw .unavailable("\(text) (\(error.extendedResultCode))")
            }
        } catch {
            throw .unavailable("\(what) of \(path) failed: \(error)")
        }
    }
}
