import Disclosures
import LedgerStore
import Primitives
import Testing

/// On what ground something was disclosed, in leaves, rows and accounts.
@Suite
struct BasisTests {
    private let fixture: DisclosureFixture

    init() throws { fixture = try DisclosureFixture() }

    @Test func compulsionIsToldFromConsent() async throws {
        let store = try await fixture.open()
        let authority = try #require(
            Audience(purpose: .liveRoom, recipientClass: .authority, recipient: "court")
        )
        let agreed = try fixture.interval(1, basis: .consent)
        let compelled = try fixture.interval(2, to: authority, basis: .legalDemand)
        try await store.record(fixture.whole(agreed) + fixture.whole(compelled))
        try await store.record([fixture.entry(try fixture.interval(3), .refused(.withdrawn))])
        let accounting = try await store.accounting(of: agreed.participant)
        #expect(accounting.disclosures.map(\.interval.basis) == [.consent, .legalDemand, nil])
        let document = try await store.accountingDocument(of: agreed.participant)
        #expect(document.disclosures.map(\.basis) == ["consent", "legal-demand", nil])
        // The counts in between say nothing but counts; the leaf that ends an interval says all of it again.
        for (leaf, basis) in [(0, "consent"), (2, "consent"), (3, "legal-demand"), (5, "legal-demand")] {
            #expect(try members(try await store.leaf(UInt64(leaf)))["basis"] as? String == basis)
        }
        #expect(try members(try await store.leaf(6))["basis"] == nil)
        await store.close()
        try await audit()
    }

    @Test func aGroundThatIsChangedAfterwardsIsFound() async throws {
        let store = try await fixture.open()
        try await store.record(fixture.whole(try fixture.interval(1, basis: .legalDemand)))
        await store.close()
        try await audit()
        try fixture.tamper(
            "DROP TRIGGER disclosure_is_never_updated; UPDATE disclosure SET basis = 'consent'"
        )
        await #expect(throws: LedgerAudit.Failure.self) { try await audit() }
    }

    /// A ledger of a program that did not write grounds down is taken up: its leaves stay what they are, and one
    /// that was open then ends in their form.
    @Test func leavesOfEarlierProgramsStayReadable() async throws {
        let earlier = try await fixture.open()
        try await earlier.record(fixture.whole(try fixture.interval(1)))
        try await earlier.record([fixture.entry(try fixture.interval(2), .opened)])
        let leaf = try await earlier.leaf(0)
        await earlier.close()
        try fixture.tamper(
            """
            ALTER TABLE disclosure DROP COLUMN basis;
            ALTER TABLE erasure_job DROP COLUMN earlier;
            DROP TABLE statistics;
            DELETE FROM grdb_migrations WHERE identifier >= '5';
            PRAGMA user_version = 4;
            """
        )
        let store = try await fixture.open(at: 60)
        #expect(store.interruptedIntervals == 1)
        try await store.record(fixture.whole(try fixture.interval(3, basis: .consent), from: 70))
        let accounting = try await store.accounting(of: try fixture.participant("alice"))
        #expect(accounting.disclosures.map(\.interval.basis) == [nil, nil, .consent])
        #expect(try await store.leaf(0) == leaf)
        #expect(try members(leaf)["basis"] == nil)
        await store.close()
        try await audit()
    }

    private func audit() async throws {
        let reader = try LedgerReader(directory: fixture.directory)
        let store = try await fixture.open(at: 100)
        let key = store.verifierKey
        await store.close()
        _ = try await LedgerAudit.verify(fixture.log, key: key, older: nil, rows: reader)
    }
}
