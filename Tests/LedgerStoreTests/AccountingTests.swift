import Disclosures
import LedgerStore
import Primitives
import Testing

/// What participants and operators are told of the ledger.
@Suite
struct AccountingTests {
    private let fixture: DisclosureFixture

    init() throws { fixture = try DisclosureFixture() }

    @Test func tellsWhatWhenToWhomAndHowMuch() async throws {
        let store = try await fixture.open()
        let partner = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        let first = try fixture.interval(1, to: partner)
        let second = try fixture.interval(2)
        let third = try fixture.interval(3)
        try await store.record(fixture.whole(first, from: 10))
        try await store.record([fixture.entry(second, .opened, from: 20, at: 20)])
        try await store.record([fixture.entry(second, .progress, from: 20, at: 25, packets: 9)])
        try await store.record([fixture.entry(third, .refused(.withdrawn), from: 30, at: 30)])
        try await store.record(fixture.whole(try fixture.interval(4, of: "bob")))
        let accounting = try await store.accounting(of: first.participant)
        #expect(accounting.next == nil)
        #expect(accounting.disclosures.map(\.interval) == [first, second, third])
        #expect(accounting.disclosures.map(\.outcome) == [.closed, .open, .refused(.withdrawn)])
        #expect(accounting.disclosures.map(\.packets) == [160, 9, 0])
        #expect(accounting.disclosures.map(\.bytes) == [160_000, 9000, 0])
        #expect(accounting.disclosures.map(\.from) == [10, 20, 30].map(fixture.time))
        #expect(accounting.disclosures.map(\.until) == [18, 25, 30].map(fixture.time))
        #expect(accounting.disclosures.map(\.leaves) == [0...2, 3...4, 5...5])
        #expect(accounting.disclosures[0].salts[.recipient] != nil)
        #expect(accounting.disclosures[1].salts[.recipient] == nil)
        #expect(try await store.accounting(of: fixture.participant("nobody")).disclosures.isEmpty)
        await store.close()
    }

    @Test func pagesFollowEachOther() async throws {
        let store = try await fixture.open()
        try await store.record(
            try (0..<25).map { fixture.entry(try fixture.interval($0), .refused(.noRecord)) }
        )
        let alice = try fixture.participant("alice")
        var found: [String] = []
        var after = 0 as Int64?
        while let start = after {
            let page = try await store.accounting(of: alice, after: start, limit: 10)
            #expect(page.disclosures.count <= 10)
            found += page.disclosures.map(\.interval.id)
            after = page.next
        }
        #expect(found == (try (0..<25).map { try fixture.interval($0).id }))
        #expect(try await store.accounting(of: alice, limit: 0).disclosures.isEmpty)
        #expect(try await store.accounting(of: alice, limit: -1).disclosures.isEmpty)
        await store.close()
    }

    @Test func aBreachAffectsWhoWasReceivedInItsSpan() async throws {
        let store = try await fixture.open()
        let partner = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        let other = try #require(Audience(purpose: .liveEmbed, recipient: "other"))
        try await store.record(fixture.whole(try fixture.interval(1, of: "early", to: partner), from: 0))
        try await store.record(fixture.whole(try fixture.interval(2, of: "ada", to: partner), from: 100))
        try await store.record(fixture.whole(try fixture.interval(3, of: "ada", to: partner), from: 104))
        try await store.record(fixture.whole(try fixture.interval(4, of: "bob", to: other), from: 100))
        let open = try fixture.interval(5, of: "cy", to: partner)
        try await store.record([fixture.entry(open, .opened, from: 50, at: 50)])
        let refused = try fixture.interval(6, of: "dee", to: partner)
        try await store.record([fixture.entry(refused, .refused(.purpose), from: 100, at: 100)])
        try await store.record(fixture.whole(try fixture.interval(7, of: "late", to: partner), from: 110))

        let span = fixture.time(106)..<fixture.time(110)
        let report = try await store.breach(BreachFilter(span: span, recipient: "partner"))
        #expect(report.lines.map(\.participant?.text) == ["ada", "cy"])
        let ada = try #require(report.lines.first)
        #expect(ada.intervals == 2 && ada.sessions == 2)
        #expect(ada.packets == 320)
        #expect(ada.media == [.audio, .video])
        #expect(ada.from == span.lowerBound && ada.until == span.upperBound)
        #expect(report.lines[1].until == span.upperBound)

        let everybody = try await store.breach(BreachFilter(span: span))
        #expect(everybody.lines.map(\.participant?.text) == ["ada", "bob", "cy"])
        let session = try await store.breach(BreachFilter(span: span, session: "session-4"))
        #expect(session.lines.map(\.participant?.text) == ["bob"])
        let purpose = try await store.breach(BreachFilter(span: span, purpose: .recording))
        #expect(purpose.lines.isEmpty)
        _ = try await store.erase(participant: fixture.participant("ada"))
        let erased = try await store.breach(BreachFilter(span: span, recipient: "partner"))
        #expect(erased.lines.map(\.participant?.text) == [nil, "cy"])
        await store.close()
    }

    @Test func statisticsNeverCountFewerThanTheCrowd() async throws {
        let store = try await fixture.open()
        let partner = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        let names = (0..<8).map { "person\($0)" }
        for (number, name) in names.enumerated() {
            try await store.record(fixture.whole(try fixture.interval(number, of: name)))
            guard number < 4 else { continue }
            try await store.record(fixture.whole(try fixture.interval(100 + number, of: name, to: partner)))
        }
        let span = fixture.time(0)..<fixture.time(100)
        let everybody = Set(try names.map(fixture.participant))
        let statistics = try await store.disclosureStatistics(span, of: everybody, crowd: 1)
        #expect(statistics.crowd == DisclosureStatistics.smallestCrowd)
        let line = try #require(statistics.lines.first)
        #expect(statistics.lines.count == 1)
        #expect(line.purpose == .liveRoom && line.participants == 8 && line.intervals == 8)
        #expect(line.packets == 8 * 160 && line.seconds == 64)
        let some = try await store.disclosureStatistics(
            span,
            of: Set(try names.prefix(6).map(fixture.participant)),
            crowd: 7
        )
        #expect(some.lines.isEmpty)
        #expect(try await store.disclosureStatistics(span, of: [], crowd: 5).lines.isEmpty)
        await store.close()
    }
}
