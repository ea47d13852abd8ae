import Disclosures
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Primitives
import RoomControl
import Synchronization
import Testing

@testable import RelayHTTP

@Suite struct RightsTests {
    private static let personal: [(String, String)] = [
        ("/v1/participants/ada/disclosures", "accounting"), ("/v1/participants/ada/export", "export"),
        ("/v1/rooms/demo/participants/ada", "profile"),
        ("/v1/rooms/demo/participants/ada/consents", "consents"),
        ("/v1/rooms/demo/participants/ada/history", "history"),
        ("/v1/rooms/demo/participants/ada/status", "status"),
        ("/v1/rooms/demo/participants/ada/receipts", "receipts"),
        ("/v1/rooms/demo/participants/ada/events", "events"),
    ]

    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String? = nil,
        token: String?,
        reason: String? = nil,
        _ fixture: RelayFixture
    ) async throws -> TestResponse {
        try await fixture.run { client in
            try await client.execute(
                uri: path,
                method: method,
                headers: .bearer(token, type: body == nil ? nil : jsonType, reason: reason),
                body: body.map { ByteBuffer(string: $0) }
            )
        }
    }

    @Test(arguments: personal)
    func operatorsLookAtPersonalDataWithAReasonThatIsRecorded(path: String, scope: String) async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken(role: .dataProtectionOfficer)
        let refused = try await send(.get, path, token: token, fixture)
        #expect(refused.status.code == 428)
        #expect(refused.problem == "reason-required")
        for wrong in [String(repeating: "x", count: 513), "Zoë"] {
            #expect(
                try await send(.get, path, token: token, reason: wrong, fixture).problem == "malformed-reason"
            )
        }
        #expect(fixture.relay.rights.withLock { $0.reads.isEmpty })
        let read = try await send(.get, path, token: token, reason: "ticket 7", fixture)
        #expect(read.status == .ok)
        let ada = try #require(ParticipantID("ada"))
        #expect(
            fixture.relay.rights.withLock { $0.reads } == [
                PersonalRead(
                    role: "data-protection-officer",
                    scope: scope,
                    reason: "ticket 7",
                    participant: ada
                )
            ]
        )
    }

    @Test(arguments: personal)
    func participantsReadTheirOwnWithoutAReasonAndNobodyElses(path: String, scope: String) async throws {
        let fixture = try await RelayFixture()
        #expect(try await send(.get, path, token: fixture.publishToken(), fixture).status == .ok)
        let other = try await fixture.publishToken(participant: "grace")
        #expect(try await send(.get, path, token: other, fixture).problem == "foreign-participant")
        #expect(try await send(.get, path, token: fixture.viewToken(), fixture).status == .forbidden)
        #expect(try await send(.get, path, token: nil, fixture).status == .unauthorized)
        #expect(fixture.relay.rights.withLock { $0.reads.isEmpty })
    }

    @Test func aLookThatCannotBeRecordedShowsNothing() async throws {
        let problem = RelayProblem("log-unavailable", status: 503, detail: "no")
        let fixture = try await RelayFixture(StandInRelay(problem: problem))
        let path = "/v1/participants/ada/disclosures"
        let token = try await fixture.operatorToken()
        #expect(try await send(.get, path, token: token, reason: "x", fixture).status == .serviceUnavailable)
        #expect(fixture.relay.rights.withLock { $0.pages.isEmpty })
    }

    @Test(arguments: personal)
    func whoWasErasedIsGone(path: String, scope: String) async throws {
        let erasedAt = WallClockTime(
            nanosecondsSince1970: Int64(Date().timeIntervalSince1970) * 1_000_000_000
        )
        let before = Date(timeIntervalSinceNow: -60)
        let after = Date(timeIntervalSinceNow: 30)
        let gone = RightsStanding(isKnown: false, erasedAt: erasedAt)
        let fixture = try await RelayFixture(StandInRelay(standing: gone))
        let old = try await fixture.publishToken(now: before)
        let refused = try await send(.get, path, token: old, fixture)
        #expect(refused.status == .gone)
        #expect(refused.problem == "erased")
        let token = try await fixture.operatorToken()
        #expect(try await send(.get, path, token: token, reason: "x", fixture).problem == "erased")
        #expect(fixture.relay.rights.withLock { $0.reads.isEmpty })
        // Somebody new under the same identifier.
        let new = try await fixture.publishToken(now: after)
        #expect(try await send(.get, path, token: new, fixture).status == .ok)
        fixture.relay.rights.withLock { $0.standing = RightsStanding(isKnown: true, erasedAt: erasedAt) }
        #expect(try await send(.get, path, token: old, fixture).problem == "erased")
        #expect(try await send(.get, path, token: token, reason: "x", fixture).status == .ok)
    }

    @Test func whoWasErasedNeitherPublishesNorErasesSomebodyNew() async throws {
        let erasedAt = WallClockTime(
            nanosecondsSince1970: Int64(Date().timeIntervalSince1970) * 1_000_000_000
        )
        let standing = RightsStanding(isKnown: true, erasedAt: erasedAt)
        let fixture = try await RelayFixture(StandInRelay(standing: standing))
        let old = try await fixture.publishToken(now: Date(timeIntervalSinceNow: -60))
        let published = try await fixture.run { client in
            try await client.execute(
                uri: "/v1/rooms/demo/whip",
                method: .post,
                headers: .bearer(old, type: sdpType),
                body: offer
            )
        }
        #expect(published.problem == "erased")
        let change = #"{"changes":[{"purpose":"live_room","choice":"grant"}]}"#
        let path = "/v1/rooms/demo/participants/ada/consents"
        #expect(try await send(.put, path, change, token: old, fixture).problem == "erased")
        let erasure = "/v1/participants/ada/erasure"
        #expect(try await send(.post, erasure, token: old, fixture).problem == "erased")
        let everywhere = "/v1/participants/ada/consents"
        #expect(try await send(.delete, everywhere, token: old, fixture).problem == "erased")
        #expect(fixture.relay.asked.withLock { $0.ends.isEmpty })
        let own = try await fixture.publishToken(now: Date(timeIntervalSinceNow: 30))
        #expect(try await send(.delete, everywhere, token: own, fixture).status == .ok)
        #expect(fixture.relay.asked.withLock { $0.published.isEmpty && $0.changes.isEmpty })
        #expect(fixture.relay.rights.withLock { $0.erasures.isEmpty })
    }

    @Test func aCertificateIsForWhoWasErasedAndNotForWhoHasTheIdentifierNow() async throws {
        let erasedAt = WallClockTime(
            nanosecondsSince1970: Int64(Date().timeIntervalSince1970) * 1_000_000_000
        )
        let fixture = try await RelayFixture(
            StandInRelay(standing: RightsStanding(isKnown: true, erasedAt: erasedAt))
        )
        fixture.relay.rights.withLock { $0.erasures = [false] }
        let path = "/v1/participants/ada/erasure"
        let old = try await fixture.publishToken(now: Date(timeIntervalSinceNow: -60))
        let new = try await fixture.publishToken(now: Date(timeIntervalSinceNow: 30))
        #expect(try await send(.get, path, token: old, fixture).object["state"] as? String == "done")
        #expect(try await send(.get, path, token: new, fixture).problem == "no-erasure")
        // What somebody new has asked for is none of the erased one's business.
        fixture.relay.rights.withLock { $0.isErasurePending = true }
        #expect(try await send(.get, path, token: old, fixture).problem == "erased")
        #expect(try await send(.get, path, token: new, fixture).object["state"] as? String == "pending")
    }

    @Test func disclosuresComeInPagesAndWithProofsWhereAsked() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        let path = "/v1/participants/ada/disclosures"
        let first = try await send(.get, path + "?limit=5&proofs=true", token: token, fixture)
        let link = try #require(first.headers[named: "Link"])
        #expect(link.hasSuffix("; rel=\"next\""))
        let next = try #require(link.split(separator: ">").first.map { $0.dropFirst() })
        let query = try #require(next.split(separator: "?").last)
        let second = try await send(.get, path + "?" + query, token: token, fixture)
        #expect(second.headers[named: "Link"] == nil)
        let pages = fixture.relay.rights.withLock { $0.pages }
        #expect(pages.map(\.after) == [0, 17])
        #expect(pages.allSatisfy { $0.proofs && $0.limit == 5 })
        for wrong in ["?proofs=yes", "?cursor=ff", "?cursor=2d31", "?limit=0"] {
            #expect(try await send(.get, path + wrong, token: token, fixture).problem == "malformed-query")
        }
    }

    @Test func erasureIsAskedForByTheParticipantOrAnOperator() async throws {
        let fixture = try await RelayFixture()
        let path = "/v1/participants/ada/erasure"
        let token = try await fixture.publishToken()
        #expect(try await send(.get, path, token: token, fixture).problem == "no-erasure")
        let asked = try await send(.post, path, token: token, fixture)
        #expect(asked.status == .accepted)
        #expect(asked.headers[.location]?.hasSuffix(path) == true)
        _ = try await send(.post, path, token: fixture.operatorToken(), fixture)
        #expect(try await send(.get, path, token: token, fixture).problem == "no-erasure")
        fixture.relay.rights.withLock { $0.isErasurePending = true }
        #expect(try await send(.get, path, token: token, fixture).object["state"] as? String == "pending")
        let grace = try await fixture.publishToken(participant: "grace")
        #expect(try await send(.post, path, token: grace, fixture).problem == "foreign-participant")
        #expect(try await send(.post, path, token: fixture.viewToken(), fixture).status == .forbidden)
        #expect(fixture.relay.rights.withLock { $0.erasures } == [false, true])
    }

    @Test func whatOperatorsCorrectAndAskOfErasuresLeavesATraceToo() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        let (profile, erasure) = ("/v1/rooms/demo/participants/ada", "/v1/participants/ada/erasure")
        let body = #"{"display_name":"Ada L."}"#
        #expect(try await send(.patch, profile, body, token: token, fixture).problem == "reason-required")
        #expect(fixture.relay.rights.withLock { $0.corrections.isEmpty })
        #expect(
            try await send(.patch, profile, body, token: token, reason: "t 1", fixture).status == .noContent
        )
        #expect(try await send(.get, erasure, token: token, fixture).problem == "reason-required")
        #expect(try await send(.get, erasure, token: token, reason: "t 2", fixture).problem == "no-erasure")
        fixture.relay.rights.withLock { ($0.erasures, $0.isErasurePending) = ([true], true) }
        #expect(try await send(.get, erasure, token: token, reason: "t 3", fixture).status == .ok)
        fixture.relay.rights.withLock { $0.isErasurePending = false }
        #expect(try await send(.get, erasure, token: token, reason: "t 4", fixture).status == .ok)
        let reads = fixture.relay.rights.withLock { $0.reads }
        #expect(reads.map(\.scope) == ["correction", "erasure", "erasure", "erasure"])
        // Whose name is erased is not written down again.
        #expect(reads.map { $0.participant?.text } == ["ada", nil, "ada", nil])
    }

    @Test func aReasonIsGivenOnce() async throws {
        let fixture = try await RelayFixture()
        var headers = HTTPFields.bearer(try await fixture.operatorToken(), reason: "one")
        headers.append(HTTPField(name: .tallyReason, value: "two"))
        let asked = headers
        let refused = try await fixture.run { client in
            try await client.execute(uri: "/v1/rooms/demo/participants/ada", method: .get, headers: asked)
        }
        #expect(refused.problem == "malformed-reason")
        #expect(fixture.relay.rights.withLock { $0.reads.isEmpty })
    }

    @Test func theArchiveIsOneThatOthersRead() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        let answer = try await send(.get, "/v1/participants/ada/export", token: token, fixture)
        #expect(answer.headers[.contentType] == "application/x-tar")
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "tally-export-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let archive = folder.appending(path: "ada.tar")
        try Data(answer.body.readableBytesView).write(to: archive)
        let tar = Process()
        tar.executableURL = URL(filePath: "/bin/tar")
        tar.arguments = ["-xf", archive.path, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        let about = try Data(contentsOf: folder.appending(path: "about.json"))
        let object = try JSONSerialization.jsonObject(with: about) as? [String: Any]
        #expect(object?["participant"] as? String == "ada")
        let notice = try String(contentsOf: folder.appending(path: "notices/ab.txt"), encoding: .utf8)
        #expect(notice == "What happens.")
        let long = "receipts/" + String(repeating: "x", count: 90) + "/" + String(repeating: "y", count: 60)
        #expect(try Data(contentsOf: folder.appending(path: long)).count == 512)
    }

    @Test func displayFieldsAreCorrectedByMergePatch() async throws {
        let fixture = try await RelayFixture()
        let path = "/v1/rooms/demo/participants/ada"
        let token = try await fixture.publishToken()
        let body = #"{"display_name":"Ada L.","profile":{"pronouns":"she/her","location":null}}"#
        #expect(try await send(.patch, path, body, token: token, fixture).status == .noContent)
        #expect(
            try await send(.patch, path, #"{"display_name":null}"#, token: token, fixture).status
                == .noContent
        )
        let corrections = fixture.relay.rights.withLock { $0.corrections }
        #expect(
            corrections == [
                DisplayCorrection(
                    displayName: .some("Ada L."),
                    fields: ["pronouns": "she/her", "location": String?.none]
                ),
                DisplayCorrection(displayName: .some(nil)),
            ]
        )
        for wrong in [
            #"{"display_name":""}"#, #"{"display_name":7}"#, #"{"name":"x"}"#, #"{"profile":{"Full":"x"}}"#,
            #"{"profile":{"a":""}}"#, #"{"profile":{"a":"\u0007"}}"#, #"{"profile":[]}"#,
            #"{"profile":null}"#,
            #"{"profile":{"a":"\#(String(repeating: "x", count: 129))"}}"#,
        ] {
            #expect(try await send(.patch, path, wrong, token: token, fixture).problem == "malformed-json")
        }
        #expect(fixture.relay.rights.withLock { $0.corrections.count } == 2)
    }

    @Test func breachQueriesAreForOperatorsWithAReason() async throws {
        let fixture = try await RelayFixture()
        let path = "/v1/breaches/query"
        let body = #"{"from":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z","recipients":["p","q"]}"#
        #expect(
            try await send(.post, path, body, token: fixture.publishToken(), fixture).status == .forbidden
        )
        let token = try await fixture.operatorToken(role: .security)
        #expect(try await send(.post, path, body, token: token, fixture).problem == "reason-required")
        let answer = try await send(.post, path + "?limit=3", body, token: token, reason: "breach 4", fixture)
        #expect(answer.status == .ok)
        #expect(answer.headers[named: "Link"] != nil)
        let asked = try #require(fixture.relay.rights.withLock { $0.breaches.first })
        #expect(asked.question.recipients == ["p", "q"] && asked.limit == 3 && asked.offset == 0)
        let read = try #require(fixture.relay.rights.withLock { $0.reads.first })
        #expect(read.scope == "breach" && read.role == "security" && read.participant == nil)
        let backwards = #"{"from":"2026-02-01T00:00:00Z","until":"2026-01-01T00:00:00Z"}"#
        let refused = try await send(.post, path, backwards, token: token, reason: "x", fixture)
        #expect(refused.problem == "malformed-span")
        for wrong in [
            "{}", #"{"from":"yesterday","until":"today"}"#, #"{"recipient":"p"}"#,
            body.replacing("}", with: #","room":null}"#),
        ] {
            let refused = try await send(.post, path, wrong, token: token, reason: "x", fixture)
            #expect(refused.problem == "malformed-json")
        }
        #expect(fixture.relay.rights.withLock { $0.reads.count } == 1)
    }

    @Test func statisticsAreOfWholeMonths() async throws {
        let fixture = try await RelayFixture(flags: ["statistics.threshold": "12"])
        let token = try await fixture.operatorToken()
        let path = "/v1/statistics"
        #expect(try await send(.get, path + "?period=2025-12", token: token, fixture).status == .ok)
        let asked = try #require(fixture.relay.rights.withLock { $0.months.first })
        #expect(asked.crowd == 12)
        #expect(asked.month.span.lowerBound.rfc3339 == "2025-12-01T00:00:00.000000000Z")
        #expect(asked.month.span.upperBound.rfc3339 == "2026-01-01T00:00:00.000000000Z")
        let refused = try await send(.get, path + "?period=2025-12", token: fixture.publishToken(), fixture)
        #expect(refused.status == .forbidden)
        for wrong in [
            "", "?period=2025", "?period=2025-13", "?period=2025-00", "?period=2025-1", "?period=1969-12",
            "?period=9999-12", "?period=2025-12-01", "?from=2025-12-01&until=2025-12-02",
        ] {
            #expect(try await send(.get, path + wrong, token: token, fixture).problem == "malformed-query")
        }
        #expect(fixture.relay.rights.withLock { $0.months.count } == 1)
    }

    @Test func anOperatorsRoleStandsInTheirToken() async throws {
        let fixture = try await RelayFixture()
        for role in OperatorRole.allCases {
            let token = try await fixture.tokens.verify(try await fixture.operatorToken(role: role))
            #expect(token.access == .relayOperator(OperatorToken(name: "op", role: role)))
        }
    }

    @Test func pseudonymsOfAddressesLastAnHour() {
        let start = ContinuousClock.now
        let pseudonyms = AddressPseudonyms(now: start)
        let name = pseudonyms.name(of: "192.0.2.1", now: start)
        #expect(name.count == 16 && !name.contains("192"))
        #expect(pseudonyms.name(of: "192.0.2.1", now: start + .seconds(3599)) == name)
        #expect(pseudonyms.name(of: "192.0.2.2", now: start) != name)
        #expect(pseudonyms.name(of: "192.0.2.1", now: start + .seconds(3600)) != name)
        #expect(AddressPseudonyms().name(of: "192.0.2.1") != name)
    }
}
