import Disclosures
import GRDB
import Primitives

/// Who has agreed to be counted, by room.
enum CountingConsent {
    /// A participant in a room, by their numbers.
    struct Counted: Hashable, Encodable {
        let room: Int64
        let principal: Int64
    }

    /// Those whose grant for statistics stands at `now`, by the rules as they are for everything else.
    ///
    /// Only rooms in which somebody has ever said a word about statistics are folded.
    static func counted(now: WallClockTime, _ connection: Database) throws -> Set<Counted> {
        let rows = try Row.fetchAll(
            connection,
            sql: """
                SELECT DISTINCT room_event.room, room.name, principal, participant FROM room_event
                JOIN room ON room.id = room_event.room
                JOIN principal ON principal.id = room_event.principal
                WHERE kind = 'statement' AND participant IS NOT NULL
                    AND json_extract(body, '$.purpose') = ?
                ORDER BY room_event.room
                """,
            arguments: [Purpose.aggregate.rawValue]
        )
        guard let audience = Audience(purpose: .aggregate, recipient: nil) else { return [] }
        var counted: Set<Counted> = []
        var folded: (room: Int64, state: RoomConsent)?
        for row in rows {
            guard let name = RoomName(row["name"] as String),
                let participant = ParticipantID(row["participant"] as String)
            else { continue }
            let room = row["room"] as Int64
            if folded?.room != room {
                folded = (
                    room, RoomConsent(folding: try ConsentEvent.fetch(room: name, after: 0, connection))
                )
            }
            let agrees = MediaType.live.contains { media in
                let request = DisclosureRequest(
                    participant: participant,
                    media: media,
                    audience: audience,
                    stream: ""
                )
                let reading = ClockReading(wall: now, monotonic: .distantPast)
                return folded.map { decide(request, $0.state, now: reading).denyReason == nil } ?? false
            }
            if agrees { counted.insert(Counted(room: room, principal: row["principal"])) }
        }
        return counted
    }
}
