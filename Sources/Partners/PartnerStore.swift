import Disclosures
import Foundation
import GRDB
import Primitives

/// Partners, their destinations and redeemed grants in `partners.sqlite`, a file of its own that holds nothing about
/// participants.
final class PartnerStore: Sendable {
    static let fileName = "partners.sqlite"
    /// "Tpar".
    private static let applicationID = 0x5470_6172
    /// How long a write waits for somebody else's lock.
    private static let busySeconds = 1.0

    private let path: String
    private let database: DatabaseQueue

    init(directory: String) throws(PartnerRegistryError) {
        path = directory + "/" + Self.fileName
        do {
            let manager = FileManager.default
            if !manager.fileExists(atPath: path) {
                _ = manager.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.busySeconds)
            configuration.prepareDatabase { connection in
                // FULL: a suspension or a redemption that was acknowledged outlives a power cut. What is removed is
                // overwritten, because destinations have secrets.
                try connection.execute(
                    sql: """
                        PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;
                        PRAGMA secure_delete = ON
                        """
                )
            }
            database = try DatabaseQueue(path: path, configuration: configuration)
            try database.writeWithoutTransaction { [path] connection in try Self.take(connection, path) }
            try Self.migrator.migrate(database)
        } catch let error as PartnerRegistryError {
            throw error
        } catch {
            throw .unavailable("\(directory)/\(Self.fileName) cannot be used: \(error)")
        }
    }

    /// Refuses a file of another application, and makes a new one ours.
    private static func take(_ connection: Database, _ path: String) throws {
        if try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_schema") == 0 {
            try connection.execute(sql: "PRAGMA application_id = \(applicationID)")
        } else if try Int.fetchOne(connection, sql: "PRAGMA application_id") != applicationID {
            throw PartnerRegistryError.unavailable("\(path) is a SQLite file of another application")
        }
        try connection.execute(sql: "PRAGMA journal_mode = WAL")
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 partners") { connection in
            try connection.execute(
                sql: """
                    CREATE TABLE partner (
                        id TEXT PRIMARY KEY,
                        terms TEXT NOT NULL,
                        state TEXT NOT NULL,
                        key_number INTEGER NOT NULL,
                        key_digest BLOB NOT NULL CHECK (length(key_digest) = 32)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE key_number (
                        partner TEXT PRIMARY KEY,
                        last INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE redemption (
                        grant_id TEXT PRIMARY KEY,
                        forgotten_at INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX redemption_by_time ON redemption (forgotten_at);
                    """
            )
        }
        migrator.registerMigration("2 listing") { connection in
            // Those of before are listed since nobody knows when.
            try connection.execute(sql: "ALTER TABLE partner ADD COLUMN listed_at INTEGER")
        }
        migrator.registerMigration("3 destinations") { try makeDestinations($0) }
        return migrator
    }

    // MARK: Partners

    func partners() throws(PartnerRegistryError) -> [String: Partner] {
        try attempt { database in
            var found: [String: Partner] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT * FROM partner") {
                let id: String = row["id"]
                guard let terms = PartnerTermsDocument(json: row["terms"])?.terms,
                    let state = Partner.State(rawValue: row["state"])
                else { throw PartnerRegistryError.unavailable("partner \(id) cannot be read") }
                found[id] = Partner(
                    id: id,
                    terms: terms,
                    state: state,
                    keyNumber: row["key_number"],
                    keyDigest: Array(row["key_digest"] as Data),
                    listedAt: (row["listed_at"] as Int64?).map { WallClockTime(nanosecondsSince1970: $0) }
                )
            }
            return found
        }
    }

    func lastKeyNumber(of id: String) throws(PartnerRegistryError) -> Int {
        try attempt { database in
            try Int.fetchOne(database, sql: "SELECT last FROM key_number WHERE partner = ?", arguments: [id])
                ?? 0
        }
    }

    func write(_ partner: Partner) throws(PartnerRegistryError) {
        try attempt { database in
            try database.execute(
                sql: """
                    INSERT INTO partner (id, terms, state, key_number, key_digest, listed_at)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, state = excluded.state,
                        key_number = excluded.key_number, key_digest = excluded.key_digest,
                        listed_at = excluded.listed_at
                    """,
                arguments: [
                    partner.id, PartnerTermsDocument(partner.terms).json, partner.state.rawValue,
                    partner.keyNumber, Data(partner.keyDigest), partner.listedAt?.nanosecondsSince1970,
                ]
            )
            try database.execute(
                sql: """
                    INSERT INTO key_number (partner, last) VALUES (?, ?)
                    ON CONFLICT (partner) DO UPDATE SET last = max(last, excluded.last)
                    """,
                arguments: [partner.id, partner.keyNumber]
            )
        }
    }

    func remove(_ id: String) throws(PartnerRegistryError) {
        try attempt { database in
            try database.execute(sql: "DELETE FROM partner WHERE id = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM destination WHERE partner = ?", arguments: [id])
        }
    }

    // MARK: Redemptions

    func redeem(
        _ id: String,
        forgottenAt: WallClockTime,
        now: WallClockTime
    ) throws(PartnerRegistryError) -> Bool {
        try attempt { database in
            try database.execute(
                sql: "DELETE FROM redemption WHERE forgotten_at < ?",
                arguments: [now.nanosecondsSince1970]
            )
            try database.execute(
                sql: "INSERT INTO redemption (grant_id, forgotten_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [id, forgottenAt.nanosecondsSince1970]
            )
            return database.changesCount == 1
        }
    }

    func giveBack(_ id: String) throws(PartnerRegistryError) {
        try attempt { database in
            try database.execute(sql: "DELETE FROM redemption WHERE grant_id = ?", arguments: [id])
        }
    }

    func attempt<Value>(_ body: (Database) throws -> Value) throws(PartnerRegistryError) -> Value {
        do {
            return try database.write(body)
        } catch let error as PartnerRegistryError {
            throw error
        } catch {
            throw .unavailable("\(path): \(error)")
        }
    }
}
