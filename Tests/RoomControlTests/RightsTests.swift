import Disclosures
import Foundation
import LedgerStore
import Primitives
import RoomControl
import Testing

/// What people and operators are told, over the real ledger.
@Suite struct RightsTests {
    private let fixture: RelayFixture

    init() throws { fixture = try RelayFixture() }

    @Test func theAccountNamesRecipientsCountsGroundsAndLooks() async throws {
        try await fixture.run { control, store in
            for number in 1...3 { try await fixture.disclose(number, store) }
            try await control.record(
                PersonalRead(
                    role: "support",
                    scope: "accounting",
                    reason: "ticket 7",
                    participant: fixture.ada
                )
            )
            let page = try await control.disclosures(of: fixture.ada, proofs: false, after: 0, limit: 2)
            let object = try members(page.json)
            let list = try #require(object["disclosures"] as? [[String: Any]])
            #expect(list.map { $0["session"] as? String } == ["session-1", "session-2"])
            #expect(list[0]["recipient_class"] as? String == "room_viewer")
            #expect(list[0]["packets"] as? Int == 100 && list[0]["basis"] as? String == "consent")
            let reads = try #require(object["operator_reads"] as? [[String: Any]])
            #expect(reads.map { $0["reason"] as? String } == ["ticket 7"])
            let next = try #require(page.next)
            let rest = try await control.disclosures(of: fixture.ada, proofs: false, after: next, limit: 2)
            #expect(rest.next == nil)
            #expect((try members(rest.json)["disclosures"] as? [Any])?.count == 1)
            await store.publish()
            let proved = try await control.disclosures(of: fixture.ada, proofs: true, after: 0, limit: 2)
            let first = try #require((try members(proved.json)["disclosures"] as? [[String: Any]])?.first)
            let evidence = try #require(first["evidence"] as? [[String: Any]])
            #expect(evidence.allSatisfy { $0["proof"] is String })
        }
    }

