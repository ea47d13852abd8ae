import Foundation
import GRDB
import TransparencyLogs

/// Compares the rows of a ledger with its leaves: each leaf is made again from its rows.
struct RowAudit {
    private let reader: LedgerReader
    private var report = RowReport()

    init(_ reader: LedgerReader) {
        self.reader = reader
    }

    /// Compares published entries with the leaves in the database from `first` on, and those with their rows.
    mutating func compare(_ entries: [[UInt8]], from first: UInt64) throws {
        let rows = try rows(first..<first + UInt64(entries.count))
        guard rows.count == entries.count else {
            throw LedgerAudit.Failure(
                description:
                    "the database ends before leaf \(first + UInt64(rows.count)), which is published: "
                    + "leaves were dropped from it"
            )
        }
        for (row, entry) in zip(rows, entries) {
            guard row.bytes == entry else {
                throw LedgerAudit.Failure(
                    description: "leaf \(row.index) in the database is not the leaf that is published"
                )
            }
            try check(row)
        }
    }

    /// Goes on with what is not published yet, and looks for rows without a leaf.
    mutating func finish() throws -> RowReport {
        let published = report.leaves
        var end = published
        while true {
            let rows = try rows(end..<end + UInt64(TileID.fullWidth))
            for row in rows { try check(row) }
            end += UInt64(rows.count)
            guard rows.count == TileID.fullWidth else { break }
        }
        report.unpublished = end - published
        let loose = try reader.read("count of rows") { connection in
            try Int.fetchOne(
                connection,
                sql: """
                    SELECT (SELECT count(*) FROM disclosure_entry) + (SELECT count(*) FROM operator_read)
                        + (SELECT count(*) FROM erasure) - (SELECT count(*) FROM leaf)
                    """
            ) ?? 0
        }
        guard loose == 0 else {
            throw LedgerAudit.Failure(description: "the database has \(loose) rows more than leaves")
        }
        return report
    }

    private func rows(_ range: Range<UInt64>) throws -> [LeafRow] {
        try reader.read("comparison of rows") { try LeafRow.fetch(range, $0) }
    }

    private mutating func check(_ row: LeafRow) throws {
        do {
            if try row.isErased { report.erased += 1 }
            guard try row.leaf().bytes == row.bytes else {
                throw LeafRow.Mismatch("its row says something else")
            }
        } catch let mismatch as LeafRow.Mismatch {
            throw LedgerAudit.Failure(
                description: "leaf \(row.index) and the database contradict each other: \(mismatch.reason)"
            )
        }
        report.leaves += 1
    }
}
