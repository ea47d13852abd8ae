import Foundation
import Logging
import Primitives
import Testing

@testable import Webhooks

/// How far rooms' logs are told, which is what a later process goes on from.
@Suite struct ProgressTests {
    private let fixture: DispatcherFixture

    init() throws { fixture = try DispatcherFixture() }

    private func event(_ sequence: UInt64, _ type: WebhookEventType = .consentGiven) -> WebhookEvent {
        WebhookEvent(
            type,
            room: fixture.room,
            sequence: sequence,
            subject: fixture.ada,
            at: WallClockTime(nanosecondsSince1970: 0),
            id: "msg_\(sequence)",
            data: ["sequence": sequence]
        )
    }

    @Test func goesAsFarAsWhatIsWritten() async throws {
        defer { fixture.remove() }
        let endpoint = try fixture.endpoint("http://127.0.0.1:1/hook")
        try await fixture.run([endpoint]) { dispatcher in
            #expect(try await dispatcher.progress().told.isEmpty)
            for sequence in 1...600 as ClosedRange<UInt64> { dispatcher.outbox.emit(event(sequence)) }
            try await eventually("all is written") {
                try await dispatcher.progress().told == [fixture.room: 600]
            }
        }
        try await fixture.run([endpoint]) { dispatcher in
            let (told, status) = (try await dispatcher.progress().told, try await dispatcher.status())
            #expect(told == [fixture.room: 600] && status.waiting + status.deadLetters == 600)
        }
    }

    /// What nobody is told of counts as told, but not before what was left ahead of it.
    @Test func whatIsReachedComesAfterWhatWaits() throws {
        let outbox = WebhookOutbox(types: [.consentGiven])
        for sequence in 1...3 as ClosedRange<UInt64> { outbox.emit(event(sequence)) }
        outbox.reach(9, in: fixture.room)
        let first = outbox.take(2)
        #expect(first.reached == [fixture.room: 2] && first.hasMore)
        let second = outbox.take(2)
        #expect(second.reached == [fixture.room: 9] && !second.hasMore)
        outbox.putBack(second)
        outbox.putBack(first)
        let again = outbox.take(3)
        #expect(again.events.map(\.id) == ["msg_1", "msg_2", "msg_3"])
        #expect(again.reached == [fixture.room: 9])
        #expect(outbox.take(3).reached.isEmpty)
    }

    @Test func whatIsLeftAtTheEndIsWrittenDown() async throws {
        defer { fixture.remove() }
        let endpoint = try fixture.endpoint("http://127.0.0.1:1/hook")
        let dispatcher = try await WebhookDispatcher(
            endpoints: [endpoint],
            directory: fixture.directory,
            logger: .init(label: "test"),
            clock: { WallClockTime(nanosecondsSince1970: 1_790_000_000_000_000_000) }
        )
        let running = Task { await dispatcher.run() }
        running.cancel()
        for sequence in 1...5 as ClosedRange<UInt64> { dispatcher.outbox.emit(event(sequence)) }
        await running.value
        try await fixture.run([endpoint]) { later in
            let (told, status) = (try await later.progress().told, try await later.status())
            #expect(told == [fixture.room: 5] && status.waiting + status.deadLetters == 5)
        }
    }

    /// A relay that is given endpoints tells what happens from then on; a day later the rest is too old.
    @Test func beginsWhenThereWasFirstSomebodyToTell() async throws {
        defer { fixture.remove() }
        let day = 24 * 3600 * 1_000_000_000 as Int64
        let begun = 1_790_000_000_000_000_000 as Int64
        for (now, since) in [(begun, begun), (begun + 60, begun), (begun + day + 7, begun + 7)] {
            let dispatcher = try await WebhookDispatcher(
                endpoints: [try fixture.endpoint("http://127.0.0.1:1/hook")],
                directory: fixture.directory,
                logger: .init(label: "test"),
                clock: { WallClockTime(nanosecondsSince1970: now) }
            )
            #expect(try await dispatcher.progress().since.nanosecondsSince1970 == since)
            let running = Task { await dispatcher.run() }
            running.cancel()
            await running.value
        }
    }
}
