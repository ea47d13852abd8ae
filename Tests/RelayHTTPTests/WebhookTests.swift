import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Primitives
import RoomControl
import Testing
import Webhooks

@testable import RelayHTTP

/// The operator's part of webhooks, over a dispatcher with a real file.
@Suite struct WebhookTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "tally-webhooks-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// A surface whose one endpoint nobody listens at, with some events given up.
    private func run(
        letters: Int = 3,
        _ test: @Sendable (any TestClientProtocol, _ token: String, WebhookDispatcher) async throws -> Void
    ) async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var limits = DeliveryLimits()
        limits.attempts = 1
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let dispatcher = try await WebhookDispatcher(
            endpoints: [
                try WebhookEndpoint(
                    name: "crm",
                    url: "http://127.0.0.1:1/hook?key=hunter2",
                    secrets: [try SigningSecret(Self.secret)]
                )
            ],
            directory: folder,
            limits: limits,
            logger: logger,
            clock: { WallClockTime(nanosecondsSince1970: Int64(Date().timeIntervalSince1970 * 1e9)) }
        )
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        let application = try RelayHTTPServer.makeApplication(
            service: fixture.relay,
            configuration: fixture.configuration,
            tokens: fixture.tokens,
            logger: logger,
            webhooks: dispatcher,
            partners: fixture.partners
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await dispatcher.run() }
            let time = WallClockTime(nanosecondsSince1970: 0)
            for number in 0..<letters {
                dispatcher.outbox.emit(
                    WebhookEvent(.consentGiven, room: nil, at: time, id: "msg_\(number)", data: ["a": "b"])
                )
            }
            let deadline = ContinuousClock.now + .seconds(10)
            while try await dispatcher.statuses().first?.deadLetters != letters, .now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await application.test(.router) { client in try await test(client, token, dispatcher) }
            group.cancelAll()
        }
    }

    @Test func theOperatorSeesHowAnEndpointDoes() async throws {
        try await run { client, token, _ in
            let all = try await client.execute(uri: "/v1/webhooks", method: .get, headers: .bearer(token))
            #expect(all.status == .ok && !all.text.contains("hunter2") && !all.text.contains("whsec"))
            let one = try await client.execute(uri: "/v1/webhooks/crm", method: .get, headers: .bearer(token))
            #expect(one.object["dead_letters"] as? Int == 3)
            #expect(one.object["last_answer"] as? String == "unreachable")
            let metrics = try await client.execute(uri: "/metrics", method: .get)
            #expect(metrics.text.contains("tally_webhook_dead_letters{endpoint=\"crm\"} 3\n"))
        }
    }

    @Test func deadLettersComeInPages() async throws {
        try await run { client, token, _ in
            var path: String? = "/v1/webhooks/crm/dead-letters?limit=2"
            var ids: [String] = []
            var pages = 0
            while let present = path, pages < 5 {
                pages += 1
                let page = try await client.execute(uri: present, method: .get, headers: .bearer(token))
                let letters = page.object["dead_letters"] as? [[String: Any]] ?? []
                ids += letters.compactMap { $0["id"] as? String }
                path = page.headers[named: "Link"]?.firstMatch(of: /(\/v1[^>]*)>/).map { String($0.1) }
            }
            #expect(pages == 2)
            #expect(ids == ["msg_0", "msg_1", "msg_2"])
        }
    }

    @Test func aReplayThatIsSentAgainReplaysNothingMore() async throws {
        try await run { client, token, dispatcher in
            let number = try #require(try await dispatcher.deadLetters(of: "crm").first?.number)
            var headers = HTTPFields.bearer(token, type: jsonType)
            headers[.idempotencyKey] = "again"
            for _ in 0..<2 {
                let answer = try await client.execute(
                    uri: "/v1/webhooks/crm/replays",
                    method: .post,
                    headers: headers,
                    body: ByteBuffer(string: #"{"numbers":[\#(number)]}"#)
                )
                #expect(answer.status == .accepted)
                #expect(answer.object["replayed"] as? Int == 1)
            }
        }
    }

    @Test func anEndpointCanBeSwitchedOff() async throws {
        try await run { client, token, _ in
            for isEnabled in [false, true] {
                let answer = try await client.execute(
                    uri: "/v1/webhooks/crm",
                    method: .put,
                    headers: .bearer(token, type: jsonType),
                    body: ByteBuffer(string: #"{"enabled":\#(isEnabled)}"#)
                )
                #expect(answer.object["enabled"] as? Bool == isEnabled)
            }
        }
    }

    @Test func nobodyElseMayLook() async throws {
        let fixture = try await RelayFixture()
        let publish = try await fixture.publishToken()
        let relayOperator = try await fixture.operatorToken()
        try await fixture.run { client in
            for path in ["/v1/webhooks", "/v1/webhooks/crm", "/v1/webhooks/crm/dead-letters"] {
                let stranger = try await client.execute(uri: path, method: .get)
                #expect(stranger.problem == "missing-token")
                let other = try await client.execute(uri: path, method: .get, headers: .bearer(publish))
                #expect(other.problem == "wrong-token-kind")
            }
            let none = try await client.execute(
                uri: "/v1/webhooks/crm",
                method: .get,
                headers: .bearer(relayOperator)
            )
            #expect(none.problem == "unknown-webhook")
        }
    }
}

@Suite struct WebhookEndpointsFileTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func read(_ yaml: String) -> (endpoints: [WebhookEndpoint], problems: [String]) {
        var problems: [String] = []
        let endpoints = WebhookEndpointsFile.read(yaml, &problems) {
            source throws(WebhookSecretSource.Failure) in
            try source.secret(folder: URL(filePath: "/nowhere"), environment: ["CRM": Self.secret])
        }
        return (endpoints, problems)
    }

    @Test func readsEndpoints() throws {
        let (endpoints, problems) = read(
            """
            endpoints:
              - name: crm
                url: https://crm.example/hook
                secrets: ["env:CRM"]
                events: [consent.withdrawn]
                rooms: [studio]
              - name: all
                url: http://127.0.0.1:9/
                secrets: ["env:CRM", "env:CRM"]
            """
        )
        #expect(problems.isEmpty)
        #expect(endpoints.map(\.name) == ["crm", "all"])
        #expect(endpoints.first?.types == [.consentWithdrawn])
        #expect(endpoints.first?.rooms.map(\.text) == ["studio"])
    }

    @Test(arguments: [
        ("", "the one key endpoints"), ("endpoints: 7", "the one key endpoints"), ("a: [", "not YAML"),
        ("endpoints: [x]", "endpoints[0]: an endpoint"),
        ("endpoints: [{url: https://a.example/, secrets: [\"env:CRM\"]}]", "endpoints[0].name: text"),
        ("endpoints: [{name: a, url: https://a.example/}]", "0 secrets"),
        ("endpoints: [{name: a, url: https://a.example/, secrets: [\"whsec_MfKQ9r8GKYqr\"]}]", "secrets"),
        ("endpoints: [{name: a, url: https://a.example/, secrets: [\"env:NONE\"]}]", "NONE cannot be read"),
        ("endpoints: [{name: a, url: http://a.example/, secrets: [\"env:CRM\"]}]", "plaintext"),
        (
            "endpoints: [{name: a, url: https://a.example/, secrets: [\"env:CRM\"], event: [x]}]",
            "event: there is"
        ),
        (
            "endpoints: [{name: a, url: https://a.example/, secrets: [\"env:CRM\"], events: [x]}]",
            "\"x\" is no"
        ),
        (
            "endpoints: [{name: a, url: https://a.example/, secrets: [\"env:CRM\"], rooms: x}]",
            "rooms: a list"
        ),
    ])
    func saysWhatIsWrong(_ yaml: String, _ words: String) {
        let (_, problems) = read(yaml)
        #expect(problems.contains { $0.contains(words) }, "\(problems)")
        #expect(!problems.contains { $0.contains("MfKQ") })
    }

    @Test func readsSecretsFromFilesBesideIt() throws {
        let folder = URL(filePath: NSTemporaryDirectory() + "tally-webhooks-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data((Self.secret + "\n").utf8).write(to: folder.appending(path: "crm.secret"))
        let file = folder.appending(path: "webhooks.yaml")
        let text = "endpoints: [{name: a, url: https://a.example/, secrets: [\"file:crm.secret\"]}]"
        try Data(text.utf8).write(to: file)
        #expect(try WebhookEndpointsFile.load(path: file.path(), environment: [:]).count == 1)
        #expect(throws: ConfigurationError.self) {
            try WebhookEndpointsFile.load(path: folder.path() + "none.yaml", environment: [:])
        }
    }
}
