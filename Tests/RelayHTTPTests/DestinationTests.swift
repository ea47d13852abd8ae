import Disclosures
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Partners
import RoomControl
import Testing

/// Destinations and pushes over HTTP.
@Suite struct DestinationTests {
    private static let token = "the-token-of-the-server"
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let url = "https://media.example/whip"

    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ json: String? = nil,
        token: String? = nil,
        key: String? = nil,
        on fixture: RelayFixture
    ) async throws -> TestResponse {
        let bearer: String
        if let token { bearer = token } else { bearer = try await fixture.operatorToken() }
        var fields = HTTPFields.bearer(bearer, type: json == nil ? nil : "application/json")
        if let key, let name = HTTPField.Name("Idempotency-Key") { fields[name] = key }
        let headers = fields
        return try await fixture.run { client in
            try await client.execute(
                uri: path,
                method: method,
                headers: headers,
                body: json.map { ByteBuffer(string: $0) }
            )
        }
    }

    private func add(
        _ id: String = "b",
        _ more: String = "",
        url: String = Self.url,
        on fixture: RelayFixture
    ) async throws -> TestResponse {
        try await send(
            .post,
            "/v1/destinations",
            #"{"id":"\#(id)","partner":"site","url":"\#(url)"\#(more)}"#,
            on: fixture
        )
    }

    private func webhook(_ secret: String? = Self.secret) -> String {
        let part = secret.map { #","secret":"\#($0)""# } ?? ""
        return #","webhook":{"url":"https://media.example/hook"\#(part),"acknowledge_within_seconds":9}"#
    }

    @Test func secretsAreKeptAndNeverShown() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        let added = try await add("b", #","token":"\#(Self.token)"\#(webhook())"#, on: fixture)
        #expect(added.status == .created)
        #expect(added.headers[.location]?.hasSuffix("/v1/destinations/b") == true)
        let shown = try await send(.get, "/v1/destinations/b", on: fixture)
        let listed = try await send(.get, "/v1/destinations", on: fixture)
        for answer in [added, shown, listed] {
            #expect(!answer.text.contains(Self.token) && !answer.text.contains(Self.secret))
        }
        #expect(shown.object["has_token"] as? Bool == true && shown.object["state"] as? String == "active")
        // What is left out of a change stays, and what is taken away is.
        let update = #"{"url":"https://media.example/other"\#(webhook(nil))}"#
        #expect(try await send(.put, "/v1/destinations/b", update, on: fixture).status == .ok)
        let kept = try #require(fixture.partners.destinations.destination("b"))
        #expect(kept.terms.token?.text == Self.token && kept.terms.webhook?.secret.text == Self.secret)
        #expect(kept.terms.webhook?.acknowledgementSeconds == 9)
        let bare = #"{"url":"https://media.example/other","token":null}"#
        #expect(try await send(.put, "/v1/destinations/b", bare, on: fixture).status == .ok)
        let stripped = try #require(fixture.partners.destinations.destination("b"))
        #expect(stripped.terms.token == nil && stripped.terms.webhook == nil)
    }

    @Test func whatCannotBeADestinationIsRefused() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        try await fixture.partner("embedder") { $0.purposes = [.liveEmbed] }
        for url in ["http://media.example/whip", "https://u:p@media.example/", "media.example", "ftp://x/"] {
            let answer = try await add(url: url, on: fixture)
            #expect(answer.status == .unprocessableContent && answer.problem == "malformed-destination")
        }
        let cases: [(String, String, HTTPResponse.Status, String)] = [
            ("b", #","token":"two words""#, .unprocessableContent, "malformed-destination"),
            ("..", "", .unprocessableContent, "malformed-destination"),
            ("b", webhook(nil), .unprocessableContent, "malformed-destination"),
            ("b", webhook("whsec_short"), .unprocessableContent, "malformed-destination"),
            ("b", #","state":"cut-off""#, .badRequest, "malformed-json"),
            ("b", #","uri":"x""#, .badRequest, "malformed-json"),
        ]
        for (id, more, status, problem) in cases {
            let answer = try await add(id, more, on: fixture)
            #expect(answer.status == status && answer.problem == problem, "\(more)")
        }
        let strangers = [("nobody", "unknown-partner"), ("embedder", "not-for-partner")]
        for (partner, problem) in strangers {
            let body = #"{"id":"b","partner":"\#(partner)","url":"\#(Self.url)"}"#
            #expect(try await send(.post, "/v1/destinations", body, on: fixture).problem == problem)
        }
        #expect(try await add(on: fixture).status == .created)
        #expect(try await add(on: fixture).problem == "destination-exists")
    }

    @Test func onlyOperatorsSeeOrSetAnything() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        _ = try await add(on: fixture)
        let publisher = try await fixture.publishToken()
        let asked: [(HTTPRequest.Method, String)] = [
            (.get, "/v1/destinations"), (.post, "/v1/destinations"), (.get, "/v1/destinations/b"),
            (.put, "/v1/destinations/b"), (.delete, "/v1/destinations/b"), (.get, "/v1/rooms/demo/pushes"),
            (.post, "/v1/rooms/demo/pushes"), (.get, "/v1/rooms/demo/pushes/p1"),
            (.delete, "/v1/rooms/demo/pushes/p1"),
        ]
        for (method, path) in asked {
            let answer = try await send(method, path, token: publisher, on: fixture)
            #expect(answer.status == .forbidden, "\(method) \(path)")
        }
        #expect(fixture.partners.destinations.destination("b") != nil)
    }

    @Test func anOperatorLetsOneGoOnThatWasCutOff() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        _ = try await add(on: fixture)
        try await fixture.partners.destinations.cutOff("b", because: "unacknowledged")
        let shown = try await send(.get, "/v1/destinations/b", on: fixture)
        #expect(shown.object["state"] as? String == "cut-off")
        #expect(shown.object["reason"] as? String == "unacknowledged")
        // A change of terms alone does not.
        let body = #"{"url":"\#(Self.url)"}"#
        #expect(
            try await send(.put, "/v1/destinations/b", body, on: fixture).object["state"] as? String
                == "cut-off"
        )
        let resumed = #"{"url":"\#(Self.url)","state":"active"}"#
        let answer = try await send(.put, "/v1/destinations/b", resumed, on: fixture)
        #expect(answer.object["state"] as? String == "active" && answer.object["reason"] == nil)
        #expect(try await send(.delete, "/v1/destinations/b", on: fixture).status == .noContent)
        #expect(try await send(.get, "/v1/destinations/b", on: fixture).problem == "unknown-destination")
    }

    @Test func listsComeInPages() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        for id in ["a", "b", "c"] { _ = try await add(id, on: fixture) }
        let first = try await send(.get, "/v1/destinations?limit=2", on: fixture)
        let next = try #require(first.headers[named: "Link"]?.firstMatch(of: /cursor=([0-9a-f]+)/)?.1)
        let second = try await send(.get, "/v1/destinations?limit=2&cursor=\(next)", on: fixture)
        let listed = second.object["destinations"] as? [[String: Any]]
        #expect(listed?.map { $0["id"] as? String } == ["c"])
        #expect(second.headers[named: "Link"] == nil)
    }

    @Test func aPushIsStartedOnceAndEnds() async throws {
        let fixture = try await RelayFixture()
        let body = #"{"destination":"b","stream":"abc"}"#
        let started = try await send(.post, "/v1/rooms/demo/pushes", body, key: "k1", on: fixture)
        #expect(started.status == .created)
        #expect(started.headers[.location]?.hasSuffix("/v1/rooms/demo/pushes/p1") == true)
        #expect(started.object["state"] as? String == "waiting-for-consent")
        #expect(started.object["stream"] as? String == "abc")
        #expect(try await send(.get, "/v1/rooms/demo/pushes/p1", on: fixture).status == .ok)
        let list = try await send(.get, "/v1/rooms/demo/pushes", on: fixture)
        #expect((list.object["pushes"] as? [Any])?.count == 1)
        #expect(try await send(.delete, "/v1/rooms/demo/pushes/p1", on: fixture).status == .noContent)
        #expect(try await send(.delete, "/v1/rooms/demo/pushes/p1", on: fixture).problem == "unknown-push")
        #expect(try await send(.get, "/v1/rooms/demo/pushes/p1", on: fixture).problem == "unknown-push")
        for body in [#"{}"#, #"{"destination":"b","stream":"a b"}"#, #"{"destination":"b","all":true}"#] {
            #expect(try await send(.post, "/v1/rooms/demo/pushes", body, on: fixture).status == .badRequest)
        }
    }
}
