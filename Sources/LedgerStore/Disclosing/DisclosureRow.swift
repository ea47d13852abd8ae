import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

/// The row of one interval: what its leaves say, in plain words.
struct DisclosureRow {
    let id: Int64

    /// The interval called `name`.
    static func find(_ name: [UInt8], _ connection: Database) throws -> DisclosureRow? {
        try Int64.fetchOne(
            connection.cachedStatement(sql: "SELECT id FROM disclosure WHERE interval = ?"),
            arguments: [Data(name)]
        ).map(DisclosureRow.init)
    }

    /// Whether `entry` says what the ledger has already: a call that was repeated because its answer was
    /// lost.
    func isRepeated(
        by entry: DisclosureEntry,
        _ leaf: DisclosureLeaf?,
        _ connection: Database
    ) throws -> Bool {
        // The same interval under other words is another one.
        if let leaf {
            let opened = try Data.fetchOne(
                connection,
                sql: "SELECT bytes FROM leaf WHERE idx = (SELECT leaf FROM disclosure WHERE id = ?)",
                arguments: [id]
            )
            return opened.map { [UInt8]($0) } == leaf.bytes
        }
        let found = try Row.fetchOne(
            connection,
            sql: """
                SELECT 1 FROM disclosure_entry
                WHERE disclosure = ? AND kind = ? AND time = ? AND packets = ? AND bytes = ?
                """,
            arguments: [
                id, entry.kind.word, entry.time.nanosecondsSince1970, Int64(clamping: entry.packets),
                Int64(clamping: entry.bytes),
            ]
        )
        return found != nil
    }

    private static let insertion = """
        INSERT INTO disclosure (
            interval, leaf, principal, room, stream, purpose, recipient_class, recipient, session, media,
            epoch, grant_sequence, notice_id, notice_version, notice_sha256, began, reason, basis
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    /// Writes the row of a new interval; answers its number.
    static func insert(
        _ entry: DisclosureEntry,
        name: [UInt8],
        leaf: Int64,
        principal: Int64,
        _ connection: Database
    ) throws -> Int64 {
        let interval = entry.interval
        try connection.cachedStatement(sql: insertion).execute(
            arguments: [
                Data(name), leaf, principal, try RoomTable.reference(interval.room, connection),
                interval.stream, interval.audience.purpose.rawValue,
                interval.audience.recipientClass.rawValue,
                interval.audience.recipient, interval.session,
                interval.media.sorted().map(\.rawValue).joined(separator: ","),
                try number(interval.epoch), try interval.grant.map(number), interval.notice?.id,
                interval.notice?.version, interval.notice?.sha256, entry.from.nanosecondsSince1970,
                entry.kind.denyReason?.rawValue, interval.basis?.rawValue,
            ]
        )
        return connection.lastInsertedRowID
    }

    /// Writes the row of one leaf of an interval.
    static func insertEntry(
        leaf index: Int64,
        of disclosure: Int64,
        _ leaf: DisclosureLeaf,
        _ connection: Database
    ) throws {
        try connection.cachedStatement(
            sql: """
                INSERT INTO disclosure_entry (leaf, disclosure, kind, time, packets, bytes)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                index, disclosure, leaf.kind.word, leaf.time.nanosecondsSince1970, try number(leaf.packets),
                try number(leaf.bytesSent),
            ]
        )
    }

    /// Kinds of media as the column holds them.
    static func media(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

    /// A number that the ledger's integers and those of JSON can hold.
    private static func number(_ value: UInt64) throws -> Int64 {
        guard value < 1 << 53 else { throw LedgerError.contradiction("\(value) is no count of this world") }
        return Int64(value)
    }
}

/// The names of rooms by number.
enum RoomTable {
    static func reference(_ room: RoomName, _ connection: Database) throws -> Int64 {
        let select = try connection.cachedStatement(sql: "SELECT id FROM room WHERE name = ?")
        if let id = try Int64.fetchOne(select, arguments: [room.text]) { return id }
        try connection.execute(sql: "INSERT INTO room (name) VALUES (?)", arguments: [room.text])
        return connection.lastInsertedRowID
    }
}

/// The secrets of participants' commitments, by the number of the participant.
enum SaltTable {
    /// The secret of `principal` (`nil`: of leaves about nobody), a new one where there is none.
    static func secret(of principal: Int64?, _ connection: Database) throws -> CommitmentSecret {
        if let found = try existing(of: principal, connection) { return found }
        let secret = CommitmentSecret.random()
        try connection.cachedStatement(sql: "INSERT INTO salt (principal, secret) VALUES (?, ?)")
            .execute(arguments: [principal, Data(secret.bytes)])
        return secret
    }

    /// The secret of `principal`, if there is one and it has not been erased.
    static func existing(of principal: Int64?, _ connection: Database) throws -> CommitmentSecret? {
        let select = try connection.cachedStatement(sql: "SELECT secret FROM salt WHERE principal IS ?")
        guard let bytes = try Data.fetchOne(select, arguments: [principal]).map({ [UInt8]($0) }),
            bytes != CommitmentSecret.erased
        else { return nil }
        return CommitmentSecret(bytes: bytes)
    }

    /// Overwrites the secret of `principal` in its place.
    static func erase(_ principal: Int64, _ connection: Database) throws {
        try connection.execute(
            sql: "UPDATE salt SET secret = zeroblob(32) WHERE principal = ?",
            arguments: [principal]
        )
    }
}
