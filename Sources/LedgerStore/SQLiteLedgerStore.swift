import ConsentAuthority
import Disclosures
import Primitives

/// The consent logs in one SQLite file: `ledger.sqlite` in a directory that one process owns at a time.
///
/// Group commit: whatever arrives while a transaction is being written goes into the next one, so that the
/// cost of making it durable is shared by all rooms.
package actor SQLiteLedgerStore: ConsentLog, NoticeArchive {
    /// What has been written so far, for the operator and for measurements.
    package struct Statistics: Sendable, Hashable {
        package internal(set) var commits = 0 as UInt64
        package internal(set) var failedCommits = 0 as UInt64
        package internal(set) var appends = 0 as UInt64
        package internal(set) var events = 0 as UInt64
        package internal(set) var heartbeats = 0 as UInt64
    }

    private struct Waiting {
        let write: LedgerConnection.Write
        let answer: CheckedContinuation<Result<Void, LedgerError>, Never>
    }

    /// Most writes of one transaction: bounds how long a heartbeat can wait behind a burst.
    private static let writesPerCommit = 4096

    private let connection: LedgerConnection
    private var waiting: [Waiting] = []
    private var isCommitting = false

    /// What has been written since the store was opened.
    package private(set) var statistics = Statistics()

    /// Opens the ledger in `directory`, or makes one there: directory 0700, files 0600.
    ///
    /// Throws `unusable` for a foreign, newer or corrupt file and for a directory that another process uses.
    package init(directory: String) async throws(LedgerError) {
        connection = try LedgerConnection(directory: directory)
        try await connection.open()
    }

    package func append(_ events: [ConsentEvent], room: RoomName) async throws(LedgerError) {
        guard !events.isEmpty else { return }
        try await enqueue(.append(events, room)).get()
    }

    package func heartbeat() async throws(LedgerError) {
        try await enqueue(.heartbeat).get()
    }

    package func read(
        room: RoomName,
        after sequence: UInt64
    ) async throws(LedgerError) -> [ConsentEvent] {
        try await connection.read(room: room, after: sequence)
    }

    package func rooms() async throws(LedgerError) -> [RoomName] {
        try await connection.rooms()
    }

    package func rooms(of participant: ParticipantID) async throws(LedgerError) -> [RoomName] {
        try await connection.rooms(of: participant)
    }

    /// Keeps the words of a notice, before a room publishes it; once there, they are never changed.
    package func store(_ text: NoticeText) async throws(LedgerError) {
        try await connection.store(text)
    }

    /// The words of the notice with that digest; `nil` if they were never stored.
    package func noticeText(sha256: String) async throws(LedgerError) -> NoticeText? {
        try await connection.noticeText(sha256: sha256)
    }

    /// Takes a person (participant or acting entity) out of every event of every room; answers whether it was known.
    ///
    /// The events stay and say nothing any more; rooms that are open have to be let go and read again.
    package func erasePrincipal(_ text: String) async throws(LedgerError) -> Bool {
        try await connection.erase(text)
    }

    /// Writes what waits, merges the write-ahead log and lets go of the directory.
    package func close() async {
        while isCommitting { _ = await enqueue(.heartbeat) }
        await connection.close()
    }

    /// Caps the size of the ledger's file in pages of 4 KiB; `nil` lifts the cap.
    package func limitPages(to pages: Int?) async throws(LedgerError) {
        try await connection.limitPages(to: pages)
    }

    /// The settings of SQLite that durability rests on, by the names of their pragmas.
    package func settings() async throws(LedgerError) -> [String: String] {
        try await connection.settings()
    }

    private func enqueue(_ write: LedgerConnection.Write) async -> Result<Void, LedgerError> {
        await withCheckedContinuation { continuation in
            waiting.append(Waiting(write: write, answer: continuation))
            guard !isCommitting else { return }
            isCommitting = true
            Task { await commitAll() }
        }
    }

    private func commitAll() async {
        while !waiting.isEmpty {
            let group = Array(waiting.prefix(Self.writesPerCommit))
            waiting.removeFirst(group.count)
            let results = await connection.commit(group.map(\.write))
            count(group, results)
            for (waiting, result) in zip(group, results) { waiting.answer.resume(returning: result) }
        }
        isCommitting = false
    }

    private func count(_ group: [Waiting], _ results: [Result<Void, LedgerError>]) {
        var hasWritten = false
        for (waiting, result) in zip(group, results) {
            guard case .success = result else { continue }
            hasWritten = true
            switch waiting.write {
            case .append(let events, _):
                statistics.appends += 1
                statistics.events += UInt64(events.count)
            case .heartbeat: statistics.heartbeats += 1
            }
        }
        if hasWritten { statistics.commits += 1 } else { statistics.failedCommits += 1 }
    }
}
