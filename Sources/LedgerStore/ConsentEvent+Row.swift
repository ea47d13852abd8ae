import Disclosures
import GRDB
import Primitives

extension ConsentEvent {
    private static let insertion = """
        INSERT INTO room_event (room, sequence, time, kind, principal, body) VALUES (?, ?, ?, ?, ?, ?)
        """

    private static let selection = """
        SELECT room_event.sequence, room_event.time, kind, room_event.principal, participant, body
        FROM room_event JOIN room ON room.id = room_event.room
        LEFT JOIN principal ON principal.id = room_event.principal
        WHERE room.name = ? AND sequence > ? ORDER BY sequence
        """

    private static let selectionAbout = """
        SELECT room_event.sequence, room_event.time, kind, room_event.principal, participant, body
        FROM room_event JOIN room ON room.id = room_event.room
        LEFT JOIN principal ON principal.id = room_event.principal
        WHERE room.name = ? AND sequence <= ?
            AND (room_event.principal IS NULL OR room_event.principal = ?)
        ORDER BY sequence
        """

    func insert(room: Int64, _ connection: Database) throws {
        let (kind, body) = try RoomEventBody.stored(content) { text in
            try PrincipalTable.reference(text, connection)
        }
        let principal = try subject.participant.map { try PrincipalTable.reference($0.text, connection) }
        try connection.cachedStatement(sql: Self.insertion).execute(
            arguments: [room, sequence, time.nanosecondsSince1970, kind, principal, body]
        )
    }

    /// The events of `room` after `sequence`; throws `unusable` where the log has a gap, a kind unknown to us or
    /// a body that does not say what we would have written.
    static func fetch(
        room: RoomName,
        after sequence: UInt64,
        _ connection: Database
    ) throws -> [ConsentEvent] {
        var events: [ConsentEvent] = []
        var last = sequence
        let rows = try Row.fetchCursor(
            connection.cachedStatement(sql: selection),
            arguments: [room.text, Int64(clamping: sequence)]
        )
        while let row = try rows.next() {
            let event: ConsentEvent
            do {
                event = try ConsentEvent(row) { try PrincipalTable.text(of: $0, connection) }
            } catch let error as DatabaseError {
                throw error
            } catch {
                throw unreadable(room, after: last, kind: row["kind"])
            }
            guard event.sequence == last &+ 1 else { throw unreadable(room, after: last, kind: nil) }
            last = event.sequence
            events.append(event)
        }
        return events
    }

    /// The events of `room` about `participant` after `sequence`, oldest first, at most `limit`.
    static func fetch(
        about participant: ParticipantID,
        room: RoomName,
        after sequence: UInt64,
        limit: Int,
        _ connection: Database
    ) throws -> [ConsentEvent] {
        let rows = try Row.fetchCursor(
            connection,
            sql: """
                SELECT room_event.sequence, room_event.time, kind, room_event.principal, participant, body
                FROM principal JOIN room_event ON room_event.principal = principal.id
                WHERE participant = ? AND sequence > ?
                    AND room_event.room = (SELECT id FROM room WHERE name = ?)
                ORDER BY sequence LIMIT ?
                """,
            arguments: [participant.text, Int64(clamping: sequence), room.text, limit]
        )
        return try events(of: room, rows, connection)
    }

    /// The room's own events and those about `participant`, up to `sequence`.
    static func fetch(
        room: RoomName,
        about participant: ParticipantID,
        through sequence: UInt64,
        _ connection: Database
    ) throws -> [ConsentEvent] {
        let principal = try PrincipalTable.find(participant.text, connection)
        let rows = try Row.fetchCursor(
            connection.cachedStatement(sql: selectionAbout),
            arguments: [room.text, Int64(clamping: sequence), principal]
        )
        return try events(of: room, rows, connection)
    }

    private static func events(
        of room: RoomName,
        _ rows: RowCursor,
        _ connection: Database
    ) throws -> [ConsentEvent] {
        var events: [ConsentEvent] = []
        while let row = try rows.next() {
            do {
                events.append(try ConsentEvent(row) { try PrincipalTable.text(of: $0, connection) })
            } catch let error as DatabaseError {
                throw error
            } catch {
                throw unreadable(room, after: (row["sequence"] as UInt64) - 1, kind: row["kind"])
            }
        }
        return events
    }

    private static func unreadable(_ room: RoomName, after last: UInt64, kind: String?) -> LedgerError {
        let what = kind.map { "the next one, of kind '\($0)', is malformed or of another version" }
        return .unusable(
            "the log of room \(room) cannot be read after event \(last): \(what ?? "the next one is missing")"
        )
    }

    private init(_ row: Row, _ resolution: RoomEventBody.Resolution) throws {
        let principal = row["principal"] as Int64?
        let participant: String?? = principal.map { _ in row["participant"] as String? }
        self.init(
            sequence: row["sequence"],
            time: WallClockTime(nanosecondsSince1970: row["time"]),
            content: try RoomEventBody.content(
                kind: row["kind"],
                body: row["body"],
                participant: participant,
                resolution
            )
        )
    }
}

/// The one place that says which number is which person.
enum PrincipalTable {
    /// The number of `text`, a new one for somebody new.
    static func reference(_ text: String, _ connection: Database) throws -> Int64 {
        if let id = try find(text, connection) { return id }
        try connection.cachedStatement(sql: "INSERT INTO principal (participant) VALUES (?)")
            .execute(arguments: [text])
        return connection.lastInsertedRowID
    }

    /// The number of `text`; `nil` for somebody unknown.
    static func find(_ text: String, _ connection: Database) throws -> Int64? {
        let select = try connection.cachedStatement(sql: "SELECT id FROM principal WHERE participant = ?")
        return try Int64.fetchOne(select, arguments: [text])
    }

    /// Who `id` is; `nil` for somebody who has been erased.
    static func text(of id: Int64, _ connection: Database) throws -> String? {
        let select = try connection.cachedStatement(sql: "SELECT participant FROM principal WHERE id = ?")
        guard let row = try Row.fetchOne(select, arguments: [id]) else { throw RoomEventBody.Malformed() }
        return row["participant"]
    }

    /// Takes the person out of every event at once; answers whether there was one.
    static func erase(_ text: String, _ connection: Database) throws -> Bool {
        try connection.execute(
            sql: "UPDATE principal SET participant = NULL WHERE participant = ?",
            arguments: [text]
        )
        return connection.changesCount > 0
    }
}
