import Disclosures
import Foundation
import GRDB
import Primitives

/// Who is affected if what went to somebody in a span of time has got into the wrong hands.
package struct BreachReport: Sendable, Hashable {
    /// What one recipient had of one participant.
    package struct Line: Sendable, Hashable {
        /// `nil` for somebody who has been erased.
        package let participant: ParticipantID?
        package let room: RoomName
        package let audience: Audience
        package let media: Set<MediaType>
        /// Intervals that touch the span.
        package let intervals: Int
        package let sessions: Int
        /// From the first of them to the end of the last, cut to the span; `until` is open where one still
        /// goes on.
        package let from: WallClockTime
        package let until: WallClockTime
        /// Of the whole intervals: an upper bound of what lies in the span.
        package let packets: UInt64
        package let bytes: UInt64
    }

    /// Ordered by participant, room and recipient.
    package let lines: [Line]

    package init(lines: [Line]) {
        self.lines = lines
    }
}

/// Which disclosures a breach query is about.
package struct BreachFilter: Sendable, Hashable {
    /// Half-open.
    package var span: Range<WallClockTime>
    package var purpose: Purpose?
    /// The recipients' names; empty for all.
    package var recipients: Set<String>
    /// The recipient's session.
    package var session: String?
    package var room: RoomName?

    package init(
        span: Range<WallClockTime>,
        purpose: Purpose? = nil,
        recipient: String? = nil,
        session: String? = nil,
        room: RoomName? = nil
    ) {
        self.span = span
        self.purpose = purpose
        recipients = recipient.map { [$0] } ?? []
        self.session = session
        self.room = room
    }
}

enum BreachQuery {
    /// Ended intervals by their end, and those that go on: neither grows with what lies before the span.
    private static let selection = """
        WITH touched(disclosure) AS (
            SELECT disclosure FROM disclosure_entry
            WHERE kind IN ('closed', 'interrupted', 'refused') AND time >= :from
            UNION ALL SELECT disclosure FROM open_disclosure
        )
        SELECT principal.participant, disclosure.principal, room.name AS room_name, disclosure.purpose,
            disclosure.recipient_class, disclosure.recipient,
            group_concat(DISTINCT disclosure.media) AS media,
            count(*) AS intervals, count(DISTINCT disclosure.session) AS sessions,
            min(disclosure.began) AS began,
            max(CASE WHEN last.kind IN ('closed', 'interrupted') THEN last.time ELSE :until END) AS ended,
            sum(last.packets) AS packets, sum(last.bytes) AS bytes
        FROM touched
        JOIN disclosure ON disclosure.id = touched.disclosure
        JOIN room ON room.id = disclosure.room
        JOIN principal ON principal.id = disclosure.principal
        JOIN disclosure_entry AS last ON last.leaf =
            (SELECT max(leaf) FROM disclosure_entry WHERE disclosure = disclosure.id)
        WHERE disclosure.began < :until AND disclosure.reason IS NULL
            AND (:purpose IS NULL OR disclosure.purpose = :purpose)
            AND (:recipients IS NULL OR disclosure.recipient IN (SELECT value FROM json_each(:recipients)))
            AND (:session IS NULL OR disclosure.session = :session)
            AND (:room IS NULL OR room.name = :room)
        GROUP BY disclosure.principal, disclosure.room, disclosure.purpose, disclosure.recipient_class,
            disclosure.recipient
        ORDER BY principal.participant, disclosure.principal, room.name, disclosure.purpose,
            disclosure.recipient_class, disclosure.recipient
        LIMIT :limit OFFSET :offset
        """

    static func run(
        _ filter: BreachFilter,
        offset: Int = 0,
        limit: Int = -1,
        _ connection: Database
    ) throws -> BreachReport {
        let span = filter.span
        let rows = try Row.fetchAll(
            connection,
            sql: selection,
            arguments: [
                "from": span.lowerBound.nanosecondsSince1970, "until": span.upperBound.nanosecondsSince1970,
                "purpose": filter.purpose?.rawValue, "recipients": try recipients(filter),
                "session": filter.session, "room": filter.room?.text, "limit": limit, "offset": offset,
            ]
        )
        return BreachReport(
            lines: try rows.map { row in
                guard let room = RoomName(row["room_name"] as String),
                    let audience = Audience(row)
                else { throw LedgerError.unusable("the disclosures hold a word of another version") }
                let from = WallClockTime(nanosecondsSince1970: row["began"])
                let until = WallClockTime(nanosecondsSince1970: row["ended"])
                return BreachReport.Line(
                    participant: (row["participant"] as String?).flatMap(ParticipantID.init),
                    room: room,
                    audience: audience,
                    media: Set(DisclosureRow.media(row["media"]).compactMap(MediaType.init(rawValue:))),
                    intervals: row["intervals"],
                    sessions: row["sessions"],
                    from: max(from, span.lowerBound),
                    until: min(until, span.upperBound),
                    packets: row["packets"],
                    bytes: row["bytes"]
                )
            }
        )
    }

    private static func recipients(_ filter: BreachFilter) throws -> String? {
        guard !filter.recipients.isEmpty else { return nil }
        return String(decoding: try JSONEncoder().encode(filter.recipients.sorted()), as: UTF8.self)
    }
}
