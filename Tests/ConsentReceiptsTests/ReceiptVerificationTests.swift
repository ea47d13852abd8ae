import Crypto
import Foundation
import Testing

@testable import ConsentReceipts

/// What is signed is what is read, in every form.
@Suite struct ReceiptVerificationTests {
    @Test(arguments: ReceiptForm.allCases)
    func givesBackEveryFieldOfWhatWasSigned(_ form: ReceiptForm) throws {
        let keys = try ReceiptFixtures.keys()
        for receipt in [try ReceiptFixtures.small(), try ReceiptFixtures.full()] {
            let verified = try keys.published.verify(try keys.sign(receipt, as: form))
            #expect(verified == VerifiedReceipt(receipt: receipt, form: form, keyID: keys.keyID))
        }
    }

    @Test(arguments: ReceiptForm.allCases)
    func carriesEveryTermOfTheLaw(_ form: ReceiptForm) throws {
        let keys = try ReceiptFixtures.keys()
        var receipt = try ReceiptFixtures.small()
        var grant = receipt.grants[0]
        grant.data = ReceiptData.allCases
        for (index, state) in ReceiptState.allCases.enumerated() {
            receipt.events[0].state = state
            receipt.events[0].method = ReceiptMethod.allCases[index % ReceiptMethod.allCases.count]
            grant.purpose = ReceiptPurpose.allCases[index % ReceiptPurpose.allCases.count]
            grant.recipient.recipientClass =
                ReceiptRecipientClass.allCases[index % ReceiptRecipientClass.allCases.count]
            receipt.grants = [grant]
            #expect(try keys.published.verify(try keys.sign(receipt, as: form)).receipt == receipt)
        }
        #expect(ReceiptState.allCases.count == 10)
        #expect(ReceiptPurpose.allCases.count == 10)
    }

    @Test(arguments: ReceiptForm.allCases)
    func theLargestReceiptFitsTheLimit(_ form: ReceiptForm) throws {
        let keys = try ReceiptFixtures.keys()
        var receipt = try ReceiptFixtures.full()
        receipt.grants = (0..<ConsentReceipt.maximumGrants).map { receipt.grants[$0 % 2] }
        receipt.events = (1...Int64(ConsentReceipt.maximumEvents)).map { sequence in
            var event = receipt.events[1]
            event.sequence = sequence
            return event
        }
        #expect(try keys.published.verify(try keys.sign(receipt, as: form)).receipt == receipt)
    }

    /// A receipt is kept for years: what was signed once is genuine for every later version, whatever becomes of
    /// the words and the mappings.
    @Test(arguments: ReceiptForm.allCases)
    func takesWhatWasSignedBefore(_ form: ReceiptForm) throws {
        let name = "Fixtures/receipt.\(form.fileExtension)"
        let file = try #require(Bundle.module.url(forResource: name, withExtension: nil))
        let bytes = Array(try Data(contentsOf: file))
        let verified = try ReceiptFixtures.keys().published.verify(bytes)
        #expect(verified.receipt == (try ReceiptFixtures.full()))
    }

    /// The same receipt is the same bytes whenever it is asked for, as these were when they were written down.
    @Test(arguments: ReceiptForm.allCases)
    func isTheSameBytesWheneverItIsMade(_ form: ReceiptForm) throws {
        let name = "Fixtures/receipt.\(form.fileExtension)"
        let file = try #require(Bundle.module.url(forResource: name, withExtension: nil))
        let made = try ReceiptFixtures.keys().sign(try ReceiptFixtures.full(), as: form)
        #expect(made == Array(try Data(contentsOf: file)))
    }

    /// RFC 8785 exists so that a document may be laid out anew.
    @Test func takesJSONThatWasLaidOutAnew() throws {
        let keys = try ReceiptFixtures.keys()
        let receipt = try ReceiptFixtures.full()
        for form in [ReceiptForm.dpv, .vcon] {
            let object = try JSONSerialization.jsonObject(with: Data(try keys.sign(receipt, as: form)))
            let pretty = try JSONSerialization.data(withJSONObject: object, options: .prettyPrinted)
            #expect(try keys.published.verify(Array(pretty)).receipt == receipt)
        }
    }

    @Test func takesAFlattenedSignatureAndALineEnd() throws {
        let keys = try ReceiptFixtures.keys()
        let receipt = try ReceiptFixtures.full()
        for form in [ReceiptForm.record, .kantara] {
            let bytes = try keys.sign(receipt, as: form)
            #expect(try keys.published.verify(bytes + [0x0A]).receipt == receipt)
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: ".").map(String.init)
            let flattened: JSONValue = [
                "protected": .string(parts[0]), "payload": .string(parts[1]), "signature": .string(parts[2]),
            ]
            #expect(try keys.published.verify(flattened.canonicalBytes).form == form)
        }
    }

    @Test func takesReceiptsOfAnEarlierKeyThatIsStillPublished() throws {
        let old = try ReceiptFixtures.keys(1)
        let new = try ReceiptKeys(
            signing: ReceiptFixtures.keys(2).signing,
            earlier: [old.signing.publicKey]
        )
        let published = try PublishedReceiptKeys(document: new.published.document)
        let receipt = try ReceiptFixtures.small()
        #expect(try published.verify(try old.sign(receipt, as: .record)).keyID == old.keyID)
        #expect(try published.verify(try new.sign(receipt, as: .record)).keyID == new.keyID)
    }

    @Test func saysInPlainLinesWhoWhatToWhomAndWhen() throws {
        let lines = try ReceiptFixtures.full().plainLines
        for words in [
            "p-51", "given (ConsentGiven), event 12", "revoked by someone else (ConsentRevoked), event 31",
            "2026-03-01T09:30:00.000000001Z, by the participant, on the room's page",
            "by operator: night desk, through the relay's interface",
            "from 2026-03-01T09:30:00.000000001Z until 2026-04-01T00:00:00.000000000Z",
            "recording (recording)", "embedding partner embed:https://site.example",
            "audio, video, screen name",
            "room studio, session s-9, stream camera",
            "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "P1Y6M", "DE, US-CA",
            "size 4711",
        ] {
            #expect(lines.contains { $0.contains(words) }, "\(words)")
        }
    }
}
