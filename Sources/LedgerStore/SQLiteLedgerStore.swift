import ConsentAuthority
import Disclosures
import Primitives
import TransparencyLogs

/// The consent logs and the disclosure ledger in one SQLite file: `ledger.sqlite` in a directory that one
/// process owns at a time, with the published Merkle tree beside it in `log`.
///
/// Group commit: whatever arrives while a transaction is being written goes into the next one, so that the
/// cost of making it durable is shared by all rooms.
package actor SQLiteLedgerStore: ConsentLog, NoticeArchive, DisclosureLog {
    /// What has been written so far, for the operator and for measurements.
    package struct Statistics: Sendable, Hashable {
        package internal(set) var commits = 0 as UInt64
        package internal(set) var failedCommits = 0 as UInt64
        package internal(set) var appends = 0 as UInt64
        package internal(set) var events = 0 as UInt64
        package internal(set) var heartbeats = 0 as UInt64
        /// Entries of the disclosure ledger, and operators' reads.
        package internal(set) var disclosures = 0 as UInt64
        package internal(set) var failedPublications = 0 as UInt64
    }

    private struct Waiting {
        let write: LedgerConnection.Write
        let answer: CheckedContinuation<Result<Void, LedgerError>, Never>
    }

    /// Most writes of one transaction: bounds how long a heartbeat can wait behind a burst.
    private static let writesPerCommit = 4096
    /// Most disclosure entries of one transaction, for the same reason: they take some 50 microseconds each.
    private static let entriesPerCommit = 2048
    /// How long what is new waits to be published, so that many commits share the files.
    static let publicationInterval = Duration.seconds(1)

    let connection: LedgerConnection
    /// For questions that may take long.
    let reader: RecordsReader
    let publisher: LedgerPublisher

    private var waiting: [Waiting] = []
    /// Entries wait behind consents: what narrows is never late because much is disclosed.
    private var waitingEntries: [Waiting] = []
    private var isCommitting = false
    private var publication: Task<Void, Never>?

    /// The key that verifies the published checkpoints.
    package nonisolated let verifierKey: VerifierKey
    /// The published log: `checkpoint`, `verifier-key` and `tile/...`, to be served as they are.
    package nonisolated let publishedLog: LogFolder
    /// Intervals that an earlier process left open, closed as `interrupted` when this one took up the ledger.
    package nonisolated var interruptedIntervals: Int { interruptedLeaves.count }
    /// The leaves that say so.
    nonisolated let interruptedLeaves: Range<UInt64>
    /// What is published; `nil` before the first checkpoint.
    private(set) var published: Checkpoint?
    /// Why the last publication failed; `nil` if it did not.
    package private(set) var publicationFailure: LedgerError?

    /// What has been written since the store was opened.
    package private(set) var statistics = Statistics()

    /// Opens the ledger in `directory`, or makes one there: directory 0700, files 0600.
    ///
    /// Intervals found open end as `interrupted` at `startTime`, before anything else is recorded. `origin`
    /// names a new log for good, by convention as a URL without its scheme; by default the name is random.
    ///
    /// Throws `unusable` for a foreign, newer or corrupt file, for a directory that another process uses, and
    /// where what is published is not of this database.
    package init(
        directory: String,
        origin: KeyName? = nil,
        startTime: WallClockTime = .now()
    ) async throws(LedgerError) {
        let connection = try LedgerConnection(directory: directory)
        try await connection.open()
        let key = try LogKeyFile.loadOrMake(directory: directory, origin: origin)
        let folder = LogFolder(path: directory + "/log")
        let publisher = LedgerPublisher(
            databasePath: "\(directory)/\(LedgerFile.name)",
            folder: folder,
            key: key
        )
        try await publisher.takeUp()
        self.connection = connection
        reader = RecordsReader(path: "\(directory)/\(LedgerFile.name)")
        self.publisher = publisher

        verifierKey = key.verifier
        publishedLog = folder
        published = await publisher.published?.checkpoint
        interruptedLeaves = try await connection.interruptOpenDisclosures(at: startTime)
        schedulePublication()
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

    package func read(
        room: RoomName,
        about participant: ParticipantID,
        through sequence: UInt64
    ) async throws(LedgerError) -> [ConsentEvent] {
        try await reader.read("read of room \(room)") { database in
            try ConsentEvent.fetch(room: room, about: participant, through: sequence, database)
        }
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

    package func record(_ entries: [DisclosureEntry]) async throws(LedgerError) {
        var rest = entries[...]
        while !rest.isEmpty {
            try await enqueue(.disclose(Array(rest.prefix(Self.entriesPerCommit)))).get()
            rest = rest.dropFirst(Self.entriesPerCommit)
        }
    }

    package func record(_ read: OperatorRead) async throws(LedgerError) {
        try await enqueue(.operatorRead(read)).get()
    }

    /// Writes and publishes what waits, merges the write-ahead log and lets go of the directory.
    package func close() async {
        while isCommitting { _ = await enqueue(.heartbeat) }
        publication?.cancel()
        await publish()
        await publisher.close()
        await reader.close()

        await connection.close()
    }

    /// Publishes what is durable and not published yet; answers the signed checkpoint that stands then.
    @discardableResult
    package func publish() async -> Checkpoint? {
        do throws(LedgerError) {
            let published = try await publisher.publish()
            publicationFailure = nil
            self.published = published.checkpoint
            return published.checkpoint
        } catch {
            publicationFailure = error
            statistics.failedPublications += 1
            return nil
        }
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
            let item = Waiting(write: write, answer: continuation)
            switch write {
            case .append, .heartbeat: waiting.append(item)
            case .disclose, .operatorRead: waitingEntries.append(item)
            }
            guard !isCommitting else { return }
            isCommitting = true
            Task { await commitAll() }
        }
    }

    private func commitAll() async {
        while !waiting.isEmpty || !waitingEntries.isEmpty {
            var group = Array(waiting.prefix(Self.writesPerCommit))
            waiting.removeFirst(group.count)
            group += takeEntries()
            let results = await connection.commit(group.map(\.write))
            count(group, results)
            for (waiting, result) in zip(group, results) { waiting.answer.resume(returning: result) }
        }
        isCommitting = false
    }

    /// The entries of the next transaction: at least one call's, and no more than it may hold.
    private func takeEntries() -> [Waiting] {
        var (calls, entries) = (0, 0)
        for item in waitingEntries {
            if case .disclose(let list) = item.write { entries += list.count } else { entries += 1 }
            guard calls == 0 || entries <= Self.entriesPerCommit else { break }
            calls += 1
        }
        defer { waitingEntries.removeFirst(calls) }
        return Array(waitingEntries.prefix(calls))
    }

    private func schedulePublication() {
        guard publication == nil else { return }
        publication = Task { [weak self] in
            try? await Task.sleep(for: Self.publicationInterval)
            guard !Task.isCancelled else { return }
            await self?.publishNow()
        }
    }

    private func publishNow() async {
        publication = nil
        await publish()
        if publicationFailure != nil { schedulePublication() }
    }

    private func count(_ group: [Waiting], _ results: [Result<Void, LedgerError>]) {
        var hasWritten = false
        var hasDisclosed = false
        for (waiting, result) in zip(group, results) {
            guard case .success = result else { continue }
            hasWritten = true
            switch waiting.write {
            case .append(let events, _):
                statistics.appends += 1
                statistics.events += UInt64(events.count)
            case .heartbeat: statistics.heartbeats += 1
            case .disclose(let entries):
                statistics.disclosures += UInt64(entries.count)
                hasDisclosed = true
            case .operatorRead:
                statistics.disclosures += 1
                hasDisclosed = true
            }
        }
        if hasDisclosed { schedulePublication() }
        if hasWritten { statistics.commits += 1 } else { statistics.failedCommits += 1 }
    }
}
