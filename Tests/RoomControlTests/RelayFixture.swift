import Disclosures
import Foundation
import LedgerStore
import Logging
import Partners
import Primitives
import RoomControl
import Synchronization
import Testing

/// A relay over a ledger in a directory of its own, with no media.
final class RelayFixture: Sendable {
    let directory: String
    let room: RoomName
    let ada: ParticipantID

    init() throws {
        directory =
            FileManager.default.temporaryDirectory.appending(path: "tally-rights-\(UUID().uuidString)").path
        room = try #require(RoomName("studio"))
        ada = try #require(ParticipantID("ada-of-the-rights"))
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Runs a relay for the length of `body`.
    func run<Value>(
        keepers: [any PersonalDataKeeper] = [],
        partners: PartnerRegistry? = nil,
        maximumRooms: Int = 1_000,
        _ body: (RelayControl, SQLiteLedgerStore) async throws -> Value
    ) async throws -> Value {
        let store = try await SQLiteLedgerStore(directory: directory)
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        var settings = RoomSettings(candidates: [address])
        settings.maximumRooms = maximumRooms
        let control = try RelayControl(
            bind: address,
            mediaLoops: 1,
            settings: settings,
            ledger: store,
            partners: partners,
            keepers: keepers,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { await control.run() }
        defer { running.cancel() }
        try await until { await control.isReady() }
        let value = try await body(control, store)
        running.cancel()
        await running.value
        await store.close()
        return value
    }

    /// Waits for `condition`, and fails where it does not come true.
    func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("it did not come true")
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func grant(
        _ control: RelayControl,
        _ purpose: Purpose = .liveRoom,
        of participant: ParticipantID? = nil,
        in room: RoomName? = nil,
        _ choice: ConsentChange.Choice = .grant
    )
        async throws
    {
        _ = try await control.changeConsents(
            room ?? self.room,
            participant ?? ada,
            [ConsentChange(purpose: purpose, choice: choice)],
            by: .participantByAPI,
            sendsPrivacyControl: false,
            ifEpoch: nil
        )
    }

    func hold(_ control: RelayControl, lifted: Bool = false) async throws {
        let hold = ProcessingHold(id: "h1", participant: ada, reason: "dispute", isLifted: lifted)
        _ = try await control.govern(room, by: .hold(hold), ifEpoch: nil)
    }

    /// A whole interval in the ledger, ended `secondsAgo`.
    func disclose(
        _ number: Int,
        of participant: ParticipantID? = nil,
        in room: RoomName? = nil,
        _ store: SQLiteLedgerStore,
        secondsAgo: Int64 = 60
    ) async throws {
        let digits = String(number, radix: 16)
        let interval = DisclosureInterval(
            id: String(repeating: "0", count: 32 - digits.count) + digits,
            room: room ?? self.room,
            participant: participant ?? ada,
            stream: "stream",
            audience: .roomViewers,
            session: "session-\(number)",
            media: [.video],
            epoch: 1,
            grant: 1,
            notice: nil,
            basis: .consent
        )
        let from = now(minus: secondsAgo + 8)
        let kinds: [(DisclosureEntry.Kind, Int64, UInt64)] = [(.opened, 8, 0), (.closed, 0, 100)]
        try await store.record(
            kinds.map { kind, before, packets in
                DisclosureEntry(
                    interval: interval,
                    kind: kind,
                    from: from,
                    time: now(minus: secondsAgo + before),
                    packets: packets,
                    bytes: packets * 1000
                )
            }
        )
    }

    private let base = Int64(Date().timeIntervalSince1970) * 1_000_000_000

    func now(minus seconds: Int64 = 0) -> WallClockTime {
        WallClockTime(nanosecondsSince1970: base - seconds * 1_000_000_000)
    }

    /// The files in which `text` stands.
    func files(with text: String) throws -> [String] {
        let names = try #require(FileManager.default.enumerator(atPath: directory))
        return names.compactMap { $0 as? String }.filter { name in
            let data = FileManager.default.contents(atPath: "\(directory)/\(name)") ?? Data()
            return data.range(of: Data(text.utf8)) != nil
        }
    }
}

/// Keeps one file about everybody, and cannot forget them at first if so wished.
final class StandInKeeper: PersonalDataKeeper {
    struct Unwilling: Error {}

    let failures: Mutex<Int>
    let erased = Mutex<[ParticipantID]>([])

    init(failures: Int = 0) { self.failures = Mutex(failures) }

    func files(about participant: ParticipantID) async throws -> [ExportedFile] {
        [ExportedFile(path: "receipts/1.json", bytes: Array("{}".utf8))]
    }

    func erase(_ participant: ParticipantID) async throws {
        let fails = failures.withLock { failures in
            failures -= 1
            return failures >= 0
        }
        if fails { throw Unwilling() }
        erased.withLock { $0.append(participant) }
    }
}

func members(_ json: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
}
