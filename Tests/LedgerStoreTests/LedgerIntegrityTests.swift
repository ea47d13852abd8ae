import Disclosures
import Foundation
import GRDB
import LedgerStore
import Primitives
import Testing
import TransparencyLogs

/// What the ledger does not take, and what nobody can take from it.
@Suite
struct LedgerIntegrityTests {
    private let fixture: DisclosureFixture

    init() throws { fixture = try DisclosureFixture() }

    @Test func malformedEntriesAreRefused() async throws {
        let store = try await fixture.open()
        let good = try fixture.interval(1)
        func interval(id: String? = nil, stream: String? = nil) -> DisclosureInterval {
            DisclosureInterval(
                id: id ?? good.id,
                room: good.room,
                participant: good.participant,
                stream: stream ?? good.stream,
                audience: good.audience,
                session: good.session,
                media: good.media,
                epoch: good.epoch,
                grant: good.grant,
                notice: good.notice
            )
        }
        for wrong in [
            interval(id: ""), interval(id: "xyz"), interval(id: String(repeating: "0", count: 30)),
            interval(id: String(repeating: "G", count: 32)), interval(id: String(repeating: "A", count: 32)),
            interval(stream: String(repeating: "s", count: 513)), interval(stream: "a\u{0}b"),
        ] {
            let error = await ledgerError { () async throws(LedgerError) in
                try await store.record([fixture.entry(wrong, .opened)])
            }
            #expect(error?.isContradiction == true, "\(wrong.id)")
        }
        // Quotes and control characters are only text.
        let odd = interval(stream: "\"}\u{1}\n\u{1F511}')--")
        try await store.record([fixture.entry(odd, .opened)])
        _ = try members(try await store.leaf(0))
        #expect(try await store.accounting(of: good.participant).disclosures.map(\.interval) == [odd])
        await store.close()
    }

    @Test func historyCannotBeChangedWhoeverTries() async throws {
        let store = try await fixture.open()
        try await store.record(fixture.whole(try fixture.interval(1)))
        try await store.record(
            OperatorRead(
                role: "support",
                scope: "accounting",
                reason: "ticket 7",
                participant: try fixture.participant("alice"),
                time: fixture.time(20)
            )
        )
        for sql in [
            "UPDATE leaf SET bytes = x'00'", "DELETE FROM leaf", "UPDATE disclosure SET stream = 'x'",
            "DELETE FROM disclosure", "UPDATE disclosure_entry SET packets = 1",
            "DELETE FROM disclosure_entry", "DELETE FROM salt", "UPDATE salt SET secret = randomblob(32)",
            "UPDATE salt SET principal = 77, secret = zeroblob(32)",
            "INSERT OR REPLACE INTO leaf (idx, bytes) VALUES (0, x'00')",
            "INSERT INTO leaf (idx, bytes) VALUES (9, x'00')",
            "INSERT OR REPLACE INTO disclosure SELECT * FROM disclosure",
            "INSERT OR REPLACE INTO disclosure_entry SELECT * FROM disclosure_entry",
            "INSERT OR REPLACE INTO salt SELECT id, principal, randomblob(32) FROM salt",
            "UPDATE operator_read SET reason = 'another'", "UPDATE operator_read SET role = 'x'",
            "DELETE FROM operator_read",
        ] {
            #expect(throws: DatabaseError.self, "\(sql)") { try fixture.tamper(sql) }
        }
        await store.close()
    }
}
