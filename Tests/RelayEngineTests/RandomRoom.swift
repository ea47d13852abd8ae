import DTLSHandshakes
import Disclosures
import MediaRings
import Primitives
import Rooms

/// A room in which by seed everything happens: consents flip, networks lose, clients misbehave.
final class RandomRoom {
    /// What a number of runs came to, so that a test notices when they go nowhere.
    struct Totals {
        var media = 0
        var slates = 0
        var retransmissions = 0
        var acknowledgements = 0
        var switches = 0
        var leaseDrops = 0
        var lapses = 0
        var thinned = 0
        var fillers = 0
        var intervals = 0
        var refusals = 0
        var congestionDrops = 0
        var failedWrites = 0
        var captured: UInt64 = 0
        var stretches: UInt64 = 0

        mutating func add(_ room: RandomRoom) {
            for viewer in room.simulation.viewers {
                for line in viewer.tap.lines.values {
                    media += line.mediaCount
                    slates += line.slateTimes.count
                    switches += line.switchCount
                    thinned += line.thinnedCount
                }
                retransmissions += viewer.tap.retransmissions
                fillers += viewer.tap.fillerCount
            }
            acknowledgements += room.simulation.gates.values.reduce(0) { $0 + $1.acknowledgements.count }
            leaseDrops += room.simulation.loops.reduce(0) { $0 + $1.leaseDropped }
            lapses += room.lapses
            congestionDrops += room.simulation.loops.reduce(0) { $0 + $1.congestionDropped }
            let ledger = room.simulation.ledger
            intervals += ledger.entries(.closed).filter { $0.packets > 0 }.count
            refusals += ledger.refusals.count
            failedWrites += ledger.failures
            captured += room.simulation.recorder?.counters.packets ?? 0
            stretches += room.simulation.recorder?.counters.stretches ?? 0
        }
    }

    private static let milliseconds: Int64 = 3_500

    let simulation: Simulation
    private(set) var lapses = 0
    private var isOver = false
    private let audiences: [AudienceID]

    init(seed: UInt64, isRecorded: Bool = false) throws {
        simulation = try Simulation(seed: seed)
        audiences = [AudienceID(1), AudienceID(2)] + (isRecorded ? [SimulatedRecorder.audience] : [])
        let isRough = simulation.random.chance(70)
        if isRough {
            simulation.link = LinkQuality(
                lossPercent: Double(simulation.random.number(0...12)),
                duplicatePercent: Double(simulation.random.number(0...5)),
                latencyMilliseconds: simulation.random.number(1...40),
                jitterMilliseconds: simulation.random.number(0...40)
            )
        }
        if simulation.random.chance(50) { simulation.stallPercent = 0.3 }
        for _ in 0..<simulation.random.number(1...2) { addPublisher() }
        for _ in 0..<simulation.random.number(2...3) { addViewer() }
        if isRecorded { simulation.addRecorder() }
        if simulation.random.chance(50) {
            simulation.after(simulation.random.number(500...2_000)) { [unowned self] in addViewer() }
        }
        for audience in audiences where simulation.random.chance(70) { simulation.openAll(audience) }
        keepLeases()
        flip()
        if simulation.random.chance(40) { beBothered() }
        if simulation.random.chance(40) {
            for loop in simulation.loops { loop.congestionPercent = 3 }
        }
        if simulation.random.chance(20) { failToWrite() }
    }

    private func beBothered() {
        let stranger = Stranger(simulation: simulation)
        func bother() {
            guard let attempt = Stranger.Attempt.allCases.randomElement(using: &simulation.random) else {
                return
            }
            stranger.attempt(attempt)
            simulation.after(simulation.random.number(5...60), bother)
        }
        simulation.after(100, bother)
    }

    func run() {
        simulation.run(milliseconds: Self.milliseconds)
        if simulation.violations.isEmpty { checkEnd() }
        guard simulation.violations.isEmpty else { return }
        simulation.ledger.check(isOver: false)
        settle()
        if simulation.violations.isEmpty { simulation.ledger.check(isOver: true) }
    }

    /// Takes every grant back and lets what is under way come to its end.
    private func settle() {
        isOver = true
        simulation.ledger.isFailing = false
        for audience in audiences { simulation.closeAll(audience) }
        simulation.run(milliseconds: 1_500)
    }

    /// The ledger takes nothing for a while.
    private func failToWrite() {
        simulation.after(simulation.random.number(200...2_000)) { [unowned self] in
            simulation.ledger.isFailing = true
            simulation.after(simulation.random.number(50...1_500)) { [unowned self] in
                simulation.ledger.isFailing = false
            }
        }
    }

