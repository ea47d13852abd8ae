import Disclosures
import GRDB
import Primitives

/// The table of the first layout, in which statements stood with their participants' names.
enum ConsentEventTable {
    /// Copies every row into the layout that followed.
    static func migrate(_ connection: Database) throws {
        let rows = try Row.fetchCursor(
            connection,
            sql: "SELECT * FROM consent_event ORDER BY room, sequence"
        )
        while let row = try rows.next() {
            guard let event = event(row) else {
                throw LedgerError.unusable(
                    "event \(row["sequence"] as Int64) of room \(row["room"] as Int64) cannot be carried over"
                )
            }
            try event.insert(room: row["room"], connection)
        }
    }

    private static func event(_ row: Row) -> ConsentEvent? {
        let mediaText = row["media"] as String
        let names = mediaText.split(separator: ",")
        let media = names.compactMap { MediaType(rawValue: String($0)) }
        guard media.count == names.count,
            let participant = ParticipantID(row["participant"] as String),
            let purpose = Purpose(rawValue: row["purpose"] as String),
            let state = ConsentState(rawValue: row["state"] as String),
            let source = ConsentSource(rawValue: row["source"] as String)
        else { return nil }
        var notice: NoticeReference?
        if let id = row["notice_id"] as String?, let digest = row["notice_sha256"] as String? {
            notice = NoticeReference(id: id, sha256: digest)
        }
        return ConsentEvent(
            sequence: row["sequence"],
            time: WallClockTime(nanosecondsSince1970: row["time"]),
            statement: ConsentStatement(
                participant: participant,
                purpose: purpose,
                recipient: row["recipient"],
                stream: row["stream"],
                state: state,
                media: Set(media),
                validity: RoomEventBody.window(row["valid_from"], row["valid_until"]),
                source: source,
                givenAt: WallClockTime(nanosecondsSince1970: row["given_at"]),
                entity: row["entity"],
                notice: notice
            )
        )
    }
}
