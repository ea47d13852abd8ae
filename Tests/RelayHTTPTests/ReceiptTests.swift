import ConsentReceipts
import Foundation
import HTTPTypes
import HummingbirdTesting
import LedgerStore
import NIOCore
import Primitives
import RoomControl
import Testing
import TransparencyLogs

/// Receipts as they are handed out, of statements in a real log.
@Suite struct ReceiptTests {
    private static let path = "/v1/rooms/studio/participants/ada/receipts"

    private func keys(_ relay: RealRelay) async throws -> PublishedReceiptKeys {
        let answer = try await relay.get("/v1/receipts/keys")
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "application/jwk-set+json")
        return try PublishedReceiptKeys(document: Array(answer.body.readableBytesView))
    }

    private func receipt(
        _ relay: RealRelay,
        _ sequence: Int,
        _ token: String,
        form: String = "record"
    ) async throws -> VerifiedReceipt {
        let answer = try await relay.get(
            "\(Self.path)/\(sequence)?form=\(form)",
            token,
            reason: "a complaint"
        )
        try #require(answer.status == .ok, "\(answer.text)")
        return try await keys(relay).verify(Array(answer.body.readableBytesView))
    }

    @Test func everyFormIsSignedAndSaysTheSame() async throws {
        try await RealRelay.run { relay in
            let ada = try await relay.publishToken("ada")
            let changed = try await relay.choose(
                ada,
                #"{"purpose":"live_room","choice":"grant"}"#,
                #"{"purpose":"live_embed","recipient":"site","choice":"refuse"}"#
            )
            let urls = try #require(changed.object["receipts"] as? [String])
            #expect(urls.map { $0.suffix(2) } == ["/1", "/2"])
            #expect(urls.allSatisfy { $0.contains(Self.path) })
            var types: Set<String> = []
            var found: [ConsentReceipt] = []
            let keys = try await keys(relay)
            for form in ReceiptForm.allCases {
                let answer = try await relay.get("\(Self.path)/1?form=\(form.rawValue)", ada)
                #expect(answer.headers[.contentType] == form.mediaType)
                #expect(answer.headers[.cacheControl] == "no-store")
                types.insert(form.mediaType)
                var bytes = Array(answer.body.readableBytesView)
                let verified = try keys.verify(bytes)
                #expect(verified.form == form)
                found.append(verified.receipt)
                bytes[bytes.count / 2] ^= 1
                #expect(throws: ReceiptRefusal.self) { try keys.verify(bytes) }
            }
            #expect(types.count == 4)
            #expect(found.allSatisfy { $0 == found[0] })
            #expect(found[0].grants[0].purpose == .liveRoom && found[0].grants[0].data == [.audio, .video])
            #expect(found[0].lastEvent?.state == .given && found[0].lastEvent?.sequence == 1)
            let refusal = try await receipt(relay, 2, ada).receipt
            #expect(refusal.lastEvent?.state == .refused)
            #expect(refusal.grants[0].recipient.id == "site")
            #expect(refusal.receiptID != found[0].receiptID && refusal.recordID != found[0].recordID)
        }
    }

    /// Nobody was named and nothing was shown: the receipt says that, and is one.
    @Test func saysWhatItWasNotTold() async throws {
        try await RealRelay.run { relay in
            let ada = try await relay.publishToken("ada")
            try await relay.choose(ada, #"{"purpose":"recording","recipient":"disk","choice":"grant"}"#)
            let receipt = try await receipt(relay, 1, ada).receipt
            #expect(receipt.grants[0].notice == nil && receipt.grants[0].language == "und")
            #expect(receipt.grants[0].retentionPeriod == nil && receipt.grants[0].jurisdiction == nil)
            #expect(receipt.controller.address == nil && receipt.controller.contact == nil)
            #expect(receipt.controller.id == relay.control.ledgerKey.name.text)
        }
    }

    @Test func namesTheOperatorUnlessTheRoomHasAControllerOfItsOwn() async throws {
        let flags = [
            "operator.name": "Studio Ltd", "operator.address": "1 High Street", "operator.contact": "Bo",
            "http.publicURL": "https://live.example",
        ]
        try await RealRelay.run(flags: flags) { relay in
            let (ada, chief) = (try await relay.publishToken("ada"), try await relay.operatorToken())
            try await relay.choose(ada, #"{"purpose":"live_room","choice":"grant"}"#)
            let before = try await receipt(relay, 1, ada).receipt
            #expect(before.controller.name == "Studio Ltd" && before.controller.contact == "Bo")
            #expect(before.controller.address == "1 High Street")
            #expect(before.grants[0].withdrawalMethod == "https://live.example/rooms/studio")
            try await relay.send(
                .put,
                "/v1/rooms/studio/controller",
                chief,
                #"{"controller":"Another Ltd","reason":"sold"}"#
            )
            try await relay.choose(ada, #"{"purpose":"live_room","choice":"grant"}"#)
            let after = try await receipt(relay, 3, ada).receipt
            #expect(after.controller.name == "Another Ltd" && after.controller.contact == nil)
            // What was said before still was said to the one before.
            #expect(try await receipt(relay, 1, ada).receipt == before)
        }
    }

    @Test func aWithdrawalGoesOnWithTheRecordOfItsGrant() async throws {
        try await RealRelay.run { relay in
            let (ada, chief) = (try await relay.publishToken("ada"), try await relay.operatorToken())
            try await relay.choose(ada, #"{"purpose":"live_room","choice":"grant"}"#)
            try await relay.choose(ada, #"{"purpose":"live_room","choice":"withdraw"}"#)
            try await relay.choose(ada, #"{"purpose":"live_room","choice":"grant"}"#)
            try await relay.choose(chief, #"{"purpose":"live_room","choice":"revoke"}"#)
            let last = try await receipt(relay, 4, ada).receipt
            #expect(last.events.map(\.state) == [.given, .withdrawn, .given, .revoked])
            #expect(last.events.map(\.entityID) == ["ada", "ada", "ada", "operator"])
            let first = try await receipt(relay, 1, ada).receipt
            #expect(first.events.count == 1 && first.recordID == last.recordID)
            #expect(try await receipt(relay, 4, chief, form: "dpv").receipt == last)
            // The operator's look is one, and without a reason there is none.
            #expect(try await relay.get("\(Self.path)/4", chief).problem == "reason-required")
            let reads = try await relay.store.operatorReads(of: try #require(ParticipantID("ada")))
            #expect(reads.map(\.scope) == ["receipts"] && reads.map(\.reason) == ["a complaint"])
        }
    }

    /// One room's log is longer than a receipt may be.
    @Test func aRecordOfManyEventsBeginsANewOne() async throws {
        try await RealRelay.run { relay in
            let ada = try await relay.publishToken("ada")
            let limit = ConsentReceipt.maximumEvents
            for number in 0...limit {
                let choice = number.isMultiple(of: 2) ? "grant" : "withdraw"
                try await relay.choose(ada, #"{"purpose":"live_room","choice":"\#(choice)"}"#)
            }
            let full = try await receipt(relay, limit, ada).receipt
            #expect(full.events.count == limit)
            let next = try await receipt(relay, limit + 1, ada).receipt
            #expect(next.events.map(\.sequence) == [Int64(limit) + 1])
            #expect(next.recordID != full.recordID)
        }
    }

    @Test func theListComesInPages() async throws {
        try await RealRelay.run { relay in
            let ada = try await relay.publishToken("ada")
            let bo = try await relay.publishToken("bo")
            for choice in ["grant", "withdraw", "grant"] {
                try await relay.choose(ada, #"{"purpose":"live_room","choice":"\#(choice)"}"#)
                try await relay.send(
                    .put,
                    "/v1/rooms/studio/participants/bo/consents",
                    bo,
                    #"{"changes":[{"purpose":"live_room","choice":"\#(choice)"}]}"#
                )
            }
            var next: String? = Self.path + "?limit=2"
            var sequences: [Int] = []
            var pages = 0
            while let present = next, pages < 5 {
                pages += 1
                let page = try await relay.get(present, ada)
                let receipts = page.object["receipts"] as? [[String: Any]] ?? []
                sequences += receipts.compactMap { $0["sequence"] as? Int }
                #expect(receipts.allSatisfy { ($0["url"] as? String)?.contains(Self.path) == true })
                next = page.headers[named: "Link"]?.firstMatch(of: /(\/v1[^>]*)>/).map { String($0.1) }
            }
            #expect(pages == 2 && sequences == [1, 3, 5])
        }
    }

    @Test func nobodyElseGetsAReceipt() async throws {
        try await RealRelay.run { relay in
            let ada = try await relay.publishToken("ada")
            let bo = try await relay.publishToken("bo")
            try await relay.choose(ada, #"{"purpose":"live_room","choice":"grant"}"#)
            for (path, token, code) in [
                ("\(Self.path)/1", nil, "missing-token"), ("\(Self.path)/1", bo, "foreign-participant"),
                (Self.path, bo, "foreign-participant"), ("\(Self.path)/2", ada, "unknown-receipt"),
                ("\(Self.path)/0", ada, "unknown-receipt"), ("\(Self.path)/01", ada, "unknown-receipt"),
                ("\(Self.path)/x", ada, "unknown-receipt"),
                ("\(Self.path)/1?form=pdf", ada, "malformed-query"),
                ("/v1/rooms/studio/participants/bo/receipts/1", bo, "unknown-receipt"),
            ] {
                let answer = try await relay.get(path, token)
                #expect(answer.problem == code, "\(path)")
            }
        }
    }
}
