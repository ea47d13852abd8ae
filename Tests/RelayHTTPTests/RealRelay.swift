import Disclosures
import Foundation
import HTTPTypes
import HummingbirdTesting
import LedgerStore
import Logging
import NIOCore
import Primitives
import RoomControl
import Testing
import Webhooks

@testable import RelayHTTP

/// The HTTP surface over a relay with a real ledger and media loops on loopback.
struct RealRelay {
    let client: any TestClientProtocol
    let control: RelayControl
    let store: SQLiteLedgerStore
    let tokens: TokenAuthority
    let idempotentRequests: IdempotentRequests

    /// Runs `test` with a relay in a directory of its own, or in `directory`, which stays.
    static func run(
        in directory: String? = nil,
        flags: [String: String] = [:],
        webhooks: WebhookDispatcher? = nil,
        _ test: @Sendable (RealRelay) async throws -> Void
    ) async throws {
        let path = directory ?? NSTemporaryDirectory() + "tally-relay-" + UUID().uuidString
        defer { if directory == nil { try? FileManager.default.removeItem(atPath: path) } }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let loopback = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let idempotentRequests = IdempotentRequests()
        let store = try await SQLiteLedgerStore(directory: path)
        let control = try RelayControl(
            bind: loopback,
            mediaLoops: 1,
            settings: RoomSettings(candidates: [loopback]),
            ledger: store,
            outbox: webhooks?.outbox ?? .nobody,
            keepers: [idempotentRequests],
            logger: logger
        )
        let tokens = await TokenAuthority(secret: RelayFixture.secret)
        let application = try RelayHTTPServer.makeApplication(
            service: control,
            configuration: try TallyConfiguration.load(yaml: nil, environment: [:], flags: flags),
            tokens: tokens,
            logger: logger,
            webhooks: webhooks,
            partners: try RelayFixture.registry(),
            idempotentRequests: idempotentRequests
        )
        let outcome = await withTaskGroup(of: Void.self) { group in
            group.addTask { await control.run() }
            defer { group.cancelAll() }
            do {
                try await application.test(.live) { client in
                    try await test(
                        RealRelay(
                            client: client,
                            control: control,
                            store: store,
                            tokens: tokens,
                            idempotentRequests: idempotentRequests
                        )
                    )
                }
                return Result<Void, any Error>.success(())
            } catch {
                return .failure(error)
            }
        }
        await store.close()
        try outcome.get()
    }

    func publishToken(_ participant: String, room: String = "studio") async throws -> String {
        let access = AccessToken.publish(
            PublishToken(
                room: try #require(RoomName(room)),
                participant: try #require(ParticipantID(participant)),
                name: "Ada Lovelace",
                grants: []
            )
        )
        return try await tokens.mint(access, lifetimeSeconds: 3600, now: Date()).text
    }

    func operatorToken() async throws -> String {
        try await tokens.mint(
            .relayOperator(OperatorToken(name: "op")),
            lifetimeSeconds: 3600,
            now: Date()
        ).text
    }

    func get(
        _ path: String,
        _ token: String? = nil,
        reason: String? = nil
    ) async throws -> TestResponse {
        try await client.execute(uri: path, method: .get, headers: .bearer(token, reason: reason))
    }

    /// Sends JSON, and takes nothing but success.
    @discardableResult
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ token: String,
        _ json: String
    ) async throws -> TestResponse {
        let answer = try await client.execute(
            uri: path,
            method: method,
            headers: .bearer(token, type: jsonType),
            body: ByteBuffer(string: json)
        )
        try #require(answer.status.kind == .successful, "\(path): \(answer.text)")
        return answer
    }

    /// Ada's choices in the studio.
    @discardableResult
    func choose(_ token: String, _ changes: String...) async throws -> TestResponse {
        try await send(
            .put,
            "/v1/rooms/studio/participants/ada/consents",
            token,
            #"{"changes":[\#(changes.joined(separator: ","))]}"#
        )
    }
}
