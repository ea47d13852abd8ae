import Disclosures
import Foundation
import LedgerStore
import Primitives
import Testing
import TransparencyLogs

/// The published log: what is in it when, and what it is after a crash.
@Suite
struct PublicationTests {
    private let fixture: DisclosureFixture

    init() throws { fixture = try DisclosureFixture() }

    private func fill(_ store: SQLiteLedgerStore, _ range: Range<Int>) async throws {
        let entries = try range.map { fixture.entry(try fixture.interval($0), .refused(.noRecord)) }
        try await store.record(entries)
    }

    /// Verifies all of what is published.
    private func verify(_ folder: LogFolder, _ key: VerifierKey) throws -> Checkpoint {
        let bytes = try #require(try folder.read(.checkpoint))
        let checkpoint = try Checkpoint(verifying: bytes, with: key)
        var verification = try LogVerification(checkpoint)
        while let id = verification.nextBundle {
            try verification.take(entries: try folder.read(.entries(id)), tile: try folder.read(.tile(id)))
            for id in verification.nextTiles { try verification.take(tile: id, try folder.read(.tile(id))) }
        }
        try verification.finish()
        return checkpoint
    }

    @Test func everyPublicationIsAWholeLog() async throws {
        let store = try await fixture.open()
        #expect(await store.publish()?.size == 0)
        #expect(try verify(fixture.log, store.verifierKey).size == 0)
        var count = 0
        for step in [1, 9, 200, 46, 1, 255, 1, 400] {
            try await fill(store, count..<count + step)
            count += step
            #expect(await store.publish()?.size == UInt64(count))
            #expect(try verify(fixture.log, store.verifierKey).size == UInt64(count))
        }
        await store.close()
        let folders = try FileManager.default.contentsOfDirectory(atPath: fixture.log.path + "/tile/0")
        #expect(folders.sorted() == ["000", "001", "002", "003.p"])
        let key = try #require(try fixture.log.read(.verifierKey))
        #expect(String(decoding: key, as: UTF8.self) == store.verifierKey.text + "\n")
        #expect(store.verifierKey.name == fixture.origin)
    }

    @Test func isPublishedByItselfAndAtTheEnd() async throws {
        let store = try await fixture.open()
        try await fill(store, 0..<3)
        let deadline = ContinuousClock.now + .seconds(30)
        while await store.publishedCheckpoint()?.size != 3 {
            try #require(ContinuousClock.now < deadline, "not published within half a minute")
            try await Task.sleep(for: .milliseconds(20))
        }
        try await fill(store, 3..<5)
        await store.close()
        #expect(try verify(fixture.log, store.verifierKey).size == 5)
    }

