import Disclosures
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Primitives
import RoomControl
import Synchronization
import Testing

@testable import RelayHTTP

@Suite struct SurfaceTests {
    @Test func pagesMayTalkToNobodyElse() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for (path, type) in [
                ("/", "text/html; charset=utf-8"), ("/rooms/demo", "text/html; charset=utf-8"),
                ("/operator", "text/html; charset=utf-8"),
                ("/pages/tally.js", "text/javascript; charset=utf-8"),
                ("/pages/app.css", "text/css; charset=utf-8"), ("/favicon.ico", "image/svg+xml"),
            ] {
                let response = try await client.execute(uri: path, method: .get)
                #expect(response.status == .ok)
                #expect(response.headers[.contentType] == type)
                #expect(response.body.readableBytes > 0)
                let policy = response.headers[.contentSecurityPolicy] ?? ""
                for part in [
                    "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                    "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
                ] {
                    #expect(policy.contains(part))
                }
                #expect(!policy.contains("unsafe"))
                #expect(response.headers[named: "Referrer-Policy"] == "no-referrer")
                #expect(response.headers[named: "X-Content-Type-Options"] == "nosniff")
                #expect(response.headers[named: "Permissions-Policy"]?.contains("camera=(self)") == true)
                #expect(response.headers[.setCookie] == nil)
                #expect(response.headers[.accessControlAllowOrigin] == nil)

                let tag = try #require(response.headers[.eTag])
                let again = try await client.execute(uri: path, method: .get, headers: [.ifNoneMatch: tag])
                #expect(again.status == .notModified)
                #expect(again.body.readableBytes == 0)
            }
        }
    }

    /// Every file that a page refers to is served; a file added to Pages but not to the table shows up here.
    @Test func everyFileThatPagesReferToIsServed() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for (name, page) in EmbeddedPages.all where !name.hasSuffix(".svg") {
                let text = String(decoding: page.bytes, as: UTF8.self)
                let references =
                    text.matches(of: /["'](?:\.|\/pages)\/([A-Za-z-]+\.(?:js|css|svg))["']/).map { $0.1 }
                for reference in references {
                    let response = try await client.execute(uri: "/pages/\(reference)", method: .get)
                    #expect(response.status == .ok, "\(name) refers to \(reference)")
                }
            }
        }
    }

    @Test func operationsAnswer() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            #expect(try await client.execute(uri: "/healthz", method: .get).text == "ok\n")
            #expect(try await client.execute(uri: "/readyz", method: .get).status == .ok)
            let metrics = try await client.execute(uri: "/metrics", method: .get)
            #expect(metrics.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.text.contains("tally_peers 3\n"))
            #expect(metrics.text.contains("# TYPE tally_http_requests_total counter\n"))
            #expect(
                metrics.text.contains(
                    #"tally_http_requests_total{method="GET",route="/healthz",status="200"} 1.0"#
                )
            )
            #expect(metrics.text.contains(#"tally_http_request_seconds_count{route="/readyz"} 1"#))
        }
        let draining = try await RelayFixture(StandInRelay(ready: false))
        try await draining.run { client in
            let response = try await client.execute(uri: "/readyz", method: .get)
            #expect(response.problem == "not-ready")
            #expect(response.headers[.retryAfter] == "2")
        }
    }

    @Test func metricsCanBeClosedToStrangers() async throws {
        let fixture = try await RelayFixture(flags: ["metrics.public": "false"])
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            #expect(try await client.execute(uri: "/metrics", method: .get).status == .unauthorized)
            let answer = try await client.execute(uri: "/metrics", method: .get, headers: .bearer(token))
            #expect(answer.status == .ok)
        }
    }

    @Test func metricsNameNoRoomParticipantOrAddress() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            _ = try await client.execute(
                uri: "/v1/rooms/demo/participants/ada/consents",
                method: .get,
                headers: .bearer(token)
            )
            _ = try await client.execute(uri: "/ada/demo", method: .get)
        }
        let text = fixture.metrics.text()
        #expect(text.contains("/v1/rooms/{room}/participants/{participant}/consents"))
        #expect(text.contains("route=\"unmatched\""))
        #expect(!text.contains("ada") && !text.contains("demo"))
    }

    @Test func roomsAreListedToThoseWhoMayKnow() async throws {
        let fixture = try await RelayFixture()
        let view = try await fixture.viewToken()
        let operatorToken = try await fixture.operatorToken()
        try await fixture.run { client in
            let own = try await client.execute(uri: "/v1/rooms", method: .get, headers: .bearer(view))
            #expect(own.text == #"{"rooms":[{"publishers":2,"room":"demo","viewers":5}]}"#)
            let all = try await client.execute(
                uri: "/v1/rooms",
                method: .get,
                headers: .bearer(operatorToken)
            )
            #expect((all.object["rooms"] as? [Any])?.count == 2)
            let other = try await client.execute(
                uri: "/v1/rooms/other",
                method: .get,
                headers: .bearer(view)
            )
            #expect(other.problem == "unknown-room")
        }
        let open = try await RelayFixture(flags: ["rooms.openViewing": "true"])
        try await open.run { client in
            let all = try await client.execute(uri: "/v1/rooms", method: .get)
            #expect((all.object["rooms"] as? [Any])?.count == 2)
            let one = try await client.execute(uri: "/v1/rooms/demo", method: .get)
            #expect(one.object["publishers"] as? Int == 2)
        }
    }

    @Test func operatorsMintTokensThatWork() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            let minted = try await client.execute(
                uri: "/v1/tokens",
                method: .post,
                headers: .bearer(token, type: jsonType),
                body: ByteBuffer(
                    string: #"""
                        {"kind":"publish","room":"demo","participant":"cam-1","name":"Camera",
                        "grants":[{"purpose":"live_room"}],"lifetime_seconds":60}
                        """#
                )
            )
            #expect(minted.status == .created)
            let text = try #require(minted.object["token"] as? String)
            let published = try await client.execute(
                uri: "/v1/rooms/demo/whip",
                method: .post,
                headers: .bearer(text, type: sdpType),
                body: offer
            )
            #expect(published.status == .created)
            for (body, code) in [
                (#"{"kind":"operator","room":"demo"}"#, "malformed-json"),
                (#"{"kind":"view","room":"demo","purpose":"recording","recipient":"x"}"#, "malformed-json"),
                (#"{"kind":"view","room":"/"}"#, "malformed-json"),
                (#"{"kind":"view","room":"demo","lifetime_seconds":99999999}"#, "token-refused"),
                (#"{"kind":"publish","room":"demo","participant":"a","nam":"A"}"#, "malformed-json"),
            ] {
                let refused = try await client.execute(
                    uri: "/v1/tokens",
                    method: .post,
                    headers: .bearer(token, type: jsonType),
                    body: ByteBuffer(string: body)
                )
                #expect(refused.problem == code, "\(body)")
            }
        }
        #expect(fixture.relay.asked.withLock { $0.published.first?.grants } == [CarriedGrant(.roomViewers)])
    }

    @Test func guestsGetTokensOnlyWhereRoomsAreOpen() async throws {
        let closed = try await RelayFixture()
        try await closed.run { client in
            for kind in ["view", "publish"] {
                let response = try await client.execute(
                    uri: "/v1/rooms/demo/guest-token",
                    method: .post,
                    headers: .bearer(nil, type: jsonType),
                    body: ByteBuffer(string: #"{"kind":"\#(kind)"}"#)
                )
                #expect(response.problem == "closed-to-guests")
            }
        }
        let open = try await RelayFixture(flags: ["demo": "true"])
        try await open.run { client in
            let view = try await client.execute(uri: "/v1/rooms/demo/guest-token", method: .post)
            #expect(view.status == .created)
            let viewToken = try await open.tokens.verify(try #require(view.object["token"] as? String))
            let room = try #require(RoomName("demo"))
            #expect(viewToken.access == .view(ViewToken(room: room)))

            let publish = try await client.execute(
                uri: "/v1/rooms/demo/guest-token",
                method: .post,
                headers: .bearer(nil, type: jsonType),
                body: ByteBuffer(string: #"{"kind":"publish","name":"Grace"}"#)
            )
            let text = try #require(publish.object["token"] as? String)
            guard case .publish(let token) = try await open.tokens.verify(text).access else {
                Issue.record("not a publish token")
                return
            }
            #expect(token.name == "Grace")
            #expect(token.grants.isEmpty)
            #expect(token.participant.text == publish.object["participant"] as? String)

            let name = try await client.execute(
                uri: "/v1/rooms/demo/guest-token",
                method: .post,
                headers: .bearer(nil, type: jsonType),
                body: ByteBuffer(string: #"{"kind":"publish","name":"a\u0007b"}"#)
            )
            #expect(name.problem == "malformed-name")
        }
    }

    @Test func tooManyHandshakesAreToldWhenToReturn() async throws {
        let fixture = try await RelayFixture(flags: ["limits.handshakesPerSecond": "1"])
        let token = try await fixture.viewToken()
        try await fixture.run { client in
            var answers: [TestResponse] = []
            // As many as it takes on a machine that is busy: each second gives one back.
            while answers.count < 200, answers.last?.status != .tooManyRequests {
                answers.append(
                    try await client.execute(
                        uri: "/v1/rooms/demo/whep",
                        method: .post,
                        headers: .bearer(token, type: sdpType),
                        body: offer
                    )
                )
            }
            #expect(answers.prefix(2).allSatisfy { $0.status == .created })
            let refused = try #require(answers.last)
            #expect(refused.problem == "too-many-handshakes")
            #expect(refused.headers[.retryAfter] == "1")
        }
    }

    @Test func bucketsRefillAndTheirTableStaysBounded() {
        var buckets = RateBuckets(ratePerSecond: 2, burst: 4)
        let start = ContinuousClock.now
        for _ in 0..<4 { #expect(buckets.take("a", now: start) == nil) }
        #expect(buckets.take("a", now: start) == 1)
        #expect(buckets.take("b", now: start) == nil)
        #expect(buckets.take("a", now: start + .milliseconds(500)) == nil)
        #expect(buckets.take("a", now: start + .milliseconds(500)) == 1)
        // A clock that steps back gives nothing.
        #expect(buckets.take("a", now: start) == 1)
        for number in 0..<(RateBuckets.maximumKeys * 2) { _ = buckets.take("k\(number)", now: start) }
        #expect(buckets.count <= RateBuckets.maximumKeys)
    }

    @Test(
        arguments: [
            ("203.0.113.9", nil, "203.0.113.9"),
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.7, 198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "not an address", "127.0.0.1"),
            ("2001:db8:1:2:3:4:5:6", nil, "2001:db8:1:2::/64"),
            ("2001:db8::1", nil, "2001:db8:0:0::/64"),
            ("::ffff:192.0.2.1", nil, "192.0.2.1"),
        ] as [(String, String?, String)]
    )
    func limitsCountByAddress(_ peer: String, _ forwarded: String?, _ key: String) async throws {
        let request = HTTPRequest(
            method: .get,
            scheme: nil,
            authority: nil,
            path: "/",
            headerFields: forwarded.map { [.xForwardedFor: $0] } ?? [:]
        )
        #expect(
            ClientAddress(trustsLoopbackProxy: true).key(peer: peer, headers: request.headerFields) == key
        )
        #expect(
            !ClientAddress(trustsLoopbackProxy: false).key(peer: peer, headers: request.headerFields)
                .hasPrefix("198.")
        )
    }

    @Test func theLogNamesNoPerson() async throws {
        let lines = Mutex<[String]>([])
        let fixture = try await RelayFixture(
            logger: Logger(label: "test") { _ in
                RecordingHandler { line in lines.withLock { $0.append(line) } }
            }
        )
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            _ = try await client.execute(
                uri: "/v1/rooms/demo/whip?secret=hunter2",
                method: .post,
                headers: .bearer(token, type: sdpType),
                body: offer
            )
            _ = try await client.execute(
                uri: "/v1/sessions/\(StandInRelay.publishing.text)",
                method: .delete,
                headers: .bearer("rubbish")
            )
            _ = try await client.execute(
                uri: "/v1/rooms/demo/participants/ada/consents",
                method: .put,
                headers: .bearer(token, type: jsonType),
                body: ByteBuffer(string: #"{"changes":"Ada"}"#)
            )
        }
        let text = lines.withLock { $0.joined(separator: "\n") }
        #expect(text.contains("/v1/rooms/{room}/whip"))
        #expect(text.contains("invalid-token"))
        #expect(text.contains("malformed-json"))
        for secret in [token, "hunter2", "demo", "ada", "Ada", StandInRelay.publishing.text, "rubbish"] {
            #expect(!text.contains(secret), "\(secret)")
        }
    }
}

/// Keeps each line with its metadata, at every level.
private struct RecordingHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    let record: @Sendable (String) -> Void

    init(_ record: @escaping @Sendable (String) -> Void) {
        self.record = record
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        record("\(event.message) \(event.metadata ?? [:])")
    }
}
