import Disclosures
import Foundation
import GRDB
import LedgerStore
import Primitives
import Testing
import TransparencyLogs

/// What is recorded, in what order, and what cannot be.
@Suite
struct DisclosureLogTests {
    private let fixture: DisclosureFixture

    init() throws { fixture = try DisclosureFixture() }

    @Test func aLeafIsCanonicalAndNamesNobody() async throws {
        let store = try await fixture.open()
        let audience = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        let interval = try fixture.interval(0xBEEF, of: "alice-the-participant", to: audience)
        try await store.record([fixture.entry(interval, .opened)])
        try await store.record([fixture.entry(interval, .progress, at: 5, packets: 7)])
        let leaf = try #require(try await store.leaf(0))
        let text = String(decoding: leaf, as: UTF8.self)
        for plain in ["alice", "\"partner\"", "lobby", "stream-", "session-"] {
            #expect(!text.contains(plain), "\(text)")
        }
        let object = try members(leaf)
        let sorted = try JSONSerialization.data(
            withJSONObject: object,
            options: [.sortedKeys, .withoutEscapingSlashes]
        )
        #expect([UInt8](sorted) == leaf)
        #expect(object["kind"] as? String == "opened")
        #expect(object["purpose"] as? String == "live_embed")
        #expect(object["recipient_class"] as? String == "embed_partner")
        #expect(object["media"] as? [String] == ["audio", "video"])
        #expect(object["from"] as? String == "2027-01-15T08:00:00.000000000Z")
        #expect(object["notice"] as? String == String(repeating: "ab", count: 32))
        #expect(
            String(decoding: try #require(try await store.leaf(1)), as: UTF8.self)
                == #"{"bytes":7000,"interval":"0000000000000000000000000000beef","kind":"progress","#
                + #""packets":7,"time":"2027-01-15T08:00:05.000000000Z","v":1}"#
        )
        await store.close()
    }

    @Test func theSaltsOfAnAccountOpenTheCommitments() async throws {
        let store = try await fixture.open()
        let interval = try fixture.interval(1)
        try await store.record(fixture.whole(interval))
        let accounting = try await store.accounting(of: interval.participant)
        let account = try #require(accounting.disclosures.first)
        for index in account.leaves where index != 1 {
            let leaf = try members(try await store.leaf(index))
            let plain: [CommitmentDomain: String] = [
                .participant: "alice", .room: "lobby", .stream: interval.stream, .session: interval.session,
            ]
            for (domain, value) in plain {
                let salt = try #require(account.salts[domain])
                #expect(salt.count == 32)
                let commitment = domain.commitment(to: value, salt: salt)
                #expect(leaf[domain.rawValue] as? String == commitment.hexadecimal)
            }
        }
        #expect(Set(account.salts.values).count == account.salts.count)
        await store.close()
    }

    @Test func theLeavesOfOneParticipantCannotBeTold() async throws {
        let store = try await fixture.open()
        try await store.record([
            fixture.entry(try fixture.interval(1), .opened), fixture.entry(try fixture.interval(8), .opened),
        ])
        let (first, second) = (
            try members(try await store.leaf(0)), try members(try await store.leaf(1))
        )
        for field in ["participant", "room", "stream"] {
            #expect(first[field] as? String != second[field] as? String)
        }
        await store.close()
    }

    @Test func repeatingACallChangesNothing() async throws {
        let store = try await fixture.open()
        let entries = fixture.whole(try fixture.interval(1))
        for entry in entries {
            try await store.record([entry])
            try await store.record([entry])
        }
        try await store.record(Array(entries.suffix(1)))
        try await store.record(Array(entries.prefix(1)))
        let refusal = fixture.entry(try fixture.interval(2), .refused(.noRecord))
        try await store.record([refusal])
        try await store.record([refusal])
        #expect(try await store.leafCount() == 4)
        await store.close()
    }

    @Test func whatContradictsTheLedgerIsRefusedWhole() async throws {
        let store = try await fixture.open()
        let (open, closed, new) = (
            try fixture.interval(1), try fixture.interval(2), try fixture.interval(3)
        )
        try await store.record([fixture.entry(open, .opened)])
        try await store.record([fixture.entry(open, .progress, at: 5, packets: 50)])
        try await store.record(fixture.whole(closed))
        let renamed = fixture.entry(try fixture.interval(1, of: "bob"), .opened)
        let wrong: [(String, DisclosureEntry)] = [
            ("counts go back", fixture.entry(open, .closed, at: 9, packets: 49)),
            ("never opened", fixture.entry(try fixture.interval(9), .progress, at: 9, packets: 9)),
            ("already closed", fixture.entry(closed, .progress, at: 99, packets: 999)),
            ("closed otherwise", fixture.entry(closed, .closed, at: 99, packets: 999)),
            ("another interval of the same name", renamed),
            ("a refusal of what is open", fixture.entry(open, .refused(.withdrawn))),
            ("an impossible count", fixture.entry(open, .progress, at: 9, packets: 1 << 50)),
        ]
        let leaves = try await store.leafCount()
        for (what, entry) in wrong {
            let error = await ledgerError { () async throws(LedgerError) in
                try await store.record([fixture.entry(new, .opened), entry])
            }
            #expect(error?.isContradiction == true, "\(what): \(String(describing: error))")
            #expect(try await store.leafCount() == leaves, "\(what)")
        }
        try await store.record([
            fixture.entry(new, .opened), fixture.entry(open, .closed, at: 9, packets: 50),
        ])
        #expect(try await store.leafCount() == leaves + 2)
        await store.close()
    }

