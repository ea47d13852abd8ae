import Disclosures
import LedgerStore
import Primitives
import Testing

/// How much the ledger takes, and who waits for it.
@Suite(.serialized)
struct ThroughputTests {
    private static let entries = 100_000

    @Test func takesAHundredThousandEntriesWhileHeartbeatsGoOn() async throws {
        let fixture = try DisclosureFixture()
        let store = try await fixture.open()
        let intervals = try (0..<Self.entries / 100).map {
            try fixture.interval($0, of: "person\($0 % 50)")
        }
        let clock = ContinuousClock()
        let began = clock.now
        let recording = Task {
            for round in 0..<100 {
                let kind: DisclosureEntry.Kind = round == 0 ? .opened : round == 99 ? .closed : .progress
                try await store.record(
                    intervals.map {
                        fixture.entry($0, kind, at: Int64(round), packets: UInt64(round))
                    }
                )
            }
        }
        let beating = Task {
            var longest = Duration.zero
            while !Task.isCancelled {
                let start = clock.now
                try await store.heartbeat()
                longest = max(longest, clock.now - start)
                try? await Task.sleep(for: .milliseconds(5))
            }
            return longest
        }
        try await recording.value
        let took = clock.now - began
        beating.cancel()
        let longest = try await beating.value
        let publishing = clock.now
        await store.publish()
        let published = clock.now - publishing
        #expect(await store.publicationFailure == nil)
        #expect(try await store.leafCount() == UInt64(Self.entries))
        let statistics = await store.statistics
        print(
            "\(Self.entries) entries in \(took), \(statistics.commits) commits; rest published in \(published); "
                + "longest heartbeat \(longest)"
        )
        #expect(took < .seconds(120))
        await store.close()
        let opening = clock.now
        let again = try await fixture.open()
        print("opened again in \(clock.now - opening)")
        await again.close()
    }
}
