import Disclosures
import Foundation
import GRDB
import Primitives

/// Disclosures counted over many participants, where nobody can be made out.
package struct DisclosureStatistics: Sendable, Hashable, Codable {
    /// The smallest crowd that hides its members; a smaller threshold is raised to it.
    package static let smallestCrowd = 5

    package struct Line: Sendable, Hashable, Codable {
        package let purpose: Purpose
        package let recipientClass: RecipientClass
        package let participants: Int
        package let intervals: Int
        package let packets: UInt64
        package let bytes: UInt64
        package let seconds: UInt64
    }

    /// Only lines about `crowd` participants or more.
    package let lines: [Line]
    /// The threshold that was applied.
    package let crowd: Int
}

enum StatisticsQuery {
    private static let selection = """
        SELECT disclosure.purpose, disclosure.recipient_class,
            count(DISTINCT disclosure.principal) AS participants,
            count(*) AS intervals, sum(final.packets) AS packets, sum(final.bytes) AS bytes,
            sum(max(0, final.time - disclosure.began) / 1000000000) AS seconds
        FROM disclosure_entry AS final
        JOIN disclosure ON disclosure.id = final.disclosure
        JOIN principal ON principal.id = disclosure.principal
        JOIN counted ON :condition
        WHERE final.kind IN ('closed', 'interrupted') AND final.time >= ? AND final.time < ?
        GROUP BY disclosure.purpose, disclosure.recipient_class ORDER BY 1, 2
        """

    /// Counts the intervals that ended within `span`, of `participants` only: those who agreed to be counted.
    static func run(
        _ span: Range<WallClockTime>,
        of participants: Set<ParticipantID>,
        crowd: Int,
        _ connection: Database
    ) throws -> DisclosureStatistics {
        try run(
            span,
            counted: "participant) AS (SELECT value",
            on: "counted.participant = principal.participant",
            try json(participants.map(\.text).sorted()),
            crowd: crowd,
            connection
        )
    }

    /// The same of those who agreed, each in the rooms in which they did.
    static func run(
        _ span: Range<WallClockTime>,
        of counted: Set<CountingConsent.Counted>,
        crowd: Int,
        _ connection: Database
    ) throws -> DisclosureStatistics {
        try run(
            span,
            counted:
                "room, principal) AS (SELECT json_extract(value, '$.room'), json_extract(value, '$.principal')",
            on: "counted.principal = disclosure.principal AND counted.room = disclosure.room",
            try json(Array(counted)),
            crowd: crowd,
            connection
        )
    }

    /// The set goes by value, as one of any size cannot be bound to a statement, and a reader has no tables to write
    /// to.
    private static func run(
        _ span: Range<WallClockTime>,
        counted: String,
        on condition: String,
        _ set: String,
        crowd: Int,
        _ connection: Database
    ) throws -> DisclosureStatistics {
        let crowd = max(crowd, DisclosureStatistics.smallestCrowd)
        let rows = try Row.fetchAll(
            connection,
            sql: "WITH counted(\(counted) FROM json_each(?)) "
                + selection.replacingOccurrences(of: ":condition", with: condition),
            arguments: [
                set, span.lowerBound.nanosecondsSince1970, span.upperBound.nanosecondsSince1970,
            ]
        )
        let lines = try rows.map { row in
            guard let purpose = Purpose(rawValue: row["purpose"] as String),
                let recipientClass = RecipientClass(rawValue: row["recipient_class"] as String)
            else {
                throw LedgerError.unusable("the disclosures hold a word of another version")
            }
            return DisclosureStatistics.Line(
                purpose: purpose,
                recipientClass: recipientClass,
                participants: row["participants"],
                intervals: row["intervals"],
                packets: row["packets"],
                bytes: row["bytes"],
                seconds: row["seconds"]
            )
        }
        return DisclosureStatistics(lines: lines.filter { $0.participants >= crowd }, crowd: crowd)
    }

    private static func json(_ values: [some Encodable]) throws -> String {
        String(decoding: try JSONEncoder().encode(values), as: UTF8.self)
    }
}
