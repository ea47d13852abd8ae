import Disclosures
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Primitives
import RoomControl
import Synchronization
import Testing

@testable import RelayHTTP

@Suite struct ConsentTests {
    @Test func whatIsSaidOfAGrantHasNoRoomForWhatTellsOfPeople() async throws {
        try await RealRelay.run { relay in
            let token = try await relay.publishToken("ada")
            func change(_ member: String) async throws -> TestResponse {
                try await relay.client.execute(
                    uri: "/v1/rooms/studio/participants/ada/consents",
                    method: .put,
                    headers: .bearer(token, type: jsonType),
                    body: ByteBuffer(
                        string: #"{"changes":[{"purpose":"live_room","choice":"grant",\#(member)}]}"#
                    )
                )
            }
            for wrong in [
                #""stream":"Ada Lovelace""#, #""stream":"""#, #""terms":{"language":"en US"}"#,
                #""terms":{"language":"\#(String(repeating: "e", count: 36))"}"#,
                #""terms":{"jurisdiction":"Ada, London"}"#, #""terms":{"evidence":"Zoë"}"#,
                #""terms":{"evidence":"ada@example.org"}"#,
                #""terms":{"evidence":"\#(String(repeating: "7", count: 65))"}"#,
            ] {
                #expect(try await change(wrong).problem == "malformed-json", "\(wrong)")
            }
            let terms =
                #""terms":{"language":"en-GB","jurisdiction":"US-CA","evidence":"form 17/2026: b_3-c."}"#
            #expect(try await change(terms).status == .ok)
            let mint =
                #"{"kind":"publish","room":"studio","participant":"ada","grants":[{"purpose":"live_room","evidence":"Ada (mum)"}]}"#
            let minted = try await relay.client.execute(
                uri: "/v1/tokens",
                method: .post,
                headers: .bearer(try await relay.operatorToken(), type: jsonType),
                body: ByteBuffer(string: mint)
            )
            #expect(minted.problem == "malformed-json")
        }
    }

    @Test func anOperatorIsNotToldWhatWasAnsweredAndACursorIsOneOfTheList() async throws {
        try await RealRelay.run { relay in
            let token = try await relay.publishToken("ada")
            try await relay.choose(token, #"{"purpose":"live_room","choice":"refuse"}"#)
            let asked = try await relay.client.execute(
                uri: "/v1/rooms/studio/participants/ada/consents",
                method: .put,
                headers: .bearer(try await relay.operatorToken(), type: jsonType),
                body: ByteBuffer(string: #"{"changes":[{"purpose":"live_room","choice":"request"}]}"#)
            )
            #expect(asked.problem == "already-answered")
            #expect(!asked.text.lowercased().contains("refused"))
            for cursor in ["7a7a7a", "2d31", "ff"] {
                let path = "/v1/rooms/studio/participants/ada/receipts?cursor=\(cursor)"
                #expect(try await relay.get(path, token).problem == "malformed-query")
            }
        }
    }

    @Test func oneWhoApprovesTwiceIsOne() async throws {
        try await RealRelay.run { relay in
            let token = try await relay.operatorToken()
            for (approvals, status) in [
                (#"["a"," A "]"#, 422), (#"["a","a\u00a0"]"#, 422), (#"["a","b"]"#, 200),
            ] {
                let answer = try await relay.client.execute(
                    uri: "/v1/rooms/studio/participants/ada/demands/1",
                    method: .put,
                    headers: .bearer(token, type: jsonType),
                    body: ByteBuffer(
                        string:
                            #"{"authority":"court","basis":"b","purposes":["recording"],"media":["video"],"#
                            + #""approvals":\#(approvals)}"#
                    )
                )
                #expect(answer.status.code == status, "\(approvals): \(answer.text)")
            }
        }
    }

    private let path = "/v1/rooms/demo/participants/ada/consents"

    private func put(
        _ body: String,
        token: String,
        headers more: HTTPFields = [:],
        _ fixture: RelayFixture
    ) async throws -> TestResponse {
        var headers = HTTPFields.bearer(token, type: jsonType)
        for field in more { headers[field.name] = field.value }
        return try await fixture.run { [headers] client in
            try await client.execute(
                uri: path,
                method: .put,
                headers: headers,
                body: ByteBuffer(string: body)
            )
        }
    }

    @Test func overviewHasTheEpochAsItsTag() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            let response = try await client.execute(uri: path, method: .get, headers: .bearer(token))
            #expect(response.status == .ok)
            #expect(response.headers[.eTag] == "\"7\"")
            #expect(response.headers[.cacheControl] == "no-store")
            #expect(response.object["on_air"] as? Bool == true)
            #expect(response.object["epoch"] as? Int == 7)
            #expect((response.object["audiences"] as? [[String: Any]])?.first?["state"] as? String == "live")
        }
    }

    @Test func changeAnswersWithTheProof() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        let response = try await put(
            """
            {"changes":[{"purpose":"live_room","choice":"withdraw"},
            {"purpose":"live_embed","recipient":"partner","choice":"grant","media":["audio"],
            "until":"2026-12-31T23:59:59.5+01:00"}]}
            """,
            token: token,
            fixture
        )
        #expect(response.status == .ok)
        #expect(response.headers[.eTag] == "\"8\"")
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.object["effective_at"] as? String == StandInRelay.effectiveAt.rfc3339)
        #expect(response.object["epoch"] as? Int == 8)
        #expect(response.object["participant"] as? String == "ada")

