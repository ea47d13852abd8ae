import Disclosures
import Foundation
import GRDB
import LedgerStore
import Primitives
import Testing
import TransparencyLogs

/// What a verification accepts, and every kind of tampering that it has to find.
@Suite
struct AuditTests {
    private let fixture: DisclosureFixture

    init() throws { fixture = try DisclosureFixture() }

    /// A ledger with every kind of leaf, an erased participant among them; closed.
    private func make(_ fixture: DisclosureFixture, count: Int = 300) async throws -> VerifierKey {
        let store = try await fixture.open()
        let partner = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        for number in 0..<count / 3 {
            let audience = number % 2 == 0 ? partner : .roomViewers
            try await store.record(
                fixture.whole(try fixture.interval(number, of: "person\(number % 5)", to: audience))
            )
        }
        try await store.record([fixture.entry(try fixture.interval(9000), .refused(.withdrawn))])
        for name in ["person1", nil] {
            let read = OperatorRead(
                role: "support",
                scope: "accounting",
                reason: "ticket",
                participant: try name.map(fixture.participant),
                time: fixture.time(50)
            )
            try await store.record(read)
        }
        _ = try await store.erase(participant: fixture.participant("person1"), at: fixture.time(60))
        try await store.record([fixture.entry(try fixture.interval(9001), .opened)])
        await store.close()
        return store.verifierKey
    }

    private func failure(
        _ fixture: DisclosureFixture,
        _ key: VerifierKey,
        older: [UInt8]? = nil
    ) async throws -> String? {
        do {
            _ = try await LedgerAudit.verify(
                fixture.log,
                key: key,
                older: older,
                rows: try LedgerReader(directory: fixture.directory)
            )
            return nil
        } catch let failure as LedgerAudit.Failure {
            return failure.description
        } catch LedgerError.unusable(let text) {
            return text
        }
    }

    @Test func aWholeLedgerHolds() async throws {
        let key = try await make(fixture)
        let report = try await LedgerAudit.verify(
            fixture.log,
            key: key,
            rows: try LedgerReader(directory: fixture.directory)
        )
        #expect(report.checkpoint.size == 305)
        #expect(report.tiles == 3 && report.bundles == 2)
        #expect(report.rows?.leaves == 305)
        #expect(report.rows?.erased == 61)
        #expect(report.rows?.unpublished == 0)
    }

    @Test func aLiveLedgerIsVerifiedWhileItGrows() async throws {
        let store = try await fixture.open()
        await store.publish()
        let rounds = 30
        let writing = Task {
            for round in 0..<rounds {
                let entries = try (0..<20).flatMap { fixture.whole(try fixture.interval(round * 20 + $0)) }
                try await store.record(entries)
                await store.publish()
            }
        }
        var older: [UInt8]?
        var size = 0 as UInt64
        while size < UInt64(rounds * 60) {
            let before = try fixture.log.read(.checkpoint)
            let report = try await LedgerAudit.verify(
                fixture.log,
                key: store.verifierKey,
                older: older,
                rows: try LedgerReader(directory: fixture.directory)
            )
            let rows = try #require(report.rows)
            #expect(rows.leaves >= report.checkpoint.size)
            size = report.checkpoint.size
            older = before
        }
        try await writing.value
        await store.close()
    }

    @Test func aFlippedByteInAnyPublishedFileIsFound() async throws {
        let key = try await make(fixture)
        let folder = URL(fileURLWithPath: fixture.log.path)
        let names = try fixture.files().keys.filter { $0.hasPrefix("log/") && $0 != "log/verifier-key" }
        // What a checkpoint covers: of the partial forms only the newest.
        let size = try Checkpoint(verifying: try #require(try fixture.log.read(.checkpoint)), with: key).size
        let resources = TileID.tiles(from: 0, to: size).flatMap { id -> [LogResource] in
            id.level == 0 ? [.tile(id), .entries(id)] : [.tile(id)]
        }
        for resource in resources + [.checkpoint] {
            #expect(names.contains("log/" + resource.path))
            let url = folder.appendingPathComponent(resource.path)
            let original = try Data(contentsOf: url)
            for place in [0, original.count / 2, original.count - 1] {
                var changed = original
                changed[place] ^= 0x04
                try changed.write(to: url)
                #expect(try await failure(fixture, key) != nil, "\(resource.path), byte \(place)")
            }
            try FileManager.default.removeItem(at: url)
            #expect(try await failure(fixture, key) != nil, "\(resource.path) missing")
            try original.write(to: url)
        }
        #expect(try await failure(fixture, key) == nil)
    }

    @Test func whatTheRelayItselfWouldHaveToForgeIsFound() async throws {
        let key = try await make(fixture)
        let kept = try fixture.files()
        // With the triggers out of the way, as somebody with the file could have them.
        let drops = try await DatabaseQueue(path: fixture.directory + "/ledger.sqlite").read {
            try String.fetchAll($0, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        }.map { "DROP TRIGGER \($0);" }.joined()
        let tampering: [(String, String)] = [
            (
                "UPDATE leaf SET bytes = CAST(replace(bytes, 'opened', 'closed') AS BLOB) WHERE idx = 6",
                "leaf 6"
            ),
            ("UPDATE disclosure_entry SET packets = packets - 1 WHERE leaf = 5", "leaf 5"),
            ("UPDATE disclosure_entry SET time = time + 1 WHERE leaf = 7", "leaf 7"),
            ("UPDATE disclosure SET recipient = 'other' WHERE id = 1", "leaf 0"),
            ("UPDATE disclosure SET session = 'other' WHERE id = 3", "leaf 6"),
            ("UPDATE disclosure SET grant_sequence = 7 WHERE id = 2", "leaf 3"),
            ("UPDATE disclosure SET reason = 'refused' WHERE reason IS NOT NULL", "leaf 300"),
            ("UPDATE principal SET participant = 'somebody' WHERE participant = 'person0'", "leaf 0"),
            ("UPDATE principal SET participant = 'somebody' WHERE participant IS NULL", "leaf 3"),
            ("UPDATE principal SET participant = NULL WHERE participant = 'person2'", "leaf 6"),
            ("UPDATE salt SET secret = zeroblob(32) WHERE principal = 1", "leaf 0"),
            ("UPDATE operator_read SET role = 'nobody'", "leaf 301"),
            ("UPDATE erasure SET entries = 1", "leaf 303"),
            (
                "DELETE FROM disclosure_entry WHERE leaf = 304; DELETE FROM open_disclosure; "
                    + "DELETE FROM leaf WHERE idx = 304", "ends before leaf 304"
            ),
            ("DELETE FROM disclosure_entry WHERE leaf = 4", "leaf 4"),
            ("DELETE FROM operator_read WHERE leaf = 302", "leaf 302"),
        ]
        for (sql, message) in tampering {
            try fixture.tamper("PRAGMA foreign_keys = OFF; \(drops) \(sql)")
            let failure = try await failure(fixture, key)
            #expect(failure?.contains(message) == true, "\(sql): \(failure ?? "not found")")
            for name in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
                try? FileManager.default.removeItem(atPath: "\(fixture.directory)/\(name)")
            }
            try #require(kept["ledger.sqlite"]).write(
                to: URL(fileURLWithPath: fixture.directory + "/ledger.sqlite")
            )
        }
        #expect(try await failure(fixture, key) == nil)
    }

