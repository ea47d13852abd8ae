import Disclosures
import Foundation
import Primitives
import Testing

/// Whole runs of rooms, judged by a checker that knows the log and what was emitted, and not the authority.
@Suite
struct SimulationTests {
    /// Seeds of each quarter of the run; every seed is some eight seconds of another room's life.
    ///
    /// `TALLY_SIMULATION_SEEDS` in the environment asks for more, or fewer.
    private static let seedsPerQuarter: UInt64 = {
        let wanted = ProcessInfo.processInfo.environment["TALLY_SIMULATION_SEEDS"].flatMap { UInt64($0) }
        return max(1, (wanted ?? 1200) / 4)
    }()

    private let room: RoomName
    private let participants: [ParticipantID]

    init() throws {
        room = try #require(RoomName("lobby"))
        participants = try ["alice", "bob", "carol", "dave"].map { try #require(ParticipantID($0)) }
    }

    private func simulate(_ seed: UInt64, fault: SimulatedRoom.DriverFault? = nil) -> SimulatedRoom {
        var simulation = SimulatedRoom(seed: seed, room: room, participants: participants, fault: fault)
        simulation.run(milliseconds: 5000)
        return simulation
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func nothingIsEmittedWithoutADurableCurrentPermitAndALiveLease(quarter: UInt64) {
        var counts: [String: Int] = [:]
        let first = quarter * Self.seedsPerQuarter
        for seed in first..<(first + Self.seedsPerQuarter) {
            let simulation = simulate(seed)
            if let violation = simulation.violation {
                Issue.record("\(violation)")
                return
            }
            counts.merge(simulation.counts, uniquingKeysWith: +)
            counts["emission", default: 0] += simulation.history.emissions
        }
        // The runs went where they should: each of these happened often.
        for word in [
            "submit", "room event", "person event", "statement event", "open", "close", "acknowledge",
            "refuse", "read", "lie", "restart", "settled open", "emission",
        ] {
            #expect(counts[word, default: 0] * 20 > Self.seedsPerQuarter, "\(word): \(counts)")
        }
    }

    @Test(arguments: SimulatedRoom.DriverFault.allCases)
    func theCheckerNoticesADriverThat(fault: SimulatedRoom.DriverFault) {
        #expect((0..<40).contains { simulate($0, fault: fault).violation != nil })
    }
}
