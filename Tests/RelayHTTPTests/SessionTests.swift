import Disclosures
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Primitives
import RoomControl
import Synchronization
import Testing

@Suite struct SessionTests {
    @Test func publishAnswersWithAllThatRFC9725AsksFor() async throws {
        let fixture = try await RelayFixture(flags: ["http.publicURL": "https://live.example/"])
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            let response = try await client.execute(
                uri: "/v1/rooms/demo/whip",
                method: .post,
                headers: .bearer(token, type: "application/sdp; charset=utf-8"),
                body: offer
            )
            #expect(response.status == .created)
            #expect(response.headers[.contentType] == sdpType)
            #expect(
                response.headers[.location]
                    == "https://live.example/v1/sessions/\(StandInRelay.publishing.text)"
            )
            #expect(response.headers[.eTag] == "\"ice-1\"")
            #expect(response.headers[named: "Accept-Patch"] == fragmentType)
            #expect(response.headers[.accessControlAllowOrigin] == "*")
            #expect(response.headers[.accessControlAllowCredentials] == nil)
            let exposed = response.headers[.accessControlExposeHeaders] ?? ""
            for name in ["Location", "ETag", "Link", "Accept-Patch", "Retry-After"] {
                #expect(exposed.contains(name))
            }
            let link = response.headers[named: "Link"] ?? ""
            #expect(
                link.contains(
                    "<https://live.example/rooms/demo>; rel=\"https://w3id.org/dpv#hasConsentControl\""
                )
            )
            #expect(link.contains("<https://live.example/v1/rooms/demo/participants/ada/consents>"))
            #expect(response.text == "v=0\r\nanswer")
        }
        let request = try #require(fixture.relay.asked.withLock { $0.published.first })
        #expect(request.displayName == "Ada Lovelace")
        #expect(request.participant.text == "ada")
        #expect(!request.replacesLiveSession)
        #expect(!request.origin.tokenID.isEmpty)
    }

    @Test func grantsInTheTokenReachTheRelayAndNeedNoConsentLink() async throws {
        let fixture = try await RelayFixture()
        let embed = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        let token = try await fixture.publishToken(grants: [.roomViewers, embed])
        try await fixture.run { client in
            let response = try await client.execute(
                uri: "/v1/rooms/demo/whip",
                method: .post,
                headers: .bearer(token, type: sdpType),
                body: offer
            )
            #expect(response.status == .created)
            #expect(response.headers[named: "Link"] == nil)
            #expect(response.headers[.location]?.hasPrefix("http://localhost/v1/sessions/") == true)
        }
        let granted = fixture.relay.asked.withLock { $0.published.first?.grants }
        #expect(granted == [CarriedGrant(.roomViewers), CarriedGrant(embed)])
    }

    @Test func viewCarriesAudienceAndStreamAndLinksEvents() async throws {
        let fixture = try await RelayFixture()
        let embed = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        let token = try await fixture.viewToken(audience: embed)
        try await fixture.run { client in
            let response = try await client.execute(
                uri: "/v1/rooms/demo/whep?stream=s-1",
                method: .post,
                headers: .bearer(token, type: sdpType),
                body: offer
            )
            #expect(response.status == .created)
            let link = response.headers[named: "Link"] ?? ""
            #expect(link.contains("/v1/sessions/\(StandInRelay.viewing.text)/events>"))
            #expect(link.contains("rel=\"urn:ietf:params:whep:ext:core:server-sent-events\""))
            #expect(link.contains("events=\"active,inactive,layers,viewercount"))
        }
        let request = try #require(fixture.relay.asked.withLock { $0.viewed.first })
        #expect(request.audience == embed)
        #expect(request.stream == StreamID("s-1"))
    }

    @Test(
        arguments: [
            ("missing content type", nil, "v=0", 415, "unsupported-media-type"),
            ("foreign content type", "text/plain", "v=0", 415, "unsupported-media-type"),
            ("empty body", "application/sdp", "", 400, "empty-body"),
            ("malformed SDP", "application/sdp", "hello", 400, "sdp-malformed"),
            ("oversize", "application/sdp", String(repeating: "v", count: 262_145), 413, "body-too-large"),
        ] as [(String, String?, String, Int, String)]
    )
    func refusesOffers(
        _ name: String,
        _ type: String?,
        _ body: String,
        _ status: Int,
        _ code: String
    ) async throws {
        let fixture = try await RelayFixture()
        let publish = try await fixture.publishToken()
        let view = try await fixture.viewToken()
        try await fixture.run { client in
            for (path, token) in [("whip", publish), ("whep", view)] {
                let response = try await client.execute(
                    uri: "/v1/rooms/demo/\(path)",
                    method: .post,
                    headers: .bearer(token, type: type),
                    body: ByteBuffer(string: body)
                )
                #expect(response.status.code == status, "\(name)")
                #expect(response.problem == code, "\(name)")
                #expect(response.headers[.accessControlAllowOrigin] == "*")
                if status == 415 { #expect(response.headers[named: "Accept-Post"] == sdpType) }
            }
        }
        #expect(fixture.relay.asked.withLock { $0.published.isEmpty && $0.viewed.isEmpty })
    }

    @Test func passesTheRelaysRefusalOnWithRetryAfter() async throws {
        let fixture = try await RelayFixture(
            StandInRelay(
                problem: RelayProblem(
                    "room-not-live",
                    status: 409,
                    detail: "nobody is on air",
                    retryAfterSeconds: 2
                )
            )
        )
        let token = try await fixture.viewToken()
        try await fixture.run { client in
            let response = try await client.execute(
                uri: "/v1/rooms/demo/whep",
                method: .post,
                headers: .bearer(token, type: sdpType),
                body: offer
            )
            #expect(response.status == .conflict)
            #expect(response.problem == "room-not-live")
            #expect(response.headers[.retryAfter] == "2")
            #expect(response.headers[.cacheControl] == "no-store")
        }
    }

    @Test func patchPassesIfMatchThrough() async throws {
        let fixture = try await RelayFixture()
        let session = "/v1/sessions/\(StandInRelay.publishing.text)"
        try await fixture.run { client in
            for (condition, status) in [(nil, 428), ("\"ice-1\"", 204), ("\"old\"", 412), ("*", 200)] {
                var headers = HTTPFields.bearer(nil, type: fragmentType)
                headers[.ifMatch] = condition
                let response = try await client.execute(
                    uri: session,
                    method: .patch,
                    headers: headers,
                    body: ByteBuffer(string: "a=ice-ufrag:x")
                )
                #expect(response.status.code == status)
                if status == 200 {
                    #expect(response.headers[.eTag] == "\"ice-3\"")
                    #expect(response.headers[.contentType] == fragmentType)
                }
                if status == 204 { #expect(response.headers[.eTag] == nil) }
            }
            let wrongType = try await client.execute(
                uri: session,
                method: .patch,
                headers: .bearer(nil, type: sdpType),
                body: offer
            )
            #expect(wrongType.status == .unsupportedMediaType)
            #expect(wrongType.headers[named: "Accept-Patch"] == fragmentType)
        }
        #expect(
            fixture.relay.asked.withLock { $0.patches.map { $0.ifMatch } } == [
                nil, "\"ice-1\"", "\"old\"", "*",
            ]
        )
    }

    @Test func deleteAnswers200WithEmptyBodyWhateverTheEntityTag() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            let response = try await client.execute(
                uri: "/v1/sessions/\(StandInRelay.publishing.text)",
                method: .delete,
                headers: [.ifMatch: "\"stale\""]
            )
            #expect(response.status == .ok)
            #expect(response.headers[.contentLength] == "0")
            #expect(response.text.isEmpty)
        }
        #expect(fixture.relay.asked.withLock { $0.ended } == [StandInRelay.publishing])
    }

    @Test func getOnEndpointsAndSessionsSucceedsEmpty() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for path in [
                "/v1/rooms/demo/whip", "/v1/rooms/demo/whep",
                "/v1/sessions/\(StandInRelay.viewing.text)",
            ] {
                for method in [HTTPRequest.Method.get, .head] {
                    let response = try await client.execute(uri: path, method: method)
                    #expect(response.status == .noContent)
                    #expect(response.text.isEmpty)
                }
            }
        }
    }

    @Test func unknownSessionsAre404() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for session in ["nothing", "a%2Fb", "%00", String(repeating: "x", count: 4000)] {
                for method in [HTTPRequest.Method.get, .delete, .patch] {
                    let response = try await client.execute(
                        uri: "/v1/sessions/\(session)",
                        method: method,
                        headers: .bearer(nil, type: fragmentType),
                        body: ByteBuffer(string: "a=x")
                    )
                    #expect(response.problem == "unknown-session")
                }
            }
        }
    }

    @Test func preflightAllowsWhatClientsSend() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for path in ["/v1/rooms/demo/whip", "/v1/rooms/demo/whep", "/v1/sessions/x"] {
                let response = try await client.execute(
                    uri: path,
                    method: .options,
                    headers: [
                        .origin: "https://site.example", .accessControlRequestMethod: "POST",
                        .accessControlRequestHeaders: "authorization,content-type",
                    ]
                )
                #expect(response.status == .noContent)
                #expect(response.headers[.accessControlAllowOrigin] == "*")
                let methods = response.headers[.accessControlAllowMethods] ?? ""
                for method in ["GET", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"] {
                    #expect(methods.contains(method))
                }
                let fields = response.headers[.accessControlAllowHeaders] ?? ""
                for field in ["Authorization", "Content-Type", "If-Match", "Last-Event-ID"] {
                    #expect(fields.contains(field))
                }
            }
            let whip = try await client.execute(uri: "/v1/rooms/demo/whip", method: .options)
            #expect(whip.headers[named: "Accept-Post"] == sdpType)
            #expect(whip.headers[.allow] == "GET, HEAD, POST, OPTIONS")
        }
    }

    @Test func configuredOriginsAloneMayReadAnswers() async throws {
        let fixture = try await RelayFixture(flags: ["cors.origins": "https://site.example"])
        try await fixture.run { client in
            let allowed = try await client.execute(
                uri: "/v1/rooms",
                method: .get,
                headers: [.origin: "https://site.example"]
            )
            #expect(allowed.headers[.accessControlAllowOrigin] == "https://site.example")
            #expect(allowed.headers[.vary] == "Origin")
            let refused = try await client.execute(
                uri: "/v1/rooms",
                method: .get,
                headers: [.origin: "https://evil.example"]
            )
            #expect(refused.headers[.accessControlAllowOrigin] == nil)
            #expect(refused.headers[.vary] == "Origin")
        }
    }

    @Test func otherMethodsAre405WithAllow() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for (path, method, allow) in [
                ("/v1/rooms/demo/whip", HTTPRequest.Method.put, "GET, HEAD, POST, OPTIONS"),
                ("/v1/sessions/x", .post, "GET, HEAD, PATCH, DELETE, OPTIONS"),
                ("/v1/rooms/demo/participants/ada/consents", .delete, "GET, HEAD, PUT, OPTIONS"),
                ("/", .post, "GET, HEAD, OPTIONS"),
            ] {
                let response = try await client.execute(uri: path, method: method)
                #expect(response.status == .methodNotAllowed)
                #expect(response.problem == "method-not-allowed")
                #expect(response.headers[.allow] == allow)
            }
        }
    }

    @Test func unknownPathsAreProblems() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for path in ["/v1/nothing", "/rooms", "/pages/../secret", "/pages/room.html"] {
                let response = try await client.execute(uri: path, method: .get)
                #expect(response.status == .notFound)
                #expect(response.problem == "not-found")
            }
            let room = try await client.execute(uri: "/v1/rooms/-bad/whip", method: .get)
            #expect(room.problem == "unknown-room")
        }
    }
}
