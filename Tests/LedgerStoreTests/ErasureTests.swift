import Disclosures
import Foundation
import GRDB
import LedgerStore
import Primitives
import Testing
import TransparencyLogs

/// Erasing a participant: gone from every byte that is kept, and the log as it was.
@Suite
struct ErasureTests {
    private let fixture: DisclosureFixture

    init() throws { fixture = try DisclosureFixture() }

    private func secrets() throws -> [String: Data] {
        let queue = try DatabaseQueue(path: fixture.directory + "/ledger.sqlite")
        defer { try? queue.close() }
        return try queue.read { connection in
            let rows = try Row.fetchAll(
                connection,
                sql: "SELECT participant, secret FROM salt JOIN principal ON principal.id = salt.principal"
            )
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["participant"], $0["secret"]) })
        }
    }

    @Test func nothingOfAnErasedParticipantIsKeptInAnyFile() async throws {
        let store = try await fixture.open()
        let names = (0..<600).map { "person-\($0 * 7919 % 600)-of-the-ledger" }
        for (number, name) in names.enumerated() {
            try await store.record(fixture.whole(try fixture.interval(number, of: name)))
        }
        let secrets = try secrets()
        #expect(secrets.count == names.count)
        let before = try fixture.files()
        let victims = names.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
        let victim = try #require(victims.first)
        #expect(before.values.contains { $0.range(of: Data(victim.utf8)) != nil })
        #expect(before.values.contains { $0.range(of: secrets[victim] ?? Data()) != nil })
        for name in victims {
            #expect(try await store.erase(participant: fixture.participant(name)) != nil)
        }
        func keptVictims() throws -> [String] {
            let files = try fixture.files()
            return try victims.flatMap { name in
                let secret = try #require(secrets[name])
                return files.compactMap { file, bytes in
                    bytes.range(of: Data(name.utf8)) != nil || bytes.range(of: secret) != nil
                        ? "\(name) in \(file)" : nil
                }
            }
        }
        #expect(try keptVictims() == [])
        let kept = try #require(names.last)
        #expect(try fixture.files().values.contains { $0.range(of: Data(kept.utf8)) != nil })
        await store.close()
        #expect(try keptVictims() == [])
    }

    @Test func theLogStaysAndSaysWhatWasErased() async throws {
        let store = try await fixture.open()
        let alice = try fixture.participant("alice")
        try await store.record(fixture.whole(try fixture.interval(1, of: "bob")))
        try await store.record(fixture.whole(try fixture.interval(2)))
        try await store.record(fixture.whole(try fixture.interval(3)))
        let checkpoint = try #require(await store.publish())
        let leaves = try await (0..<9).asyncMap { try await store.leaf(UInt64($0)) }
        let certificate = try #require(try await store.erase(participant: alice, at: fixture.time(99)))
        #expect(try await (0..<9).asyncMap { try await store.leaf(UInt64($0)) } == leaves)
        #expect(certificate.disclosures == 2)
        #expect(certificate.entries == 6)
        #expect(certificate.firstLeaf == 3)
        #expect(certificate.lastLeaf == 8)
        #expect(certificate.leaf == 9)
        #expect(certificate.time == fixture.time(99).rfc3339)

        // The certificate alone proves that it was done, and to whom.
        let statement = Array(certificate.statement.utf8)
        #expect(try await store.leaf(9) == statement)
        let key = try #require(VerifierKey(text: certificate.verifierKey))
        let proof = try LogProof(parsing: Array(try #require(certificate.proof).utf8))
        let proved = try #require(try proof.verified(entry: statement, key: key))
        #expect(proved.size == 10 && checkpoint.size == 9)
        let salt = try #require(Hexadecimal.decode(certificate.salt))
        let commitment = CommitmentDomain.participant.commitment(to: "alice", salt: salt)
        #expect(try members(statement)["participant"] as? String == commitment.hexadecimal)
        #expect(!certificate.statement.contains("alice"))

        #expect(try await store.accounting(of: alice).disclosures.isEmpty)
        #expect(try await store.accounting(of: fixture.participant("bob")).disclosures.count == 1)
        #expect(try await store.erase(participant: alice) == nil)
        await store.close()
    }

    @Test func somebodyWhoComesBackIsSomebodyNew() async throws {
        let store = try await fixture.open()
        let alice = try fixture.participant("alice")
        try await store.record(fixture.whole(try fixture.interval(1)))
        _ = try await store.erase(participant: alice)
        try await store.record(fixture.whole(try fixture.interval(2)))
        #expect(
            try await store.accounting(of: alice).disclosures.map(\.interval.id) == [
                try fixture.interval(2).id
            ]
        )
        await store.close()
    }

    @Test func whatIsStillOpenEndsWithoutItsSecret() async throws {
        let store = try await fixture.open()
        let interval = try fixture.interval(1)
        try await store.record([fixture.entry(interval, .opened)])
        _ = try await store.erase(participant: interval.participant)
        try await store.record([fixture.entry(interval, .progress, at: 5, packets: 5)])
        let copy = try fixture.copyAsKilled()
        try await store.record([fixture.entry(interval, .closed, at: 6, packets: 6)])
        let opened = try members(try await store.leaf(0))
        let closed = try members(try await store.leaf(3))
        #expect(opened["participant"] as? String == closed["participant"] as? String)
        await store.close()
        let survivor = try await copy.open(at: 9)
        let interrupted = try members(try await survivor.leaf(3))
        #expect(interrupted["participant"] as? String == opened["participant"] as? String)
        await survivor.close()
    }

    @Test func aReaderInTheWayIsWaitedFor() async throws {
        let store = try await fixture.open()
        try await store.record(fixture.whole(try fixture.interval(1)))
        var configuration = Configuration()
        configuration.readonly = true
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(
            path: fixture.directory + "/ledger.sqlite",
            configuration: configuration
        )
        try await reader.writeWithoutTransaction {
            try $0.execute(sql: "BEGIN; SELECT count(*) FROM leaf")
            _ = try Int.fetchOne($0, sql: "SELECT count(*) FROM leaf")
        }
        async let certificate = store.erase(participant: fixture.participant("alice"))
        // Writing goes on meanwhile.
        for _ in 0..<3 { try await store.heartbeat() }
        try await reader.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        #expect(try await certificate != nil)
        let journal = try fixture.files()["ledger.sqlite-wal"]
        #expect((journal ?? Data()).range(of: Data("alice".utf8)) == nil)
        await store.close()
    }

    @Test func operatorsReadsAreLeavesAndTheirReasonsAreErasedToo() async throws {
        let store = try await fixture.open()
        let alice = try fixture.participant("alice")
        let reason = "complaint of alice, ticket 4711"
        let read = OperatorRead(
            role: "data-protection-officer",
            scope: "accounting",
            reason: reason,
            participant: alice,
            time: fixture.time(3)
        )
        try await store.record(read)
        try await store.record(
            OperatorRead(role: "support", scope: "breach", reason: "drill", participant: nil, time: read.time)
        )
        let leaf = try members(try await store.leaf(0))
        #expect(leaf["kind"] as? String == "operator-read")
        #expect(leaf["role"] as? String == "data-protection-officer")
        #expect((leaf["reason"] as? String)?.count == 64)
        let other = try members(try await store.leaf(1))
        #expect(other["participant"] == nil)
        #expect(try await store.operatorReads(of: alice).map(\.reason) == [reason])
        for text in ["", String(repeating: "x", count: 513)] {
            let wrong = OperatorRead(
                role: text,
                scope: "x",
                reason: "x",
                participant: nil,
                time: read.time
            )
            let error = await ledgerError { () async throws(LedgerError) in try await store.record(wrong) }
            #expect(error?.isContradiction == true)
        }
        _ = try await store.erase(participant: alice)
        #expect(try await store.operatorReads(of: alice).isEmpty)
        let kept = try fixture.files().filter { $0.value.range(of: Data("4711".utf8)) != nil }
        #expect(kept.isEmpty, "\(kept.keys)")
        await store.close()
    }
}

extension Sequence {
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
