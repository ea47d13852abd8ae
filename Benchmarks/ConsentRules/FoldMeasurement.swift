import Disclosures
import Foundation
import LedgerStore
import NaiveDecisions
import Primitives

/// How many events a second are folded into a room's state: in memory, and read from the store first.
enum FoldMeasurement {
    private static let people = 500
    private static let eventsInMemory = 200_000
    private static let eventsInStore = 50_000

    static func run() async throws {
        let events = try makeEvents(eventsInMemory)
        let clock = ContinuousClock()
        let began = clock.now
        let state = RoomConsent(folding: events)
        report("fold", events.count, (clock.now - began).inSeconds)
        precondition(state.epoch == UInt64(events.count))

        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("fold-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        guard let room = RoomName("bench") else { return }
        let store = try await SQLiteLedgerStore(directory: directory)
        let stored = Array(events.prefix(eventsInStore))
        let appending = clock.now
        for start in stride(from: 0, to: stored.count, by: 1000) {
            try await store.append(Array(stored[start..<min(start + 1000, stored.count)]), room: room)
        }
        report("append, a thousand a commit", stored.count, (clock.now - appending).inSeconds)
        let reading = clock.now
        let read = RoomConsent(folding: try await store.read(room: room, after: 0))
        report("read and fold", stored.count, (clock.now - reading).inSeconds)
        precondition(read == RoomConsent(folding: stored))
        await store.close()
    }

    /// Mostly statements of many people, with everything else in between.
    private static func makeEvents(_ count: Int) throws -> [ConsentEvent] {
        let names = (0..<people).compactMap { ParticipantID("participant\($0)") }
        var cases = RandomCases(seed: 1)
        var events: [ConsentEvent] = []
        while events.count < count {
            let time = RandomCases.now.wall.advanced(byNanoseconds: Int64(events.count) * 1_000_000)
            let content: ConsentEvent.Content?
            if cases.chance(90) {
                content = .statement(cases.statement(of: cases.pick(names, names[0]), at: time))
            } else {
                content = cases.content(at: time)
            }
            guard let content, content != .erased else { continue }
            // A room publishes a notice now and then, and not with every twentieth click.
            if case .notice = content, !cases.chance(1) { continue }
            events.append(ConsentEvent(sequence: UInt64(events.count) + 1, time: time, content: content))
        }
        return events
    }

    private static func report(_ what: String, _ count: Int, _ seconds: Double) {
        print(
            "\(what): \(count) events in \(String(format: "%.3f", seconds)) s, \(Int(Double(count) / seconds)) a second"
        )
    }
}