    @Test func aForkAndAShrunkenLogAreFoundByTheOlderCheckpoint() async throws {
        let key = try await make(fixture, count: 30)
        let older = try #require(try fixture.log.read(.checkpoint))
        // The same key signs another history, as long and longer.
        for count in [30, 300, 3] {
            let fork = try DisclosureFixture()
            try FileManager.default.createDirectory(
                atPath: fork.directory,
                withIntermediateDirectories: true
            )
            try FileManager.default.copyItem(
                atPath: fixture.directory + "/ledger.key",
                toPath: fork.directory + "/ledger.key"
            )
            #expect(try await make(fork, count: count) == key)
            #expect(try await failure(fork, key) == nil)
            let found = try #require(try await failure(fork, key, older: older))
            #expect(found.contains(count == 3 ? "dropped" : "forked"), "\(found)")
        }
        #expect(try await failure(fixture, key, older: older) == nil)
        let store = try await fixture.open()
        try await store.record(fixture.whole(try fixture.interval(500)))
        await store.close()
        #expect(try await failure(fixture, key, older: older) == nil)
        #expect(try await failure(fixture, key, older: Array("nonsense".utf8)) != nil)
    }

    @Test func anotherKeysLogIsNotAccepted() async throws {
        _ = try await make(fixture, count: 3)
        let other = try #require(
            SigningKey(name: fixture.origin, seed: [UInt8](repeating: 1, count: 32))
        )
        let found = try #require(try await failure(fixture, other.verifier))
        #expect(found.contains("not signed by"))
    }

    @Test func aDamagedOrForeignDatabaseIsSaidToBeSo() async throws {
        let key = try await make(fixture)
        try fixture.tamper("PRAGMA user_version = 99")
        #expect(throws: LedgerError.self) { try LedgerReader(directory: fixture.directory) }
        try fixture.tamper("PRAGMA user_version = 4")
        let path = fixture.directory + "/ledger.sqlite"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for page in 4..<bytes.count / 4096 {
            bytes.replaceSubrange(page * 4096..<page * 4096 + 64, with: Data(repeating: 0xFF, count: 64))
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        await #expect(throws: (any Error).self) {
            _ = try await LedgerAudit.verify(
                fixture.log,
                key: key,
                rows: try LedgerReader(directory: fixture.directory)
            )
        }
        #expect(throws: LedgerError.self) { try LedgerReader(directory: "/nowhere-at-all") }
    }

    @Test func anAccountingProvesItself() async throws {
        let key = try await make(fixture)
        let reader = try LedgerReader(directory: fixture.directory)
        let page = try reader.accountingDocument(of: fixture.participant("person2"))
        #expect(page.disclosures.count == 20)
        #expect(page.verifierKey == key.text)
        for disclosure in page.disclosures {
            #expect(disclosure.evidence.count == 2)
            for evidence in disclosure.evidence {
                let statement = Array(evidence.statement.utf8)
                let proof = try LogProof(parsing: Array(try #require(evidence.proof).utf8))
                #expect(try proof.verified(entry: statement, key: key)?.size == 305)
                let leaf = try members(statement)
                let plain = [
                    "participant": page.participant, "room": disclosure.room, "stream": disclosure.stream,
                    "session": disclosure.session, "recipient": disclosure.recipient,
                ]
                for (field, value) in plain {
                    guard let value else {
                        #expect(leaf[field] == nil)
                        continue
                    }
                    let domain = try #require(CommitmentDomain(rawValue: field))
                    let salt = try #require(disclosure.salts[field].flatMap { Hexadecimal.decode($0) })
                    #expect(leaf[field] as? String == domain.commitment(to: value, salt: salt).hexadecimal)
                }
            }
        }
        #expect(try reader.accountingDocument(of: fixture.participant("person1")).disclosures.isEmpty)
        let store = try await fixture.open()
        let same = try await store.accountingDocument(of: fixture.participant("person2"))
        #expect(same.disclosures.map(\.interval) == page.disclosures.map(\.interval))
        await store.close()
    }
}
