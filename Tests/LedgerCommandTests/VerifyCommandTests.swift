import ArgumentParser
import Disclosures
import Foundation
import Hummingbird
import HummingbirdTesting
import LedgerStore
import Primitives
import Testing
import TransparencyLogs

@testable import tally

/// The commands as they are typed, on a directory and over HTTP.
@Suite
struct VerifyCommandTests {
    private let directory: String

    init() {
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("tally-command-\(UUID().uuidString)").path
    }

    /// A ledger of `count` refusals; the store stays open, as in a relay that runs.
    private func ledger(_ count: Int) async throws -> SQLiteLedgerStore {
        let store = try await SQLiteLedgerStore(directory: directory, origin: KeyName("relay.example/ledger"))
        try await record(store, 0..<count)
        await store.publish()
        return store
    }

    private func record(_ store: SQLiteLedgerStore, _ range: Range<Int>) async throws {
        let now = WallClockTime(nanosecondsSince1970: 1_800_000_000_000_000_000)
        let room = try #require(RoomName("lobby"))
        let ada = try #require(ParticipantID("ada"))
        try await store.record(
            range.map { number in
                let digits = String(number, radix: 16)
                let interval = DisclosureInterval(
                    id: String(repeating: "0", count: 32 - digits.count) + digits,
                    room: room,
                    participant: ada,
                    stream: "camera",
                    audience: .roomViewers,
                    session: "session",
                    media: [.video],
                    epoch: 1,
                    grant: nil,
                    notice: nil
                )
                return DisclosureEntry(interval: interval, kind: .refused(.noRecord), from: now, time: now)
            }
        )
    }

    /// Runs `tally` with `arguments`; answers its exit code.
    private func run(_ arguments: String...) async -> Int32 {
        do {
            var command = try TallyCommand.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return TallyCommand.exitCode(for: error).rawValue
        }
    }

    @Test func verifiesTheDirectoryOfARunningRelay() async throws {
        let store = try await ledger(300)
        let older = directory + "/older-checkpoint"
        try FileManager.default.copyItem(atPath: store.publishedLog.path + "/checkpoint", toPath: older)
        #expect(await run("ledger", "verify", directory) == 0)
        try await record(store, 300..<400)
        await store.publish()
        let key = store.verifierKey.text
        #expect(await run("ledger", "verify", directory, "--key", key, "--since", older) == 0)
        #expect(await run("ledger", "verify", store.publishedLog.path, "--since", older) == 0)
        #expect(await run("ledger", "account", directory, "--participant", "ada") == 0)
        #expect(await run("ledger", "account", directory, "--participant", "ada", "--json") == 0)
        await store.close()
        #expect(await run("ledger", "verify", directory, "--key", key, "--since", older) == 0)
        try FileManager.default.removeItem(atPath: directory)
    }

    @Test func endsWithACodeForEachFailure() async throws {
        let store = try await ledger(20)
        await store.close()
        let other = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
        #expect(await run("ledger", "verify", directory, "--key", other) == 1)
        #expect(await run("ledger", "verify", directory, "--key", "nonsense") == 78)
        #expect(await run("ledger", "verify", directory, "--since", "/no/such/file") == 66)
        #expect(await run("ledger", "verify", "/no/such/directory") == 66)
        let asked = ContinuousClock.now
        #expect(await run("ledger", "verify", "http://127.0.0.1:1/log") == 66)
        #expect(ContinuousClock.now - asked < .seconds(5), "nobody listens there, and nobody will")
        #expect(await run("ledger", "account", "/no/such/directory", "--participant", "ada") == 66)
        #expect(await run("ledger", "account", directory, "--participant", "not valid") == 64)
        let tile = store.publishedLog.path + "/tile/entries/000.p/20"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: tile))
        bytes[77] ^= 1
        try bytes.write(to: URL(fileURLWithPath: tile))
        #expect(await run("ledger", "verify", directory) == 1)
        try FileManager.default.removeItem(atPath: directory)
    }

    @Test func takesTheDirectoryFromTheConfiguration() async throws {
        let store = try await ledger(20)
        await store.close()
        let file = directory + "/tally.yaml"
        try Data("data:\n  directory: \(directory)\n".utf8).write(to: URL(fileURLWithPath: file))
        #expect(await run("ledger", "verify", "--config", file) == 0)
        #expect(await run("ledger", "account", "--participant", "ada", "--config", file) == 0)
        try FileManager.default.removeItem(atPath: directory)
        #expect(await run("ledger", "verify", "--config", file) != 0)
    }

    @Test func verifiesOverHTTP() async throws {
        let store = try await ledger(600)
        let folder = store.publishedLog
        let router = Router()
        router.get("log/**") { _, context in
            let path = context.parameters.getCatchAll().joined(separator: "/")
            guard let resource = LogResource(path: path), let bytes = try folder.read(resource) else {
                throw HTTPError(.notFound)
            }
            return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        let app = Application(router: router)
        try await app.test(.live) { client in
            let url = "http://127.0.0.1:\(try #require(client.port))/log"
            #expect(await run("ledger", "verify", url) == 0)
            #expect(await run("ledger", "verify", url + "/", "--key", store.verifierKey.text) == 0)
            #expect(await run("ledger", "verify", url + "/elsewhere") == 78)
            try FileManager.default.removeItem(atPath: folder.path + "/tile/1/000.p/2")
            #expect(await run("ledger", "verify", url) == 1)
        }
        await store.close()
        try FileManager.default.removeItem(atPath: directory)
    }
}
