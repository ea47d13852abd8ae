import Disclosures
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Primitives
import RoomControl
import Synchronization
import Testing

@testable import RelayHTTP

@Suite struct GovernanceTests {
    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String? = nil,
        token: String,
        _ fixture: RelayFixture
    ) async throws -> TestResponse {
        try await fixture.run { client in
            try await client.execute(
                uri: path,
                method: method,
                headers: .bearer(token, type: body == nil ? nil : jsonType),
                body: body.map { ByteBuffer(string: $0) }
            )
        }
    }

    private func governed(_ fixture: RelayFixture) -> ConsentEvent.Content? {
        fixture.relay.asked.withLock { $0.governed.last?.content }
    }

    @Test func operatorsSetRules() async throws {
        let fixture = try await RelayFixture()
        let response = try await send(
            .put,
            "/v1/rooms/demo/rules",
            #"{"consent_rule":"all-party","recorded_only":true,"minors":["embeds"],"relay_region":"DE","retention_seconds":60}"#,
            token: try await fixture.operatorToken(),
            fixture
        )
        #expect(response.status == .ok)
        #expect(response.headers[.eTag] == "\"8\"")
        let rules = RoomRules(
            consentRule: .allParty,
            isRecordedOnly: true,
            minors: [.embeds],
            relayRegion: Region("DE"),
            retentionSeconds: 60
        )
        #expect(governed(fixture) == .rules(rules))
    }

    @Test(arguments: [
        #"{"consent_rule":"some-party"}"#, #"{"relay_region":"germany"}"#, #"{"minors":["chat"]}"#,
        #"{"recorded_onyl":true}"#, "[]", "",
    ])
    func rulesThatAreNotUnderstoodChangeNothing(body: String) async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        let response = try await send(.put, "/v1/rooms/demo/rules", body, token: token, fixture)
        #expect(response.status == .badRequest)
        #expect(governed(fixture) == nil)
    }

    @Test(arguments: [
        ("/v1/rooms/demo/rules", "{}"),
        ("/v1/rooms/demo/controller", #"{"controller":"Other Ltd","reason":"sale"}"#),
        ("/v1/rooms/demo/participants/ada/status", #"{"deactivated":true}"#),
        ("/v1/rooms/demo/participants/ada/holds/h1", #"{"reason":"dispute"}"#),
        (
            "/v1/rooms/demo/participants/ada/demands/d1",
            #"{"authority":"court","basis":"order 7","purposes":["live_room"],"media":["audio"],"approvals":["a","b"]}"#
        ),
    ])
    func nobodyButOperatorsGoverns(path: String, body: String) async throws {
        let fixture = try await RelayFixture()
        for token in [try await fixture.publishToken(), try await fixture.viewToken()] {
            let response = try await send(.put, path, body, token: token, fixture)
            #expect(response.status == .forbidden)
        }
        #expect(governed(fixture) == nil)
        let response = try await send(.put, path, body, token: fixture.operatorToken(), fixture)
        #expect(response.status == .ok)
        #expect(governed(fixture) != nil)
    }

    @Test func noticesAreFoundByTheirDigest() async throws {
        let fixture = try await RelayFixture()
        let body = """
            {"id":"privacy","version":"2","language":"en","text":"Hello","controller":"Example Ltd",
            "change":"material","purposes":["live_embed"]}
            """
        let published = try await send(
            .post,
            "/v1/rooms/demo/notices",
            body,
            token: try await fixture.operatorToken(),
            fixture
        )
        #expect(published.status == .created)
        // SHA-256 of "Hello".
        let digest = "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"
        #expect(published.headers[.location]?.hasSuffix("/v1/notices/\(digest)") == true)
        try await fixture.run { client in
            let known = "/v1/notices/" + String(repeating: "a", count: 64)
            let text = try await client.execute(uri: known, method: .get)
            #expect(text.status == .ok)
            #expect(String(buffer: text.body) == StandInRelay.notice.text)
            #expect(text.headers[.contentLanguage] == "en")
            for unknown in [String(repeating: "b", count: 64), "aaaa"] {
                let response = try await client.execute(uri: "/v1/notices/" + unknown, method: .get)
                #expect(response.status == .notFound)
            }
        }
    }

    @Test func everyGrantEndsByItsOwnersTokenOfAnyRoom() async throws {
        let fixture = try await RelayFixture()
        let path = "/v1/participants/ada/consents"
        let ended = try await send(.delete, path, token: fixture.publishToken(), fixture)
        #expect(ended.status == .ok)
        let rooms = try #require(ended.object["rooms"] as? [[String: Any]])
        #expect(rooms.first?["room"] as? String == "demo")
        #expect(ended.object["count"] as? Int == rooms.count)
        let revoked = try await send(.delete, path, token: fixture.operatorToken(), fixture)
        #expect(revoked.object["count"] as? Int == rooms.count && revoked.object["rooms"] == nil)
        #expect(fixture.relay.asked.withLock { $0.ends } == [.participantByAPI, .operatorByAPI])
        let other = "/v1/participants/grace/consents"
        #expect(try await send(.delete, other, token: fixture.publishToken(), fixture).status == .forbidden)
        #expect(try await send(.delete, path, token: fixture.viewToken(), fixture).status == .forbidden)
        #expect(fixture.relay.asked.withLock { $0.ends }.count == 2)
    }

    @Test func historyComesInPages() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        let path = "/v1/rooms/demo/participants/ada/history"
        let page = try await send(.get, path + "?limit=3&after=5", token: token, fixture)
        #expect(page.status == .ok)
        let events = try #require(page.object["events"] as? [[String: Any]])
        #expect(events.map { $0["sequence"] as? Int } == [6, 7, 8])
        #expect(page.headers[.link]?.contains("limit=3&after=8") == true)
        for query in ["?limit=0", "?limit=1001", "?after=-1", "?after=x"] {
            #expect(try await send(.get, path + query, token: token, fixture).status == .badRequest)
        }
    }
}
