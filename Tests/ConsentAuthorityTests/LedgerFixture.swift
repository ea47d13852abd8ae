import Disclosures
import Foundation
import LedgerStore
import Primitives
import Testing

/// A ledger in a directory of its own, removed with the fixture.
final class LedgerFixture: Sendable {
    let directory: String
    let room: RoomName

    var path: String { directory + "/ledger.sqlite" }

    init() throws {
        let parent = FileManager.default.temporaryDirectory
        directory = parent.appendingPathComponent("tally-ledger-\(UUID().uuidString)").path
        room = try #require(RoomName("lobby"))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func open() async throws -> SQLiteLedgerStore { try await SQLiteLedgerStore(directory: directory) }

    func event(_ sequence: UInt64, _ state: ConsentState = .given) throws -> ConsentEvent {
        ConsentEvent(
            sequence: sequence,
            time: WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000 + Int64(sequence)),
            statement: ConsentStatement(
                participant: try #require(ParticipantID("alice")),
                purpose: .liveRoom,
                state: state,
                media: [.audio, .video],
                source: .page,
                givenAt: WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
            )
        )
    }

    /// An event with every field filled.
    func fullEvent(_ sequence: UInt64) throws -> ConsentEvent {
        ConsentEvent(
            sequence: sequence,
            time: WallClockTime(nanosecondsSince1970: -5),
            statement: ConsentStatement(
                participant: try #require(ParticipantID("bob")),
                purpose: .liveEmbed,
                recipient: "partner",
                stream: "cam 1; DROP TABLE room --",
                state: .renewed,
                media: [.video],
                validity: ValidityWindow(
                    from: WallClockTime(nanosecondsSince1970: .min),
                    until: WallClockTime(nanosecondsSince1970: .max)
                ),
                source: .recordPreference,
                givenAt: WallClockTime(nanosecondsSince1970: 7),
                entity: "operator:\u{1F511}",
                notice: NoticeReference(id: "notice-1", sha256: String(repeating: "ab", count: 32))
            )
        )
    }
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
    var isUnavailable: Bool {
        if case .unavailable = self { return true }
        return false
    }

    var isUnusable: Bool {
        if case .unusable = self { return true }
        return false
    }
}
