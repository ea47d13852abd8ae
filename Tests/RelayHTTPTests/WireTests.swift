import Disclosures
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Primitives
import RelayHTTP
import RoomControl
import Synchronization
import Testing

/// What only a real connection shows.
@Suite struct WireTests {
    @Test func connectionsAreKeptAlive() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            let request = "DELETE /v1/sessions/\(StandInRelay.publishing.text) HTTP/1.1\r\nHost: h\r\n\r\n"
            try await OpenStream.send(request + request, port: port) { stream in
                let found = try await stream.read(until: "\r\n\r\nHTTP/1.1 200")
                #expect(found)
                #expect(!stream.received.lowercased().contains("connection: close"))
                #expect(stream.received.contains("Content-Length: 0\r\n"))
            }
        }
        #expect(fixture.relay.asked.withLock { $0.ended.count } == 2)
    }

    @Test func locationsNameTheHostThatWasAsked() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.viewToken()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            for (host, location) in [
                ("live.example:8443", "http://live.example:8443/v1/"),
                ("evil\"><script>", "http://127.0.0.1:8080/v1/"),
            ] {
                let request =
                    "POST /v1/rooms/demo/whep HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/sdp\r\n"
                    + "Authorization: Bearer \(token)\r\nContent-Length: 5\r\n\r\nv=0\r\n"
                try await OpenStream.send(request, port: port) { stream in
                    let found = try await stream.read(until: "answer")
                    #expect(found)
                    #expect(stream.received.contains("Location: \(location)"))
                }
            }
        }
    }

    @Test func slowBodiesLoseTheirConnection() async throws {
        let fixture = try await RelayFixture(flags: ["http.requestTimeoutSeconds": "1"])
        let token = try await fixture.viewToken()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            // Refused at once or read by a handler: either way the body must end in time.
            for authorization in ["", "Authorization: Bearer \(token)\r\n"] {
                let request =
                    "POST /v1/rooms/demo/whep HTTP/1.1\r\nHost: h\r\nContent-Type: application/sdp\r\n"
                    + authorization + "Content-Length: 100\r\n\r\nv=0"
                try await OpenStream.send(request, port: port) { await $0.readToEnd() }
            }
        }
        #expect(fixture.relay.asked.withLock { $0.viewed.isEmpty })
    }

    @Test func idleConnectionsAndSlowHeadsAreClosed() async throws {
        let fixture = try await RelayFixture(flags: ["http.idleTimeoutSeconds": "1"])
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            for start in ["", "GET /healthz HTTP/1.1\r\nHost:"] {
                do {
                    try await OpenStream.send(start, port: port) { await $0.readToEnd() }
                } catch ChannelError.ioOnClosedChannel {
                    // On a busy machine the second is over before the first byte is written.
                }
            }
        }
    }

    @Test func connectionsThatBreakInMidRequestHarmNobody() async throws {
        let fixture = try await RelayFixture(StandInRelay(keepsStreamsOpen: true))
        let token = try await fixture.publishToken()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            for request in [
                "GET /v1/rooms/demo/participants/ada/events HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n"
                    + "Authorization: Bearer \(token)\r\n\r\nabc",
                "PUT /v1/rooms/demo/participants/ada/consents HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n"
                    + "Content-Type: application/json\r\nAuthorization: Bearer \(token)\r\n\r\n{",
                "GET /v1/rooms/demo/partici",
            ] {
                try await OpenStream.send(request, port: port) { stream in
                    if request.contains("/events ") { try await stream.read(until: "retry: 1000") }
                }
            }
            #expect(try await client.execute(uri: "/healthz", method: .get).status == .ok)
        }
        #expect(fixture.relay.asked.withLock { $0.changes.isEmpty })
    }

    @Test func shutdownEndsOpenStreams() async throws {
        let fixture = try await RelayFixture(StandInRelay(keepsStreamsOpen: true))
        let token = try await fixture.publishToken()
        let port = Mutex(0)
        let reader = try await fixture.run(.live) { client in
            port.withLock { $0 = client.port ?? 0 }
            let (started, start) = AsyncStream<Void>.makeStream()
            let path = "/v1/rooms/demo/participants/ada/events"
            let reader = Task { [port = port.withLock { $0 }] in
                try await OpenStream.send(OpenStream.get(path, token: token), port: port) { stream in
                    try await stream.read(until: "retry: 1000")
                    start.finish()
                    await stream.readToEnd()
                    return stream.received
                }
            }
            for await _ in started {}
            return reader
        }
        // The server is gone by now; the stream was ended in order, with the last chunk of its body.
        let received = try await reader.value
        #expect(received.hasSuffix("0\r\n\r\n"))
    }

    @Test(
        .enabled(
            if: ["/usr/bin/openssl", "/usr/bin/curl"].allSatisfy {
                FileManager.default.isExecutableFile(atPath: $0)
            }
        )
    )
    func servesOverTLS() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "tally-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (key, certificate) = (directory.path() + "/key.pem", directory.path() + "/cert.pem")
        _ = try run(
            "/usr/bin/openssl",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost "
                + "-addext subjectAltName=DNS:localhost -keyout \(key) -out \(certificate)"
        )
        let fixture = try await RelayFixture(flags: [
            "http.tls.certificate": certificate, "http.tls.key": key,
        ])
        let token = try await fixture.viewToken()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            let answer = try run(
                "/usr/bin/curl",
                "-sS --max-time 10 --cacert \(certificate) -D - -X POST -H Content-Type:application/sdp "
                    + "-H Authorization:Bearer\u{A0}\(token) --data-binary v=0 https://localhost:\(port)/v1/rooms/demo/whep"
            )
            #expect(answer.contains("Location: https://localhost:\(port)/v1/sessions/"))
            #expect(answer.contains("Strict-Transport-Security: max-age="))
        }
    }

    @Test func unreadableTLSFilesAreNamed() async throws {
        let fixture = try await RelayFixture(
            flags: ["http.tls.certificate": "/nowhere/c.pem", "http.tls.key": "/nowhere/k.pem"]
        )
        await #expect(throws: ConfigurationError.self) { try await fixture.run { _ in } }
    }

    /// Runs a program to its end; arguments are separated by spaces, a no-break space stands for one inside.
    private func run(_ program: String, _ arguments: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments.split(separator: " ").map { String($0).replacing("\u{A0}", with: " ") }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    @Test func endlessBodiesLoseTheirConnection() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            let chunk = "10000\r\n" + String(repeating: "a", count: 0x10000) + "\r\n"
            let request =
                "POST /v1/rooms/demo/whep HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + chunk + chunk + chunk
            try await OpenStream.send(request, port: port) { stream in
                await stream.readToEnd()
                #expect(!stream.received.contains(" 200 "))
            }
        }
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /v1/rooms/demo/whip HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nv=0\r\n",
        "POST /v1/rooms/demo/whip HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
    ])
    func refusesWhatIsNotHTTP(_ bytes: String) async throws {
        let fixture = try await RelayFixture()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            try await OpenStream.send(bytes, port: port) { stream in
                await stream.readToEnd()
                #expect(stream.received.isEmpty || stream.received.hasPrefix("HTTP/1.1 4"))
            }
            #expect(try await client.execute(uri: "/healthz", method: .get).status == .ok)
        }
    }

    @Test func hugeHeadsAreRefused() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            let head =
                "GET /healthz HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n"
            try await OpenStream.send(head, port: port) { stream in
                await stream.readToEnd()
                #expect(!stream.received.hasPrefix("HTTP/1.1 2"))
            }
        }
    }
}

