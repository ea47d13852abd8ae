import Disclosures
import Foundation
import GRDB
import Primitives

/// The statistics of months that were asked for: made once, the same ever after, so that nobody can be made out by
/// asking again when somebody has left.
enum StatisticsTable {
    static let schema = """
        CREATE TABLE statistics (
            month TEXT PRIMARY KEY CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]'),
            made INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER statistics_are_never_updated BEFORE UPDATE ON statistics
        BEGIN SELECT RAISE(ABORT, 'statistics are never updated'); END;

        CREATE TRIGGER statistics_are_never_deleted BEFORE DELETE ON statistics
        BEGIN SELECT RAISE(ABORT, 'statistics are never deleted'); END;
        """

    static func fetch(_ month: CalendarMonth, _ connection: Database) throws -> DisclosureStatistics? {
        let body = try String.fetchOne(
            connection,
            sql: "SELECT body FROM statistics WHERE month = ?",
            arguments: [month.text]
        )
        return try body.map { try JSONDecoder().decode(DisclosureStatistics.self, from: Data($0.utf8)) }
    }

    /// Keeps `made`, unless others have been kept meanwhile, and answers what is kept.
    static func keep(
        _ made: DisclosureStatistics,
        _ month: CalendarMonth,
        at time: WallClockTime,
        _ connection: Database
    ) throws -> DisclosureStatistics {
        if let kept = try fetch(month, connection) { return kept }
        let body = String(decoding: try JSONEncoder().encode(made), as: UTF8.self)
        try connection.execute(
            sql: "INSERT INTO statistics (month, made, body) VALUES (?, ?, ?)",
            arguments: [month.text, time.nanosecondsSince1970, body]
        )
        return made
    }
}

extension LedgerConnection {
    func keep(
        _ made: DisclosureStatistics,
        _ month: CalendarMonth,
        at time: WallClockTime
    ) throws(LedgerError) -> DisclosureStatistics {
        try transaction("statistics") { _, connection in
            try StatisticsTable.keep(made, month, at: time, connection)
        }
    }
}
