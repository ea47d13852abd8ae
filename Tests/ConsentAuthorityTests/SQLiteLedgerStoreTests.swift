import Disclosures
import Foundation
import GRDB
import LedgerStore
import Primitives
import Testing

@Suite
struct SQLiteLedgerStoreTests {
    let ledger: LedgerFixture

    init() throws { ledger = try LedgerFixture() }

    @Test func readsBackWhatWasWrittenAcrossAReopening() async throws {
        let events = [try ledger.event(1), try ledger.fullEvent(2), try ledger.event(3, .withdrawn)]
        let store = try await ledger.open()
        try await store.append(Array(events.prefix(2)), room: ledger.room)
        try await store.append([events[2]], room: ledger.room)
        #expect(try await store.read(room: ledger.room, after: 0) == events)
        #expect(try await store.read(room: ledger.room, after: 1) == Array(events.dropFirst()))
        await store.close()
        let again = try await ledger.open()
        #expect(try await again.read(room: ledger.room, after: 0) == events)
        #expect(try await again.rooms() == [ledger.room])
        let other = try #require(RoomName("other"))
        #expect(try await again.read(room: other, after: 0).isEmpty)
    }

    @Test func holdsEveryAcknowledgedEventAfterADeathWithoutClosing() async throws {
        let store = try await ledger.open()
        for sequence in 1...20 as ClosedRange<UInt64> {
            try await store.append([try ledger.event(sequence)], room: ledger.room)
        }
        // What a killed process leaves behind: the file and its write-ahead log as they are now.
        let copy = try LedgerFixture()
        try FileManager.default.copyItem(atPath: ledger.directory, toPath: copy.directory)
        let survivor = try await copy.open()
        #expect(try await survivor.read(room: ledger.room, after: 0).map(\.sequence) == Array(1...20))
        await store.close()
    }

    @Test func detectsAGapAndARepetition() async throws {
        let store = try await ledger.open()
        try await store.append([try ledger.event(1)], room: ledger.room)
        for sequence in [1, 3, 0] as [UInt64] {
            let event = try ledger.event(sequence)
            let error = await ledgerError { () async throws(LedgerError) in
                try await store.append([event], room: ledger.room)
            }
            #expect(error == .conflict(room: ledger.room, expected: sequence, found: 1))
        }
        let events = [try ledger.event(2), try ledger.event(4)]
        let error = await ledgerError { () async throws(LedgerError) in
            try await store.append(events, room: ledger.room)
        }
        #expect(error == .conflict(room: ledger.room, expected: 4, found: 2))
        #expect(try await store.read(room: ledger.room, after: 0).count == 1)
    }

