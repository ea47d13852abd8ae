import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

/// The ledger in a data directory, read beside the relay that may be writing it.
package final class LedgerReader: Sendable {
    /// The data directory.
    package let directory: String
    /// The published log in it.
    package let publishedLog: LogFolder
    private let database: DatabaseQueue

    /// Throws `unusable` if there is no ledger of this program's layout in `directory`.
    package init(directory: String) throws(LedgerError) {
        self.directory = directory
        publishedLog = LogFolder(path: directory + "/log")
        let path = "\(directory)/\(LedgerFile.name)"
        guard FileManager.default.fileExists(atPath: path) else {
            throw .unusable("\(directory) holds no \(LedgerFile.name)")
        }
        do {
            database = try LedgerFile.openForReading(path)
            try database.read { connection in
                let application = try Int.fetchOne(connection, sql: "PRAGMA application_id")
                let version = try Int.fetchOne(connection, sql: "PRAGMA user_version") ?? 0
                guard application == LedgerSchema.applicationID else {
                    throw LedgerError.unusable("\(path) is a SQLite file of another application")
                }
                guard version == LedgerSchema.version else {
                    throw LedgerError.unusable(
                        "\(path) has layout \(version); this program reads \(LedgerSchema.version)"
                    )
                }
            }
        } catch let error as LedgerError {
            throw error
        } catch {
            throw .unusable("\(path) cannot be read: \(error)")
        }
    }

    /// Whether `directory` is a data directory, and not only a published log.
    package static func isDataDirectory(_ directory: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(directory)/\(LedgerFile.name)")
    }

    /// What was disclosed of `participant`, with proofs as far as it is published.
    package func accountingDocument(
        of participant: ParticipantID,
        after: Int64 = 0,
        limit: Int = SQLiteLedgerStore.longestPage
    ) throws(LedgerError) -> AccountingDocument {
        let published = try publishedCheckpoint()
        return try read("accounting") { connection in
            try AccountingQuery.document(
                of: participant,
                after: after,
                limit: min(limit, SQLiteLedgerStore.longestPage),
                published: published,
                connection
            )
        }
    }

    /// Throws `unusable` where the file or a row is damaged: what is read later holds what its columns
    /// promise.
    func checkIntegrity() throws(LedgerError) {
        let answer = try read("check") { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
        guard answer == "ok" else {
            throw .unusable("\(directory)/\(LedgerFile.name) is damaged: \(answer ?? "no answer")")
        }
    }

    /// Runs `body` in one read transaction, which should be short: the write-ahead log grows meanwhile.
    func read<Value>(_ what: String, _ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do {
            return try database.read(body)
        } catch let error as LedgerError {
            throw error
        } catch {
            throw .unavailable("\(what) in \(directory) failed: \(error)")
        }
    }

    /// The checkpoint as its file says; whoever shows a proof to somebody leaves its signature to be verified
    /// there.
    private func publishedCheckpoint() throws(LedgerError) -> PublishedCheckpoint? {
        do {
            guard let bytes = try publishedLog.read(.checkpoint) else { return nil }
            let note = try SignedNote(parsing: bytes)
            let key = try publishedLog.read(.verifierKey).map { String(decoding: $0, as: UTF8.self) }
            return PublishedCheckpoint(
                checkpoint: try Checkpoint(text: note.text),
                bytes: bytes,
                verifierKey: key?.split(separator: "\n").first.map(String.init) ?? ""
            )
        } catch {
            throw .unusable("\(publishedLog.path)/checkpoint cannot be read: \(error)")
        }
    }
}