    @Test func theArchiveHoldsEverything() async throws {
        try await fixture.run(keepers: [StandInKeeper()]) { control, store in
            try await fixture.grant(control)
            try await fixture.disclose(1, store)
            try await fixture.hold(control)
            try await control.correct(
                DisplayCorrection(displayName: "Countess"),
                of: fixture.ada,
                in: fixture.room
            )
            let source = try await control.export(of: fixture.ada)
            var kinds: [String] = []
            while let record = try await source.next() {
                switch record {
                case .about(_, let rooms, _): kinds.append("about \(rooms.map(\.text))")
                case .consents: kinds.append("consents")
                case .status(_, let governed): kinds.append("status \(governed.holds.map(\.id))")
                case .displayFields(_, let profile): kinds.append("fields \(profile.displayName ?? "")")
                case .history(_, let page, let events): kinds.append("history \(page) \(events.count)")
                case .disclosures(let page, let json):
                    let list = try members(json)["disclosures"] as? [Any]
                    kinds.append("disclosures \(page) \(list?.count ?? 0)")
                case .notice: kinds.append("notice")
                case .file(let file): kinds.append("file \(file.path)")
                }
            }
            #expect(
                kinds == [
                    "about [\"studio\"]", "consents", "status [\"h1\"]", "fields Countess", "history 1 2",
                    "disclosures 1 1", "file receipts/1.json",
                ]
            )
        }
    }

    @Test func statisticsCountOnlyWhoAgreedAndAreTheSameEverAfter() async throws {
        try await fixture.run { control, store in
            let elsewhere = try #require(RoomName("elsewhere"))
            let (last, lastAgo) = try month(before: 1)
            let (earlier, earlierAgo) = try month(before: 2)
            for number in 0..<12 {
                let person = try #require(ParticipantID("person\(number)"))
                try await fixture.disclose(number * 3 + 1, of: person, store, secondsAgo: lastAgo)
                try await fixture.disclose(
                    number * 3 + 2,
                    of: person,
                    in: elsewhere,
                    store,
                    secondsAgo: lastAgo
                )
                try await fixture.disclose(number * 3 + 3, of: person, store, secondsAgo: earlierAgo)
                if number < 10 { try await fixture.grant(control, .aggregate, of: person) }
            }
            func lines(_ month: CalendarMonth, crowd: Int) async throws -> [[String: Any]] {
                let object = try members(try await control.statistics(of: month, crowd: crowd))
                #expect(Set(object.keys) == ["period", "from", "until", "threshold", "lines"])
                return try #require(object["lines"] as? [[String: Any]])
            }
            let shown = try await lines(last, crowd: 10)
            #expect(shown.count == 1)
            #expect(shown.first?["participants"] as? Int == 10 && shown.first?["intervals"] as? Int == 10)
            let one = try #require(ParticipantID("person3"))
            _ = try await control.endEveryGrant(of: one, by: .participantByAPI, including: nil)
            // Neither who has left nor another threshold shows in what was answered.
            #expect(try await NSArray(array: lines(last, crowd: 10)) == NSArray(array: shown))
            #expect(try await NSArray(array: lines(last, crowd: 5)) == NSArray(array: shown))
            #expect(try await lines(earlier, crowd: 10).isEmpty)
            #expect(try await lines(earlier, crowd: 5).isEmpty)
            let (present, _) = try month(before: 0)
            await #expect {
                _ = try await control.statistics(of: present, crowd: 5)
            } throws: { error in
                (error as? RelayProblem)?.code == "period-not-over"
            }
        }
    }

    /// The month that lies so many before this one, and how long ago its third day was.
    private func month(before months: Int) throws -> (CalendarMonth, secondsAgo: Int64) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        let now = Date()
        let day = try #require(calendar.date(byAdding: .month, value: -months, to: now))
        var parts = calendar.dateComponents([.year, .month], from: day)
        let (year, month) = (try #require(parts.year), try #require(parts.month))
        parts.day = 3
        let third = try #require(calendar.date(from: parts))
        let text = "\(year)-\(month < 10 ? "0" : "")\(month)"
        return (try #require(CalendarMonth(text)), Int64(now.timeIntervalSince(third)))
    }

    @Test func breachesComeInPagesThatShowEverybodyOnce() async throws {
        try await fixture.run { control, store in
            for number in 0..<7 {
                let person = try #require(ParticipantID("person\(number)"))
                try await fixture.disclose(number + 1, of: person, store)
            }
            let question = BreachQuestion(span: fixture.now(minus: 3600)..<fixture.now())
            var found: [String] = []
            var offset = 0 as Int64?
            while let start = offset {
                let page = try await control.breach(question, offset: Int(start), limit: 3)
                let affected = try #require(try members(page.json)["affected"] as? [[String: Any]])
                #expect(affected.count <= 3)
                found += affected.compactMap { $0["participant"] as? String }
                offset = page.next
            }
            #expect(found == (0..<7).map { "person\($0)" })
            var other = question
            other.recipients = ["partner"]
            let none = try await control.breach(other, offset: 0, limit: 10)
            #expect((try members(none.json)["affected"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func displayFieldsAreKeptSealedAndOutliveTheRelay() async throws {
        let name = "Augusta Ada King of Lovelace"
        try await fixture.run { control, _ in
            let correction = DisplayCorrection(
                displayName: "Ada",
                fields: ["full_name": name, "location": "London"]
            )
            try await control.correct(correction, of: fixture.ada, in: fixture.room)
            try await control.correct(
                DisplayCorrection(fields: ["location": nil]),
                of: fixture.ada,
                in: fixture.room
            )
        }
        #expect(try fixture.files(with: name) == [])
        try await fixture.run { control, _ in
            let profile = try await control.displayFields(of: fixture.ada, in: fixture.room)
            #expect(profile == ParticipantProfile(displayName: "Ada", fields: ["full_name": name]))
            let many = (0..<17).map { ("field_\($0)", Optional("x")) }
            let correction = DisplayCorrection(fields: Dictionary(uniqueKeysWithValues: many))
            await #expect(throws: RelayProblem.self) {
                try await control.correct(correction, of: fixture.ada, in: fixture.room)
            }
        }
    }
}
