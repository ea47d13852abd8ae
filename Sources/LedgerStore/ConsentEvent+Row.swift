import Disclosures
import GRDB
import Primitives

extension ConsentEvent {
    private static let insertion = """
        INSERT INTO consent_event (
            room, sequence, time, participant, purpose, recipient, stream, state, media,
            valid_from, valid_until, source, given_at, entity, notice_id, notice_sha256
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private static let selection = """
        SELECT consent_event.* FROM consent_event JOIN room ON room.id = consent_event.room
        WHERE room.name = ? AND sequence > ? ORDER BY sequence
        """

    func insert(room: Int64, _ connection: Database) throws {
        let media = statement.media.sorted().map(\.rawValue).joined(separator: ",")
        try connection.cachedStatement(sql: Self.insertion).execute(
            arguments: [
                room, sequence, time.nanosecondsSince1970, statement.participant.text,
                statement.purpose.rawValue, statement.recipient, statement.stream,
                statement.state.rawValue, media,
                statement.validity.from?.nanosecondsSince1970,
                statement.validity.until?.nanosecondsSince1970,
                statement.source.rawValue, statement.givenAt.nanosecondsSince1970, statement.entity,
                statement.notice?.id, statement.notice?.sha256,
            ]
        )
    }

    /// The events of `room` after `sequence`; throws `unusable` where the log has a gap or a word unknown to us.
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
            guard let event = ConsentEvent(row), event.sequence == last &+ 1 else {
                throw LedgerError.unusable("the log of room \(room) cannot be read after event \(last)")
            }
            last = event.sequence
            events.append(event)
        }
        return events
    }

    private init?(_ row: Row) {
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
        self.init(
            sequence: row["sequence"],
            time: WallClockTime(nanosecondsSince1970: row["time"]),
            statement: ConsentStatement(
                participant: participant,
                purpose: purpose,
                recipient: row["recipient"],
                stream: row["stream"],
                state: state,
                media: Set(media),
                validity: ValidityWindow(
                    from: (row["valid_from"] as Int64?).map(WallClockTime.init(nanosecondsSince1970:)),
                    until: (row["valid_until"] as Int64?).map(WallClockTime.init(nanosecondsSince1970:))
                ),
                source: source,
                givenAt: WallClockTime(nanosecondsSince1970: row["given_at"]),
                entity: row["entity"],
                notice: notice
            )
        )
    }
}