    @Test func theKeyStaysAndIsTheOwnersOnly() async throws {
        let store = try await fixture.open()
        await store.close()
        let path = fixture.directory + "/ledger.key"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let again = try await fixture.open()
        #expect(again.verifierKey == store.verifierKey)
        await again.close()
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let readable = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: fixture.directory)
        }
        #expect(readable?.isUnusable == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: path))
        let broken = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: fixture.directory)
        }
        #expect(broken?.isUnusable == true)
    }

    @Test(arguments: [0, 1, 255, 256, 300, 700])
    func isWholeAgainAfterADeathAtAnyMoment(_ published: Int) async throws {
        let store = try await fixture.open()
        try await fill(store, 0..<published)
        await store.publish()
        try await fill(store, published..<published + 290)
        // Dead with the database ahead of the log, and with files of a publication that did not end.
        let copy = try fixture.copyAsKilled()
        await store.publish()
        let half = try fixture.copyAsKilled()
        try FileManager.default.removeItem(atPath: half.log.path + "/checkpoint")
        try FileManager.default.copyItem(
            atPath: copy.log.path + "/checkpoint",
            toPath: half.log.path + "/checkpoint"
        )
        try Data("half".utf8).write(to: URL(fileURLWithPath: half.log.path + "/.writing"))
        await store.close()
        for fixture in [copy, half] {
            let survivor = try await fixture.open()
            #expect(await survivor.publish()?.size == UInt64(published + 290))
            #expect(try verify(fixture.log, store.verifierKey).size == UInt64(published + 290))
            #expect(try await survivor.proof(of: UInt64(published)) != nil)
            await survivor.close()
        }
    }

    @Test func aLostLogIsMadeAgainFromTheDatabase() async throws {
        let store = try await fixture.open()
        try await fill(store, 0..<600)
        await store.close()
        let before = try verify(fixture.log, store.verifierKey)
        for lost in ["", "/tile", "/tile/1", "/tile/entries/002.p", "/checkpoint"] {
            try FileManager.default.removeItem(atPath: fixture.log.path + lost)
            let again = try await fixture.open()
            await again.close()
            #expect(try verify(fixture.log, store.verifierKey) == before, "\(lost)")
        }
    }

    @Test func aDatabaseOlderThanItsLogIsRefused() async throws {
        let store = try await fixture.open()
        try await fill(store, 0..<10)
        let backup = try fixture.copyAsKilled()
        try await fill(store, 10..<20)
        await store.close()
        for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: "\(fixture.directory)/\(name)")
            try? FileManager.default.copyItem(
                atPath: "\(backup.directory)/\(name)",
                toPath: "\(fixture.directory)/\(name)"
            )
        }
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: fixture.directory)
        }
        #expect(error?.isUnusable == true)
        #expect("\(String(describing: error))".contains("older than its log"))
    }

    @Test func aLogOfAnotherLedgerOrKeyIsRefused() async throws {
        let store = try await fixture.open()
        try await fill(store, 0..<10)
        await store.close()
        let fork = try DisclosureFixture()
        try FileManager.default.createDirectory(
            atPath: fork.directory,
            withIntermediateDirectories: true
        )
        let keyPath = "/ledger.key"
        try FileManager.default.copyItem(
            atPath: fixture.directory + keyPath,
            toPath: fork.directory + keyPath
        )
        let other = try await fork.open()
        try await other.record([
            fork.entry(try fork.interval(77), .refused(.withdrawn))
        ])
        await other.close()
        try FileManager.default.removeItem(atPath: fork.log.path)
        try FileManager.default.copyItem(atPath: fixture.log.path, toPath: fork.log.path)
        let older = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: fork.directory)
        }
        #expect(older?.isUnusable == true)
        try FileManager.default.removeItem(atPath: fork.log.path)
        let longer = try await fork.open()
        try await longer.record(
            try (100..<120).map { fork.entry(try fork.interval($0), .refused(.withdrawn)) }
        )
        await longer.close()
        try FileManager.default.removeItem(atPath: fork.log.path)
        try FileManager.default.copyItem(atPath: fixture.log.path, toPath: fork.log.path)
        let forked = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: fork.directory)
        }
        #expect("\(String(describing: forked))".contains("another ledger"))
        try FileManager.default.removeItem(atPath: fixture.directory + keyPath)
        let keyless = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: fixture.directory)
        }
        #expect("\(String(describing: keyless))".contains("key"))
    }

    @Test func recordingGoesOnWhilePublicationFails() async throws {
        let store = try await fixture.open()
        try await fill(store, 0..<5)
        await store.publish()
        try FileManager.default.removeItem(atPath: fixture.log.path)
        try Data("in the way".utf8).write(to: URL(fileURLWithPath: fixture.log.path))
        try await fill(store, 5..<10)
        #expect(await store.publish() == nil)
        #expect(await store.publicationFailure != nil)
        try FileManager.default.removeItem(atPath: fixture.log.path)
        #expect(await store.publish()?.size == 10)
        #expect(await store.publicationFailure == nil)
        await store.close()
        // What was removed under the running process is made again by the next.
        let again = try await fixture.open()
        await again.close()
        #expect(try verify(fixture.log, store.verifierKey).size == 10)
    }

    @Test func aLeafIsProvedOfflineOnceItIsPublished() async throws {
        let store = try await fixture.open()
        try await fill(store, 0..<300)
        await store.publish()
        for index in [0, 255, 256, 299] as [UInt64] {
            let proof = try #require(try await store.proof(of: index))
            let read = try LogProof(parsing: Array(proof.text.utf8))
            let leaf = try #require(try await store.leaf(index))
            #expect(try read.verified(entry: leaf, key: store.verifierKey)?.size == 300)
            #expect(try read.verified(entry: leaf + [0], key: store.verifierKey) == nil)
        }
        #expect(try await store.proof(of: 300) == nil)
        #expect(try await store.leaf(300) == nil)
        await store.close()
    }
}
