import Testing

@testable import ConsentReceipts

/// A receipt says everything that it has to, in one spelling, or is not signed.
@Suite struct ReceiptFieldTests {
    private func field(_ change: (inout ConsentReceipt) throws -> Void) throws -> String {
        var receipt = try ReceiptFixtures.full()
        try change(&receipt)
        let keys = try ReceiptFixtures.keys()
        let error = try #require(throws: ReceiptSigningError.self) { try keys.sign(receipt, as: .record) }
        guard case .field(let field) = error else { return "\(error)" }
        return field.field
    }

    @Test func refusesFieldsThatAreMissingOrMisspelt() throws {
        #expect(try field { $0.receiptID = $0.receiptID.uppercased() } == "receipt_id")
        #expect(try field { $0.recordID = "12" } == "record_id")
        #expect(try field { $0.schemaVersion = "1" } == "schema_version")
        #expect(try field { $0.principalID = "" } == "pii_principal_id")
        #expect(try field { $0.principalID = String(repeating: "x", count: 513) } == "pii_principal_id")
        #expect(try field { $0.controller.name = "" } == "pii_controller.name")
        #expect(try field { $0.controller.url = "javascript:alert(1)" } == "pii_controller.url")
        #expect(try field { $0.grants = [] } == "grants")
        #expect(try field { $0.grants += Array(repeating: $0.grants[0], count: 16) } == "grants")
        #expect(try field { $0.events = [] } == "events")
        #expect(try field { $0.events.reverse() } == "events[1].sequence")
        #expect(try field { $0.events[0].sequence = 0 } == "events[0].sequence")
        #expect(try field { $0.events[1].sequence = .max } == "events[1].sequence")
        #expect(try field { $0.events[1].entityID = "" } == "events[1].entity_id")
        #expect(try field { $0.grants[1].data = [] } == "grants[1].pii_information")
        #expect(try field { $0.grants[1].data = [.audio, .audio] } == "grants[1].pii_information")
        #expect(try field { $0.grants[0].notice?.sha256 = "AB" } == "grants[0].privacy_notice.sha256")
        #expect(try field { $0.grants[0].language = "e" } == "grants[0].language")
        #expect(try field { $0.grants[0].lawfulBasis = "consent" } == "grants[0].lawful_basis")
        #expect(try field { $0.grants[0].jurisdiction = "Germany" } == "grants[0].jurisdiction")
        #expect(try field { $0.grants[0].storageLocations = ["de"] } == "grants[0].storage_locations")
        #expect(try field { $0.grants[0].withdrawalMethod = "https://" } == "grants[0].withdrawal_method")
        #expect(try field { $0.grants[0].scope.room = "" } == "grants[0].scope.room")
        #expect(try field { $0.checkpoint?.size = 0 } == "checkpoint.size")
        #expect(try field { $0.checkpoint?.root = "AAAA" } == "checkpoint.root")
    }

    /// A name with these shows something else than it says, in a terminal above all.
    @Test(arguments: ["\u{1B}[2J", "a\nb", "a\u{202E}b", "a\u{2066}b", "a\u{2028}b", "\u{0}", "a\u{85}b"])
    func refusesTextThatCannotBeSeen(_ text: String) throws {
        #expect(try field { $0.controller.name = text } == "pii_controller.name")
        #expect(try field { $0.events[0].entityID = text } == "events[0].entity_id")
    }

    @Test(arguments: ["PT0S", "P30D", "P1Y", "P1Y2M3W4DT5H6M7S", "PT36H"])
    func takesDurations(_ text: String) {
        #expect(FieldSpelling.isDuration(text))
    }

    @Test(arguments: [
        "", "P", "PT", "P1DT", "P1", "PD", "P1H", "PT1D", "P1D1Y", "P-1D", "P1.5D", "1D", "P1Y1Y",
    ])
    func refusesWhatIsNoDuration(_ text: String) {
        #expect(!FieldSpelling.isDuration(text))
    }

    @Test(arguments: [
        "2026-03-01T09:30:00Z", "2026-03-01T09:30:00.1Z", "2026-03-01T10:30:00.000000000+01:00",
        "2026-02-30T09:30:00.000000000Z", "2026-03-01t09:30:00.000000000Z", "1600-01-01T00:00:00.000000000Z",
        "",
    ])
    func takesOneSpellingOfAMomentOnly(_ text: String) {
        #expect(ReceiptTime(text) == nil)
        #expect(ReceiptValidity("\(text)/..") == nil)
    }

    @Test func spellsIntervalsWithOpenEnds() throws {
        let moment = "2026-03-01T09:30:00.000000000Z"
        for text in ["../..", "\(moment)/..", "../\(moment)", "\(moment)/\(moment)"] {
            #expect(ReceiptValidity(text)?.text == text)
        }
        for text in ["..", "/", "", "../../..", moment] { #expect(ReceiptValidity(text) == nil) }
    }

    /// Signed is not enough: what this version does not know, it does not vouch for.
    @Test func refusesRecordsWithMoreOrLessThanItKnows() throws {
        let record = try ReceiptFixtures.full().record()
        #expect(try ConsentReceipt(record: record) == (try ReceiptFixtures.full()))
        for changed in [
            record.adding(["more": 1]), record.adding(["checkpoint": .null]), record.removing("events"),
            record.adding(["schema_version": "2"]), record.adding(["grants": "none"]), [], "text",
            record.adding(["pii_principal_id": 5]),
        ] as [JSONValue] {
            #expect(throws: ReceiptRefusal.self) { try ConsentReceipt(record: changed) }
        }
    }
}
