import Foundation
import Logging
import Primitives
import Synchronization
import Testing

@testable import Webhooks

/// A folder for deliveries, and dispatchers over it.
struct DispatcherFixture: Sendable {
    static let secrets = [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ]

    static let quick: DeliveryLimits = {
        var limits = DeliveryLimits()
        limits.firstWaitMilliseconds = 10
        limits.longestWaitMilliseconds = 40
        limits.attempts = 4
        limits.requestMilliseconds = 400
        return limits
    }()

    let directory: String
    let room: RoomName
    let ada: ParticipantID

    init() throws {
        directory = NSTemporaryDirectory() + "tally-webhooks-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        room = try #require(RoomName("studio"))
        ada = try #require(ParticipantID("ada"))
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func endpoint(
        _ url: String,
        name: String = "crm",
        types: Set<WebhookEventType> = []
    ) throws -> WebhookEndpoint {
        try WebhookEndpoint(
            name: name,
            url: url,
            secrets: try Self.secrets.map { try SigningSecret($0) },
            types: types
        )
    }

    func event(_ type: WebhookEventType = .consentGiven, id: String? = nil) -> WebhookEvent {
        WebhookEvent(
            type,
            room: room,
            subject: ada,
            at: WallClockTime(nanosecondsSince1970: 1_790_000_000_000_000_000),
            id: id,
            data: ["room": room.text, "participant": ada.text]
        )
    }

    /// A dispatcher that runs for as long as `body` does.
    func run<Value: Sendable>(
        _ endpoints: [WebhookEndpoint],
        limits: DeliveryLimits = Self.quick,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        _ body: @Sendable (WebhookDispatcher) async throws -> Value
    ) async throws -> Value {
        let dispatcher = try await WebhookDispatcher(
            endpoints: endpoints,
            directory: directory,
            limits: limits,
            logger: logger,
            clock: { WallClockTime(nanosecondsSince1970: Int64(Date().timeIntervalSince1970 * 1e9)) }
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await dispatcher.run() }
            do {
                let value = try await body(dispatcher)
                group.cancelAll()
                try await group.waitForAll()
                return value
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }
}

extension WebhookDispatcher {
    /// Of the first endpoint.
    func status() async throws -> WebhookStatus {
        try #require(try await statuses().first)
    }
}