        let asked = try #require(fixture.relay.asked.withLock { $0.changes.first })
        #expect(asked.actor == .participantByAPI)
        #expect(asked.changes.map { $0.choice } == [.withdraw, .grant])
        #expect(asked.changes[0].media.isEmpty)
        #expect(asked.changes[1].purpose == .liveEmbed && asked.changes[1].recipient == "partner")
        #expect(asked.changes[1].media == [.audio])
        #expect(asked.changes[1].validity.until?.rfc3339 == "2026-12-31T22:59:59.500000000Z")
    }

    @Test func aChangeFromThePageIsRecordedAsSuch() async throws {
        let fixture = try await RelayFixture()
        let field = try #require(HTTPField.Name("Sec-Fetch-Site"))
        _ = try await put(
            #"{"changes":[{"purpose":"live_room","choice":"grant"}]}"#,
            token: try await fixture.publishToken(),
            headers: [field: "same-origin"],
            fixture
        )
        #expect(fixture.relay.asked.withLock { $0.changes.first?.actor } == .participantOnPage)
    }

    @Test func aGuardianDecidesInTheirOwnName() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.guardianToken()
        let response = try await put(
            #"{"changes":[{"purpose":"live_embed","recipient":"partner","choice":"grant"}]}"#,
            token: token,
            fixture
        )
        #expect(response.status == .ok)
        #expect(fixture.relay.asked.withLock { $0.changes.first?.actor } == .guardian("parent-1"))
        let revocation = try await put(
            #"{"changes":[{"purpose":"live_room","choice":"revoke"}]}"#,
            token: token,
            fixture
        )
        #expect(revocation.problem == "choice-not-yours")
        let other = try await put(
            #"{"changes":[{"purpose":"live_room","choice":"withdraw"}]}"#,
            token: try await fixture.guardianToken(of: "grace"),
            fixture
        )
        #expect(other.problem == "foreign-participant")
    }

    @Test(arguments: [("1", true), ("0", false), ("true", false)])
    func onlyAOneIsTheGlobalPrivacyControl(_ value: String, _ isSent: Bool) async throws {
        let fixture = try await RelayFixture()
        let field = try #require(HTTPField.Name("Sec-GPC"))
        _ = try await put(
            #"{"changes":[{"purpose":"live_room","choice":"grant"}]}"#,
            token: try await fixture.publishToken(),
            headers: [field: value],
            fixture
        )
        #expect(fixture.relay.asked.withLock { $0.changes.first?.sendsPrivacyControl } == isSent)
    }

    @Test func noticeScopeAndTermsReachTheRelay() async throws {
        let fixture = try await RelayFixture()
        let digest = String(repeating: "0f", count: 32)
        let response = try await put(
            """
            {"changes":[{"purpose":"live_embed","whole_class":true,"choice":"grant","stream":"s-1",
            "notice":{"id":"privacy","version":"3","sha256":"\(digest)"},
            "terms":{"language":"de","retention_seconds":60,"geographic_restrictions":["EU"]}},
            {"purpose":"identify","recipient_class":"embed_partner","recipient":"partner","choice":"refuse"},
            {"purpose":"live_embed","choice":"withdraw"}]}
            """,
            token: try await fixture.publishToken(),
            fixture
        )
        #expect(response.status == .ok)
        let changes = try #require(fixture.relay.asked.withLock { $0.changes.first?.changes })
        #expect(changes[0].coversWholeClass && changes[0].recipient == nil && changes[0].stream == "s-1")
        #expect(changes[0].notice == NoticeReference(id: "privacy", version: "3", sha256: digest))
        #expect(changes[0].terms.language == "de" && changes[0].terms.retentionSeconds == 60)
        #expect(changes[0].terms.geographicRestrictions == Set([Region("EU")].compactMap(\.self)))
        #expect(changes[1].recipientClass == .embedPartner && changes[1].recipient == "partner")
        #expect(changes[2].recipient == nil && !changes[2].coversWholeClass)
    }

    @Test func operatorsTakeAwayAndNeverGive() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        for choice in ["grant", "refuse", "defer"] {
            let response = try await put(
                #"{"changes":[{"purpose":"live_room","choice":"\#(choice)"}]}"#,
                token: token,
                fixture
            )
            #expect(response.status == .forbidden)
            #expect(response.problem == "choice-not-yours")
        }
        for choice in ["revoke", "withdraw"] {
            let response = try await put(
                #"{"changes":[{"purpose":"live_room","choice":"\#(choice)"}]}"#,
                token: token,
                fixture
            )
            #expect(response.status == .ok)
        }
        let asked = fixture.relay.asked.withLock { $0.changes }
        #expect(asked.count == 2)
        #expect(asked.allSatisfy { $0.actor == .operatorByAPI && $0.changes[0].choice == .revoke })
    }

    @Test func participantsCannotRevoke() async throws {
        let fixture = try await RelayFixture()
        for choice in ["revoke", "request"] {
            let response = try await put(
                #"{"changes":[{"purpose":"live_room","choice":"\#(choice)"}]}"#,
                token: try await fixture.publishToken(),
                fixture
            )
            #expect(response.problem == "choice-not-yours")
        }
        #expect(fixture.relay.asked.withLock { $0.changes.isEmpty })
    }

    @Test(arguments: [("\"7\"", 200), ("\"6\", \"7\"", 200), ("*", 200), ("\"6\"", 412), ("7", 412)])
    func ifMatchIsTheEpoch(_ condition: String, _ status: Int) async throws {
        let fixture = try await RelayFixture()
        let response = try await put(
            #"{"changes":[{"purpose":"live_room","choice":"withdraw"}]}"#,
            token: try await fixture.publishToken(),
            headers: [.ifMatch: condition],
            fixture
        )
        #expect(response.status.code == status)
        #expect(fixture.relay.asked.withLock { $0.changes.count } == (status == 200 ? 1 : 0))
    }

    @Test func aLogThatCannotBeWrittenIsNoAcknowledgement() async throws {
        let fixture = try await RelayFixture(
            StandInRelay(
                problem: RelayProblem(
                    "log-unavailable",
                    status: 503,
                    detail: "the log cannot be written",
                    retryAfterSeconds: 1
                )
            )
        )
        let response = try await put(
            #"{"changes":[{"purpose":"live_room","choice":"withdraw"}]}"#,
            token: try await fixture.publishToken(),
            fixture
        )
        #expect(response.problem == "log-unavailable")
        #expect(response.object["effective_at"] == nil)
    }

    @Test(arguments: [
        ("", "expected application/json"),
        ("{", "the body"),
        ("[]", "the body"),
        ("{}", "changes is missing"),
        (#"{"changes":[]}"#, "changes: has 0 lines"),
        (#"{"changes":[{"choice":"grant"}]}"#, "changes[0].purpose is missing"),
        (#"{"changes":[{"purpose":"everything","choice":"grant"}]}"#, "changes[0].purpose: unknown purpose"),
        (#"{"changes":[{"purpose":"live_room","choice":"maybe"}]}"#, "changes[0].choice: unknown choice"),
        (#"{"changes":[{"purpose":"live_embed","choice":"grant"}]}"#, "changes[0].recipient"),
        (#"{"changes":[{"purpose":"live_room","recipient":"x","choice":"grant"}]}"#, "has no recipient"),
        (#"{"changes":[{"purpose":"live_room","choice":"grant","media":["smell"]}]}"#, "changes[0].media"),
        (#"{"changes":[{"purpose":"live_room","choice":"grant","until":"soon"}]}"#, "changes[0].until"),
        (#"{"changes":[{"purpose":"live_room","choice":"grant","untill":"x"}]}"#, "changes[0].untill"),
        (#"{"changes":[{"purpose":7,"choice":"grant"}]}"#, "changes[0].purpose"),
        (
            #"{"changes":[{"purpose":"recording","whole_class":true,"choice":"grant"}]}"#,
            "changes[0].whole_class"
        ),
        (
            #"{"changes":[{"purpose":"live_room","recipient_class":"recorder","choice":"grant"}]}"#,
            "changes[0].recipient_class: recorder does not receive for live_room"
        ),
        (
            #"{"changes":[{"purpose":"live_room","choice":"grant","notice":{"id":"n","version":"1","sha256":"F"}}]}"#,
            "changes[0].notice.sha256"
        ),
        (
            #"{"changes":[{"purpose":"live_room","choice":"grant","terms":{"storage_locations":["Utopia"]}}]}"#,
            "changes[0].terms.storage_locations"
        ),
    ])
    func malformedJSONSaysWhatAndWhere(_ body: String, _ words: String) async throws {
        let fixture = try await RelayFixture()
        let response = try await put(body, token: try await fixture.publishToken(), fixture)
        #expect(response.status == .badRequest)
        #expect(response.problem != nil)
        let detail = response.object["detail"] as? String ?? ""
        #expect(detail.contains(words), "\(detail)")
        #expect(fixture.relay.asked.withLock { $0.changes.isEmpty })
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
            ("2026-11-22T16:00:00.000000001+02:00", 1_795_356_000_000_000_001),
            ("1969-12-31T23:59:59.999999999Z", -1),
        ] as [(String, Int64)]
    )
    func readsTimes(_ text: String, _ nanoseconds: Int64) {
        #expect(WallClockTime(rfc3339: text)?.nanosecondsSince1970 == nanoseconds)
    }

    @Test func readsBackWhatItWrites() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<2000 {
            let time = WallClockTime(
                nanosecondsSince1970: Int64.random(
                    in: -9_000_000_000_000_000_000...9_000_000_000_000_000_000,
                    using: &random
                )
            )
            #expect(WallClockTime(rfc3339: time.rfc3339) == time)
        }
    }

    @Test(arguments: [
        "", "2026", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.0123456789Z",
        "2026-01-01T00:00:00Zx", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
        "2026-01-01T00:00:00+25:00", "２０２６-01-01T00:00:00Z",
    ])
    func refusesWhatIsNoTime(_ text: String) {
        #expect(WallClockTime(rfc3339: text) == nil)
    }
}
