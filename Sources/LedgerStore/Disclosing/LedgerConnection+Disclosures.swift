import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

extension LedgerConnection {
    /// Ends what an earlier process left open, before anything else is recorded; answers the leaves that say so.
    func interruptOpenDisclosures(at time: WallClockTime) throws(LedgerError) -> Range<UInt64> {
        try transaction("closing of interrupted intervals") { sequencer, connection in
            try sequencer.use(connection) { try $0.interruptAll(at: time, connection) }
        }
    }

    /// Takes a person out of every event and every disclosure; `nil` if there is nobody called `person`.
    func erase(
        _ person: String,
        at time: WallClockTime
    ) throws(LedgerError) -> DisclosureSequencer.Erasure? {
        try transaction("erasure") { sequencer, connection in
            let erasure = try sequencer.use(connection) {
                try $0.erase(person, at: time, connection)
            }
            // The index of names may hold copies where entries were moved between pages: its old pages are
            // overwritten as they are freed. In every call, so that a call that failed can be repeated.
            try connection.execute(sql: "REINDEX principal")
            return erasure
        }
    }

    /// Merges the write-ahead log and cuts it to nothing, so that what was overwritten stands nowhere any
    /// more.
    ///
    /// Answers whether it could be done: a reader that has not finished keeps the log.
    func emptyJournal() throws(LedgerError) -> Bool {
        let database = try connected()
        return try attempt("cutting of the write-ahead log") {
            try database.writeWithoutTransaction { connection in
                let row = try Row.fetchOne(connection, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                return row?["busy"] == 0
            }
        }
    }

    /// Reads within one transaction.
    func read<Value>(
        _ what: String,
        _ body: (Database) throws -> Value
    ) throws(LedgerError) -> Value {
        let database = try connected()
        return try attempt(what) { try database.read(body) }
    }
}