/// Random and damaged input: every answer is one that is documented, and the relay is asked nothing absurd.
@Suite struct SurfaceFuzzTests {
    private static let seeds: [String] = [
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        #"{"changes":[{"purpose":"live_room","choice":"withdraw","until":"2026-12-31T23:59:59Z"}]}"#,
        #"{"kind":"publish","room":"demo","participant":"ada","grants":[{"purpose":"live_room"}]}"#,
        #"["active","inactive","layers"]"#,
        "a=ice-ufrag:EsAw\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n",
        String(repeating: "[", count: 2000), #"{"changes":1e999}"#, "\u{FEFF}{}", "null", "\"",
    ]

    @Test func neverFails() async throws {
        let fixture = try await RelayFixture(
            flags: [
                "demo": "true", "limits.requestsPerSecond": "1000000", "limits.handshakesPerSecond": "100000",
            ]
        )
        let tokens: [String?] = [
            try await fixture.publishToken(), try await fixture.viewToken(),
            try await fixture.operatorToken(), nil,
        ]
        let paths = [
            "/v1/rooms/demo/whip", "/v1/rooms/demo/whep", "/v1/rooms/demo/whep?stream=%ff%00",
            "/v1/sessions/\(StandInRelay.publishing.text)", "/v1/sessions/\(StandInRelay.viewing.text)",
            "/v1/sessions/\(StandInRelay.viewing.text)/events",
            "/v1/rooms/demo/participants/ada/consents", "/v1/rooms/%2e%2e/participants/%00/consents",
            "/v1/tokens", "/v1/rooms/demo/guest-token", "/v1/rooms", "/rooms/demo", "//", "/v1/%zz",
        ]
        let types = [sdpType, fragmentType, jsonType, "text/plain", "application/json; charset=\u{00FF}", ""]
        let methods: [HTTPRequest.Method] = [.post, .put, .patch, .delete, .get, .options, .head, .trace]
        try await fixture.run { client in
            var random = SeededRandom(seed: 2_026)
            for round in 0..<4000 {
                var bytes = Array((Self.seeds.randomElement(using: &random) ?? "").utf8)
                for _ in 0..<Int.random(in: 0...6, using: &random) where !bytes.isEmpty {
                    let index = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                    case 1: bytes.remove(at: index)
                    case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
                    default: bytes.removeSubrange(index...)
                    }
                }
                var headers = HTTPFields.bearer(
                    tokens.randomElement(using: &random) ?? nil,
                    type: types.randomElement(using: &random)
                )
                if Bool.random(using: &random) {
                    headers[.ifMatch] = ["*", "\"7\"", "x", ""].randomElement(using: &random)
                }
                let path = paths.randomElement(using: &random) ?? "/"
                let method = methods.randomElement(using: &random) ?? .get
                let response = try await client.execute(
                    uri: path,
                    method: method,
                    headers: headers,
                    body: ByteBuffer(bytes: bytes)
                )
                #expect(response.status.code < 500, "seed 2026, round \(round): \(method) \(path)")
                if response.status.code >= 400, method != .head {
                    #expect(response.problem != nil, "seed 2026, round \(round): \(method) \(path)")
                }
            }
        }
        let asked = fixture.relay.asked.withLock { $0 }
        #expect(asked.published.allSatisfy { $0.offer.hasPrefix("v=0") })
        #expect(asked.changes.allSatisfy { !$0.changes.isEmpty })
    }
}
