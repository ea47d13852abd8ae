import Disclosures
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Partners
import Primitives
import RelayHTTP
import RoomControl
import Testing

/// The whole HTTP surface over a stand-in relay, without a socket.
struct RelayFixture: Sendable {
    /// Long enough for HS512 as well, so that a test can sign by that with the same key.
    static let secret = [UInt8](repeating: 0x5A, count: 64)

    let relay: StandInRelay
    let tokens: TokenAuthority
    let partners: PartnerRegistry
    let configuration: TallyConfiguration
    let metrics = PrometheusMetrics()
    let heartbeat: Duration
    let logger: Logger

    init(
        _ relay: StandInRelay = StandInRelay(),
        flags: [String: String] = [:],
        heartbeat: Duration = .seconds(15),
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) async throws {
        self.relay = relay
        self.heartbeat = heartbeat
        self.logger = logger
        tokens = await TokenAuthority(secret: Self.secret)
        partners = try Self.registry()
        configuration = try TallyConfiguration.load(yaml: nil, environment: [:], flags: flags)
    }

    /// An empty registry in a folder that the system clears away.
    static func registry() throws -> PartnerRegistry {
        let folder = FileManager.default.temporaryDirectory.appending(path: "partners-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try PartnerRegistry(directory: folder.path)
    }

    /// Registers a partner, unless it is; answers its key where it is new.
    @discardableResult
    func partner(
        _ id: String = "site",
        _ change: (inout Partner.Terms) -> Void = { _ in }
    ) async throws -> String? {
        guard partners.partner(id) == nil else { return nil }
        var terms = Partner.Terms(
            legalName: "Example Ltd",
            contact: "privacy@site.example",
            origins: Set([WebOrigin("https://site.example")].compactMap(\.self)),
            purposes: [.liveEmbed, .rebroadcast]
        )
        change(&terms)
        return try await partners.add(id, terms).1.text
    }

    /// Runs requests against the surface.
    func run<Value>(
        _ setup: TestingSetup = .router,
        _ test: @Sendable (any TestClientProtocol) async throws -> Value
    ) async throws -> Value {
        let application = try RelayHTTPServer.makeApplication(
            service: relay,
            configuration: configuration,
            tokens: tokens,
            logger: logger,
            metrics: metrics,
            partners: partners,
            heartbeat: heartbeat
        )
        return try await application.test(setup, test)
    }

    func publishToken(
        room: String = "demo",
        participant: String = "ada",
        grants: [Audience] = [],
        now: Date = Date()
    ) async throws -> String {
        try await mint(
            .publish(
                PublishToken(
                    room: try #require(RoomName(room)),
                    participant: try #require(ParticipantID(participant)),
                    name: "Ada Lovelace",
                    grants: grants.map { CarriedGrant($0) }
                )
            ),
            now: now
        )
    }

    func guardianToken(of participant: String = "ada") async throws -> String {
        try await mint(
            .guardian(
                GuardianToken(
                    room: try #require(RoomName("demo")),
                    participant: try #require(ParticipantID(participant)),
                    guardian: "parent-1"
                )
            )
        )
    }

    func viewToken(
        room: String = "demo",
        audience: Audience = .roomViewers,
        now: Date = Date()
    ) async throws -> String {
        if let recipient = audience.recipient { try await partner(recipient) }
        return try await mint(
            .view(ViewToken(room: try #require(RoomName(room)), audience: audience)),
            now: now
        )
    }

    func operatorToken(role: OperatorRole = .operator) async throws -> String {
        try await mint(.relayOperator(OperatorToken(name: "op", role: role)))
    }

    func mint(_ access: AccessToken, now: Date = Date()) async throws -> String {
        try await tokens.mint(access, lifetimeSeconds: 3600, now: now).text
    }
}

extension HTTPFields {
    /// Fields with a bearer token and a content type.
    static func bearer(_ token: String?, type: String? = nil, reason: String? = nil) -> HTTPFields {
        var fields: HTTPFields = [:]
        if let reason, let name = HTTPField.Name("Tally-Reason") { fields[name] = reason }
        if let token { fields[.authorization] = "Bearer \(token)" }
        if let type { fields[.contentType] = type }
        return fields
    }

    subscript(named name: String) -> String? {
        HTTPField.Name(name).flatMap { self[$0] }
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    /// The last part of the problem's `type`, if the answer is a well-formed problem document of its own status.
    var problem: String? {
        guard headers[.contentType] == "application/problem+json",
            let document = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            document["status"] as? Int == status.code, document["title"] is String,
            document["detail"] is String, let type = document["type"] as? String
        else { return nil }
        return type.hasPrefix("urn:tally:problem:") ? String(type.dropFirst(18)) : nil
    }

    var object: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:]
    }
}

let offer = ByteBuffer(string: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n")
let sdpType = "application/sdp"
let fragmentType = "application/trickle-ice-sdpfrag"
let jsonType = "application/json"
