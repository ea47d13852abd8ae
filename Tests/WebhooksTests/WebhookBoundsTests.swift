import Foundation
import Logging
import Primitives
import Synchronization
import Testing

@testable import Webhooks

/// What the dispatcher never does: grow, wait, forget an erasure, follow a bad name, say too much.
@Suite struct WebhookBoundsTests {
    @Test func whatFindsNoRoomIsCountedAndKeptAsFarAsThereIsRoom() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        var limits = DispatcherFixture.quick
        limits.waiting = 10
        limits.deadLetters = 5
        limits.attempts = 1000
        let bounds = limits
        try await Receiver.run { _ in
            .hang
        } while: { receiver in
            try await fixture.run([try fixture.endpoint(receiver.url)], limits: bounds) { dispatcher in
                for number in 0..<30 { dispatcher.outbox.emit(fixture.event(id: "msg_\(number)")) }
                try await eventually("the rest overflowed") {
                    try await dispatcher.status().counts.overflowed == 20
                }
                let status = try await dispatcher.status()
                #expect(status.waiting == 10 && status.deadLetters == 5)
                let letters = try await dispatcher.deadLetters(of: "crm")
                #expect(letters.map(\.messageID) == (25..<30).map { "msg_\($0)" })
                #expect(letters.allSatisfy { $0.reason == .overflow && $0.attempts == 0 })
            }
        }
    }

    @Test func emittingNeverWaitsAndNeverGrowsWithoutBound() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        // Nobody runs the dispatcher, which is worse than any disk.
        let dispatcher = try await WebhookDispatcher(
            endpoints: [try fixture.endpoint("http://127.0.0.1:9/", types: [.consentGiven])],
            directory: fixture.directory,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: { WallClockTime(nanosecondsSince1970: 0) }
        )
        let event = fixture.event()
        for _ in 0..<WebhookOutbox.maximumEvents + 7 { dispatcher.outbox.emit(event) }
        #expect(dispatcher.outbox.lost == 7)
        dispatcher.outbox.emit(fixture.event(.consentRefused))
        #expect(dispatcher.outbox.lost == 7 && !dispatcher.outbox.wants(.consentRefused))
        #expect(!WebhookOutbox.nobody.wants(.consentGiven))
    }

    @Test func nothingOfAPersonIsLeftAfterErasure() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        let other = try #require(ParticipantID("grace"))
        try await Receiver.run { _ in
            .hang
        } while: { receiver in
            var limits = DispatcherFixture.quick
            limits.attempts = 1000
            let bounds = limits
            try await fixture.run([try fixture.endpoint(receiver.url)], limits: bounds) { dispatcher in
                for _ in 0..<20 { dispatcher.outbox.emit(fixture.event()) }
                dispatcher.outbox.emit(
                    WebhookEvent(
                        .consentGiven,
                        room: fixture.room,
                        subject: other,
                        at: WallClockTime(nanosecondsSince1970: 0),
                        data: ["participant": "grace"]
                    )
                )
                try await eventually("all wait") { try await dispatcher.status().waiting == 21 }
                try await dispatcher.erase(fixture.ada)
                #expect(try await dispatcher.status().waiting == 1)
                for name in ["webhooks.sqlite", "webhooks.sqlite-wal"] {
                    let bytes = try Data(contentsOf: URL(filePath: fixture.directory + "/" + name))
                    #expect(bytes.range(of: Data(#""participant":"ada""#.utf8)) == nil, "\(name)")
                }
            }
        }
    }

    @Test func aFormerEndpointLeavesNothing() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        try await fixture.run([try fixture.endpoint("http://127.0.0.1:1/", name: "old")]) { dispatcher in
            dispatcher.outbox.emit(fixture.event())
            try await eventually("it is given up") { try await dispatcher.status().deadLetters == 1 }
            #expect(try await dispatcher.status().lastAnswer == "unreachable")
        }
        try await fixture.run([try fixture.endpoint("http://127.0.0.1:1/", name: "new")]) { dispatcher in
            let letters = try await dispatcher.deadLetters(of: "old")
            #expect(letters.isEmpty)
        }
    }

    @Test func aForeignFileIsRefused() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        let path = fixture.directory + "/webhooks.sqlite"
        try Data("not a database, but long enough to be one".utf8).write(to: URL(filePath: path))
        await #expect(throws: WebhookStoreError.self) {
            try await fixture.run([]) { dispatcher in _ = try await dispatcher.statuses() }
        }
    }

    @Test func namesThatPointToMachinesCredentialsAreNotFollowed() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        let endpoint = try fixture.endpoint("https://169.254.169.254/latest/meta-data")
        try await fixture.run([endpoint]) { dispatcher in
            dispatcher.outbox.emit(fixture.event())
            try await eventually("it is refused") {
                try await dispatcher.status().lastAnswer == "refused-address"
            }
        }
    }

    @Test func logsNameNoPersonAndNoSecret() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        let lines = RecordedLines()
        let logger = Logger(label: "test") { _ in RecordingHandler(lines: lines) }
        try await Receiver.run { _ in
            .status(410)
        } while: { receiver in
            let url = receiver.url + "?token=hunter2"
            try await fixture.run([try fixture.endpoint(url)], logger: logger) { dispatcher in
                dispatcher.outbox.emit(fixture.event())
                try await eventually("it is disabled") { try await !dispatcher.status().isEnabled }
            }
        }
        let text = lines.text
        #expect(text.contains("crm"))
        for secret in ["ada", "hunter2", "whsec", "MfKQ", "studio"] { #expect(!text.contains(secret)) }
    }
}

/// Keeps what is logged.
private final class RecordedLines: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    func append(_ line: String) {
        lines.withLock { $0.append(line) }
    }
}

private struct RecordingHandler: LogHandler {
    let lines: RecordedLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.append("\(event.message) \(event.metadata ?? [:])")
    }
}