    private func addPublisher() {
        var habits = PublisherHabits()
        habits.usesRTX = simulation.random.chance(70)
        habits.announcesSSRCs = simulation.random.chance(70)
        habits.hasTemporalLayers = simulation.random.chance(40)
        habits.paddingPercent = simulation.random.chance(50) ? 10 : 0
        if simulation.random.chance(40) { habits.firstVideoSequence = 1_000 }
        let restarts = simulation.random.chance(25)
        habits.liesPercent = habits.usesRTX && simulation.random.chance(30) ? 5 : 0
        let publisher = simulation.addPublisher(
            loop: Int(simulation.random.number(0...1)),
            role: simulation.random.chance(80) ? .client : .server,
            habits: habits
        )
        if restarts {
            simulation.after(simulation.random.number(800...2_500)) { publisher.restartSources() }
        }
    }

    private func addViewer() {
        var habits = ViewerHabits()
        habits.usesRTX = simulation.random.chance(70)
        habits.sendsNACK = simulation.random.chance(85)
        habits.bombPercent = simulation.random.chance(30) ? 10 : 0
        habits.plisPercent = simulation.random.chance(30) ? 5 : 0
        let viewer = simulation.addViewer(
            loop: Int(simulation.random.number(0...1)),
            audience: audiences[Int(simulation.random.number(0...1))],
            role: simulation.random.chance(80) ? .client : .server,
            isOlder: simulation.random.chance(25),
            habits: habits
        )
        if simulation.random.chance(15) {
            simulation.after(simulation.random.number(300...2_500)) { viewer.isDead = true }
        }
    }

    /// The authority renews, and now and then is held up for longer than a lease.
    private func keepLeases() {
        var resumesAt = MonotonicTime.distantPast
        simulation.keepLeases { [unowned self] in
            guard simulation.now >= resumesAt else { return false }
            if simulation.random.chance(6) {
                lapses += 1
                resumesAt = simulation.now.advanced(byMilliseconds: simulation.random.number(1_600...2_600))
                return false
            }
            return true
        }
    }

    private func flip() {
        simulation.at(
            simulation.now.advanced(byNanoseconds: simulation.random.number(10_000_000...700_000_000))
        ) { [unowned self] in
            guard !isOver else { return }
            let publisher = simulation.publishers[
                Int(
                    simulation.random.number(
                        0...Int64(simulation.publishers.count - 1)
                    )
                )
            ]
            let audience = audiences[Int(simulation.random.number(0...Int64(audiences.count - 1)))]
            let rings = simulation.random.chance(50) ? [publisher.video, publisher.audio] : [publisher.video]
            for ring in rings {
                if simulation.gate(ring, audience).isGranted {
                    simulation.close(ring, audience)
                    if simulation.random.chance(30) { reopenSoon(ring, audience) }
                } else {
                    simulation.open(ring, audience)
                }
            }
            if simulation.random.chance(25) { changeSource() }
            if let recorder = simulation.recorder, simulation.random.chance(20) { change(recorder, rings) }
            flip()
        }
    }

    /// Tracks are recorded no longer, or again, or after a pause.
    private func change(_ recorder: SimulatedRecorder, _ rings: [MediaRing]) {
        let goesOn = simulation.random.chance(50)
        for ring in rings {
            let isFollowing = recorder.isFollowing(ring)
            recorder.release(ring)
            if goesOn || !isFollowing { recorder.follow(ring) }
        }
    }

    /// Somebody watches somebody else.
    private func changeSource() {
        guard let viewer = simulation.viewers.randomElement(using: &simulation.random),
            let publisher = simulation.publishers.randomElement(using: &simulation.random)
        else { return }
        simulation.subscribe(viewer, mediaIndex: 1, to: publisher.video)
    }

    /// Changes its mind within a few batches.
    private func reopenSoon(_ ring: MediaRing, _ audience: AudienceID) {
        simulation.at(simulation.now.advanced(byNanoseconds: simulation.random.number(0...20_000_000))) {
            [unowned self] in
            if !isOver, !simulation.gate(ring, audience).isGranted { simulation.open(ring, audience) }
        }
    }

    /// What must have come about by the end of every run.
    private func checkEnd() {
        for gate in simulation.gates.values {
            for (closed, acknowledged) in gate.acknowledgements
            where acknowledged.milliseconds(since: closed) > 500 {
                simulation.violate("a withdrawal took \(acknowledged.milliseconds(since: closed)) ms")
            }
        }
        simulation.recorder?.media.check()
        for (peer, end) in simulation.endings { simulation.violate("\(peer) ended: \(end)") }
    }
}
