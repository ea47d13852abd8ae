import Disclosures
import Primitives
import Testing

@Suite
struct SimulationTests {
    /// Seeds of each quarter of the run; every seed is some eight seconds of a room's life.
    private static let seedsPerQuarter = 300 as UInt64

    @Test(arguments: 0..<4 as Range<UInt64>)
    func nothingIsOpenWithoutADurableGrantAndALiveLease(quarter: UInt64) throws {
        let room = try #require(RoomName("lobby"))
        let participants = [try #require(ParticipantID("alice")), try #require(ParticipantID("bob"))]
        var counts: [String: Int] = [:]
        let first = quarter * Self.seedsPerQuarter
        for seed in first..<(first + Self.seedsPerQuarter) {
            var simulation = SimulatedRoom(seed: seed, room: room, participants: participants)
            simulation.run(milliseconds: 5000)
            if let violation = simulation.violation {
                Issue.record("\(violation)")
                return
            }
            counts.merge(simulation.counts, uniquingKeysWith: +)
        }
        // The runs went where they should: each of these happened often.
        for word in [
            "submit", "open", "close", "acknowledge", "refuse", "read", "lie", "restart", "settled open",
        ] {
            #expect(counts[word, default: 0] > 20, "\(word): \(counts)")
        }
    }
}