    @Test func sharesOneCommitAmongAllWhoWait() async throws {
        let store = try await ledger.open()
        let rooms = try (0..<200).map { try #require(RoomName("room\($0)")) }
        let event = try ledger.event(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for room in rooms {
                group.addTask { try await store.append([event], room: room) }
                group.addTask { try await store.heartbeat() }
            }
            try await group.waitForAll()
        }
        let statistics = await store.statistics
        #expect(statistics.appends == 200)
        #expect(statistics.heartbeats == 200)
        #expect(statistics.commits < 100, "\(statistics)")
        #expect(try await store.rooms().count == 200)
    }

    @Test func aConflictFailsAloneInItsGroup() async throws {
        let store = try await ledger.open()
        let rooms = try (0..<20).map { try #require(RoomName("room\($0)")) }
        let (right, wrong) = (try ledger.event(1), try ledger.event(2))
        let errors = await withTaskGroup(of: LedgerError?.self) { group in
            for (index, room) in rooms.enumerated() {
                group.addTask {
                    await ledgerError { () async throws(LedgerError) in
                        try await store.append([index == 7 ? wrong : right], room: room)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors.compactMap(\.self) == [.conflict(room: rooms[7], expected: 2, found: 0)])
    }

    @Test func syncsEveryCommitAndKeepsTheFilesPrivate() async throws {
        let store = try await ledger.open()
        try await store.append([try ledger.event(1)], room: ledger.room)
        for name in ["", "/ledger.sqlite", "/ledger.sqlite-wal", "/ledger.sqlite-shm", "/ledger.lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: ledger.directory + name)
            let permissions = try #require(attributes[.posixPermissions] as? NSNumber).intValue
            #expect(permissions == (name.isEmpty ? 0o700 : 0o600), "\(name)")
        }
        let settings = try await store.settings()
        #expect(settings["journal_mode"] == "wal")
        #expect(settings["synchronous"] == "2")
        #expect(settings["foreign_keys"] == "1")
        #expect(settings["secure_delete"] == "1")
    }

    @Test func forbidsChangingHistoryWhoeverTries() async throws {
        let store = try await ledger.open()
        try await store.append([try ledger.event(1)], room: ledger.room)
        let other = try DatabaseQueue(path: ledger.path)
        for sql in [
            "UPDATE room_event SET body = '{}'",
            "DELETE FROM room_event",
            "UPDATE room SET name = 'x'",
            "DELETE FROM room",
            "INSERT OR REPLACE INTO room_event SELECT * FROM room_event",
        ] {
            #expect(throws: DatabaseError.self, "\(sql)") {
                try other.write { try $0.execute(sql: sql) }
            }
        }
    }

    @Test func isUnavailableWhileSomebodyLocksTheFileAndRecovers() async throws {
        let store = try await ledger.open()
        try await store.append([try ledger.event(1)], room: ledger.room)
        let second = try ledger.event(2)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: ledger.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let appending = await ledgerError { () async throws(LedgerError) in
            try await store.append([second], room: ledger.room)
        }
        #expect(appending?.isUnavailable == true)
        let beating = await ledgerError { () async throws(LedgerError) in try await store.heartbeat() }
        #expect(beating?.isUnavailable == true)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await store.heartbeat()
        try await store.append([second], room: ledger.room)
        #expect(try await store.read(room: ledger.room, after: 0).count == 2)
    }

    @Test func isUnavailableWhenTheDiskIsFullAndRecovers() async throws {
        let store = try await ledger.open()
        try await store.append([try ledger.event(1)], room: ledger.room)
        try await store.limitPages(to: 1)
        var written = 1 as UInt64
        var failure: LedgerError?
        while failure == nil, written < 2000 {
            let event = try ledger.event(written + 1)
            failure = await ledgerError { () async throws(LedgerError) in
                try await store.append([event], room: ledger.room)
            }
            if failure == nil { written += 1 }
        }
        #expect(failure?.isUnavailable == true)
        #expect(try await store.read(room: ledger.room, after: 0).count == Int(written))
        try await store.limitPages(to: nil)
        try await store.append([try ledger.event(written + 1)], room: ledger.room)
        #expect(try await store.read(room: ledger.room, after: written).count == 1)
    }

    @Test func isUnavailableWhileItsFileIsGoneAndRecovers() async throws {
        let store = try await ledger.open()
        try await store.append([try ledger.event(1)], room: ledger.room)
        let away = ledger.path + ".away"
        try FileManager.default.moveItem(atPath: ledger.path, toPath: away)
        let gone = await ledgerError { () async throws(LedgerError) in try await store.heartbeat() }
        #expect(gone?.isUnavailable == true)
        try Data().write(to: URL(fileURLWithPath: ledger.path))
        let replaced = await ledgerError { () async throws(LedgerError) in try await store.heartbeat() }
        #expect(replaced?.isUnavailable == true)
        try FileManager.default.removeItem(atPath: ledger.path)
        try FileManager.default.moveItem(atPath: away, toPath: ledger.path)
        try await store.append([try ledger.event(2)], room: ledger.room)
        #expect(try await store.read(room: ledger.room, after: 0).count == 2)
    }

    @Test func belongsToOneProcessAtATime() async throws {
        let store = try await ledger.open()
        let second = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: ledger.directory)
        }
        #expect(second?.isUnusable == true)
        try await store.heartbeat()
    }

    @Test func refusesAFileOfAnotherApplication() async throws {
        try FileManager.default.createDirectory(
            atPath: ledger.directory,
            withIntermediateDirectories: true
        )
        try await DatabaseQueue(path: ledger.path).write {
            try $0.execute(sql: "CREATE TABLE bookmarks (id INTEGER)")
        }
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: ledger.directory)
        }
        #expect(error?.isUnusable == true)
        let tables = try await DatabaseQueue(path: ledger.path).read {
            try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema")
        }
        #expect(tables == ["bookmarks"])
    }

    @Test func refusesALayoutThatIsNewer() async throws {
        let store = try await ledger.open()
        await store.close()
        try await DatabaseQueue(path: ledger.path).writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA user_version = 99")
        }
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: ledger.directory)
        }
        #expect(error?.isUnusable == true)
    }

    @Test func refusesAFileThatIsNoDatabase() async throws {
        try FileManager.default.createDirectory(
            atPath: ledger.directory,
            withIntermediateDirectories: true
        )
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: ledger.path))
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: ledger.directory)
        }
        #expect(error?.isUnusable == true)
    }

    @Test func refusesADamagedFile() async throws {
        let store = try await ledger.open()
        for sequence in 1...400 as ClosedRange<UInt64> {
            try await store.append([try ledger.event(sequence)], room: ledger.room)
        }
        await store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: ledger.path))
        for page in 2..<(bytes.count / 4096) {
            bytes.replaceSubrange(page * 4096..<page * 4096 + 64, with: Data(repeating: 0xFF, count: 64))
        }
        try bytes.write(to: URL(fileURLWithPath: ledger.path))
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: ledger.directory)
        }
        #expect(error?.isUnusable == true)
    }

    @Test func acknowledgesABurstOfAThousandWithdrawals() async throws {
        let store = try await ledger.open()
        let rooms = try (0..<1000).map { try #require(RoomName("room\($0)")) }
        let event = try ledger.event(1, .withdrawn)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for room in rooms { group.addTask { try await store.append([event], room: room) } }
            try await group.waitForAll()
        }
        let statistics = await store.statistics
        #expect(statistics.appends == 1000)
        #expect(statistics.commits < 500, "a commit serves many")
    }
}
