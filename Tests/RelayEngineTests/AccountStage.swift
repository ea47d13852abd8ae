import Disclosures
import MediaRings
import Primitives
import RelayEngine
import Rooms
import Testing

/// One publisher and one viewer, with their ledger.
struct AccountStage {
    let simulation: Simulation
    let publisher: SimulatedPublisher
    let viewer: SimulatedViewer
    var ledger: SimulatedLedger { simulation.ledger }

    init(seed: UInt64 = 1) throws {
        simulation = try Simulation(seed: seed)
        publisher = simulation.addPublisher(loop: 0)
        viewer = simulation.addViewer(loop: 1)
    }

    func mediaCount(_ mediaIndex: Int = 1) -> Int {
        viewer.tap.lines[viewer.lines[mediaIndex].ssrc]?.mediaCount ?? 0
    }

    var isQuiet: Bool { mediaCount(0) == 0 && mediaCount(1) == 0 }

    /// Takes everything back, and lets the last counts be written.
    func end() {
        simulation.closeAll()
        simulation.run(milliseconds: 500)
    }

    func expectNoViolations() {
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }
}
