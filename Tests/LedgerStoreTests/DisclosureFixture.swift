import Disclosures
import Foundation
import GRDB
import LedgerStore
import Primitives
import Testing
import TransparencyLogs

/// A disclosure ledger in a directory of its own, removed with the fixture.
final class DisclosureFixture: Sendable {
    let directory: String
    let room: RoomName
    let origin: KeyName

    var log: LogFolder { LogFolder(path: directory + "/log") }

    init() throws {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("tally-disclosures-\(UUID().uuidString)").path
        room = try #require(RoomName("lobby"))
        origin = try #require(KeyName("relay.example/ledger"))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func open(at second: Int64 = 0) async throws -> SQLiteLedgerStore {
        try await SQLiteLedgerStore(directory: directory, origin: origin, startTime: time(second))
    }

    /// What a killed process leaves behind: the files as they are now.
    func copyAsKilled() throws -> DisclosureFixture {
        let copy = try DisclosureFixture()
        try FileManager.default.copyItem(atPath: directory, toPath: copy.directory)
        return copy
    }

    func time(_ second: Int64) -> WallClockTime {
        WallClockTime(nanosecondsSince1970: 1_800_000_000_000_000_000 + second * 1_000_000_000)
    }

    func participant(_ name: String) throws -> ParticipantID { try #require(ParticipantID(name)) }

    func interval(
        _ number: Int,
        of participant: String = "alice",
        to audience: Audience = .roomViewers,
        session: String? = nil,
        basis: Permit.Basis? = nil
    ) throws -> DisclosureInterval {
        let digits = String(number, radix: 16)
        return DisclosureInterval(
            id: String(repeating: "0", count: 32 - digits.count) + digits,
            room: room,
            participant: try self.participant(participant),
            stream: "stream-\(number % 7)",
            audience: audience,
            session: session ?? "session-\(number)",
            media: [.video, .audio],
            epoch: 3,
            grant: 2,
            notice: NoticeReference(id: "notice", sha256: String(repeating: "ab", count: 32)),
            basis: basis
        )
    }

    func entry(
        _ interval: DisclosureInterval,
        _ kind: DisclosureEntry.Kind,
        from: Int64 = 0,
        at second: Int64 = 0,
        packets: UInt64 = 0
    ) -> DisclosureEntry {
        DisclosureEntry(
            interval: interval,
            kind: kind,
            from: time(from),
            time: time(second),
            packets: packets,
            bytes: packets * 1000
        )
    }

    /// A whole interval: opened, one count, closed.
    func whole(_ interval: DisclosureInterval, from: Int64 = 0) -> [DisclosureEntry] {
        [
            entry(interval, .opened, from: from, at: from),
            entry(interval, .progress, from: from, at: from + 5, packets: 100),
            entry(interval, .closed, from: from, at: from + 8, packets: 160),
        ]
    }

    /// A connection that may do anything, as somebody with the file could.
    func tamper(_ sql: String) throws {
        let queue = try DatabaseQueue(path: directory + "/ledger.sqlite")
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// Every byte that is kept, by file.
    func files() throws -> [String: Data] {
        var found: [String: Data] = [:]
        let names = try #require(FileManager.default.enumerator(atPath: directory))
        for case let name as String in names {
            var isFolder: ObjCBool = false
            let path = "\(directory)/\(name)"
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
            else { continue }
            found[name] = try Data(contentsOf: URL(fileURLWithPath: path))
        }
        return found
    }
}

/// A leaf's members as JSON has them.
func members(_ leaf: [UInt8]?) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(try #require(leaf)))
    return try #require(object as? [String: Any])
}

/// The error that `body` throws; `nil` if it throws none.
func ledgerError(_ body: () async throws(LedgerError) -> Void) async -> LedgerError? {
    do {
        try await body()
        return nil
    } catch {
        return error
    }
}

extension LedgerError {
    var isContradiction: Bool {
        if case .contradiction = self { return true }
        return false
    }

    var isUnusable: Bool {
        if case .unusable = self { return true }
        return false
    }
}