    @Test func oneContradictionDoesNotSpoilOthersInItsCommit() async throws {
        let store = try await fixture.open()
        let errors = await withTaskGroup(of: LedgerError?.self) { group in
            for number in 0..<40 {
                group.addTask { [fixture] in
                    await ledgerError { () async throws(LedgerError) in
                        guard let interval = try? fixture.interval(number) else { return }
                        try await store.record(
                            number % 10 == 3
                                ? [fixture.entry(interval, .closed, at: 1)] : fixture.whole(interval)
                        )
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors.compactMap(\.self).count == 4)
        #expect(try await store.leafCount() == 36 * 3)
        #expect(await store.statistics.commits < 20)
        await store.publish()
        #expect(await store.publicationFailure == nil)
        await store.close()
    }

    @Test func whatWasOpenAtADeathEndsAsInterruptedBeforeAnythingElse() async throws {
        let store = try await fixture.open()
        let (silent, counted, ended) = (
            try fixture.interval(1), try fixture.interval(2, of: "bob"), try fixture.interval(3)
        )
        try await store.record([fixture.entry(silent, .opened, from: 10, at: 10)])
        try await store.record([
            fixture.entry(counted, .opened, from: 11, at: 11),
            fixture.entry(counted, .progress, from: 11, at: 16, packets: 500),
        ])
        try await store.record(fixture.whole(ended, from: 12))
        let copy = try fixture.copyAsKilled()
        await store.close()

        let survivor = try await copy.open(at: 1000)
        #expect(survivor.interruptedIntervals == 2)
        #expect(try await survivor.leafCount() == 8)
        let first = try #require(
            try await survivor.accounting(of: silent.participant).disclosures.first
        )
        #expect(first.outcome == .interrupted)
        #expect(first.packets == 0)
        #expect(first.until == fixture.time(1000))
        let second = try #require(
            try await survivor.accounting(of: counted.participant).disclosures.first
        )
        #expect(second.packets == 500)
        #expect(second.from == fixture.time(11))
        let leaf = try members(try await survivor.leaf(7))
        let opened = try members(try await survivor.leaf(1))
        #expect(leaf["kind"] as? String == "interrupted")
        #expect(leaf["participant"] as? String == opened["participant"] as? String)
        #expect(leaf["packets"] as? Int == 500)
        let late = await ledgerError { () async throws(LedgerError) in
            try await survivor.record([fixture.entry(counted, .progress, at: 1001, packets: 501)])
        }
        #expect(late?.isContradiction == true)
        await survivor.close()
        let third = try await copy.open(at: 2000)
        #expect(third.interruptedIntervals == 0)
        await third.close()
    }

    @Test func aClockThatWentBackEndsNothingBeforeItsLastCount() async throws {
        let store = try await fixture.open()
        let interval = try fixture.interval(1)
        try await store.record([fixture.entry(interval, .opened)])
        try await store.record([fixture.entry(interval, .progress, at: 50, packets: 5)])
        let copy = try fixture.copyAsKilled()
        await store.close()
        let survivor = try await copy.open(at: 20)
        let account = try #require(
            try await survivor.accounting(of: interval.participant).disclosures.first
        )
        #expect(account.until == fixture.time(50))
        await survivor.close()
    }

    @Test func recordsAgainOnceTheDiskHasRoom() async throws {
        let store = try await fixture.open()
        let interval = try fixture.interval(1)
        try await store.record([fixture.entry(interval, .opened)])
        try await store.limitPages(to: 1)
        var count = 1 as UInt64
        var failure: LedgerError?
        while failure == nil, count < 3000 {
            count += 1
            let entry = fixture.entry(interval, .progress, at: Int64(count), packets: count)
            failure = await ledgerError { () async throws(LedgerError) in try await store.record([entry]) }
        }
        guard case .unavailable = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        let leaves = try await store.leafCount()
        try await store.limitPages(to: nil)
        try await store.record([
            fixture.entry(interval, .progress, at: Int64(count), packets: count),
            fixture.entry(interval, .closed, at: 9999, packets: count),
        ])
        #expect(try await store.leafCount() == leaves + 2)
        await store.publish()
        #expect(await store.publicationFailure == nil)
        await store.close()
    }
}
