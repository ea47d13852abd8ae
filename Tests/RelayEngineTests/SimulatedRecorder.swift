import Disclosures
import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import Rooms

/// The recorder as the runtime drives it, cut into the pieces between which media loops and the control plane get
/// their turn, with a disk that takes its time.
final class SimulatedRecorder {
    static let audience = AudienceID(3)
    private static let pollMilliseconds: Int64 = 20

    unowned let simulation: Simulation
    private var recorder = Recorder()
    private var sink: RecordedMedia
    private var mail: [(command: RecorderCommand, ordered: Moment)] = []
    private var isInTurn = false
    private var isWoken = false
    private var turnNumber = 0
    /// Grace periods that had begun before the turn under way.
    private var begun: UInt64 = 0
    private var flushes = CaptureFlushes(newestGrace: 0)
    /// Grace periods that had begun when nothing that had ended was left to be written.
    private(set) var passed: UInt64 = 0
    private(set) var states: [LineName: CaptureLine.State] = [:]
    /// Stops in the middle of its work until then.
    var stallUntil = MonotonicTime.distantPast
    private(set) var rings: [LineName: MediaRing] = [:]

    init(_ simulation: Simulation) {
        self.simulation = simulation
        sink = RecordedMedia(simulation)
        next(microseconds: 100) { $0.begin() }
    }

    var media: RecordedMedia { sink }
    var counters: CaptureCounters { recorder.counters }
    var accountCount: Int { recorder.accountCount }

    // MARK: The control plane

    static func line(of ring: MediaRing) -> LineName {
        LineName(
            peer: PeerID(1_000_000 + ring.track.rawValue / 16),
            mediaIndex: Int(ring.track.rawValue % 16)
        )
    }

    /// Begins to record a track, from what is published next.
    func follow(_ ring: MediaRing) {
        let line = Self.line(of: ring)
        guard rings[line] == nil,
            let publisher = simulation.publishers.first(where: { $0.video === ring || $0.audio === ring }),
            let participant = ParticipantID("participant\(publisher.id.rawValue)"),
            let audience = Audience(purpose: .recording, recipient: "recorder")
        else { return simulation.violate("a line that cannot be recorded") }
        rings[line] = ring
        let gate = simulation.gate(ring, Self.audience).gate
        post([.follow(line, ring, gate, from: ring.head)])
        simulation.ledger.change { accounts in
            accounts.attach(
                LineAssignment(
                    line: line,
                    loop: simulation.loops.count,
                    gate: gate,
                    participant: participant,
                    stream: "stream\(publisher.id.rawValue)",
                    media: ring.kind == .video ? .video : .audio,
                    audience: audience,
                    session: "recorder"
                )
            )
        }
    }

    /// Records a track no longer.
    func release(_ ring: MediaRing) {
        let line = Self.line(of: ring)
        guard rings.removeValue(forKey: line) != nil else { return }
        post([.release(line)])
        simulation.ledger.change { $0.detach(line) }
    }

    func isFollowing(_ ring: MediaRing) -> Bool { rings[Self.line(of: ring)] != nil }

    /// Takes what the books order of media loops, as far as it is for the recorder.
    func post(_ commands: [EngineCommand]) {
        post(
            commands.compactMap { command in
                guard case .admit(let peer, let mediaIndex, let admission) = command else { return nil }
                return .admit(LineName(peer: peer, mediaIndex: mediaIndex), admission)
            }
        )
    }

    private func post(_ commands: [RecorderCommand]) {
        let ordered = simulation.moment()
        mail += commands.map { ($0, ordered) }
        wake()
    }

    /// A grace period has begun, or there is mail.
    func wake() {
        guard !isInTurn else {
            isWoken = true
            return
        }
        next(microseconds: 100) { $0.begin() }
    }

    // MARK: The pieces

    /// Goes on a little later, or much later if the kernel holds the thread up.
    private func next(microseconds: Int64, _ piece: @escaping (SimulatedRecorder) -> Void) {
        var due = simulation.now.advanced(byNanoseconds: simulation.random.number(1...microseconds) * 1_000)
        if simulation.random.chance(simulation.stallPercent) {
            due = due.advanced(byMilliseconds: simulation.random.number(1...60))
        }
        simulation.at(max(due, stallUntil)) { [unowned self] in piece(self) }
    }

    private func begin() {
        guard !isInTurn else { return }
        isInTurn = true
        turnNumber += 1
        begun = simulation.graceBegun
        let commands = mail
        mail = []
        for (command, ordered) in commands {
            switch command {
            case .follow(let line, _, _, _): sink.orders[line] = ordered
            case .admit(let line, let admission):
                simulation.ledger.applied(line, admission, at: simulation.moment())
            case .release: break
            }
            recorder.apply(command, into: &sink)
        }
        next(microseconds: 40) { $0.capture() }
    }

    private func capture() {
        if recorder.captureNext(simulation.reading, into: &sink) {
            next(microseconds: 20) { $0.capture() }
        } else if recorder.hasBacklog {
            next(microseconds: 20) { $0.capture() }
        } else {
            next(microseconds: 20) { $0.end() }
        }
    }

    private func end() {
        if let grace = flushes.advance(begun, recorder, &sink) { passed = grace }
        simulation.graceMayEnd()
        for event in recorder.takeEvents() {
            switch event {
            case .line(let line, let state): states[line] = state
            case .counted(let reports):
                simulation.ledger.change { $0.counted(reports, now: simulation.reading) }
            }
        }
        isInTurn = false
        if isWoken {
            isWoken = false
            return wake()
        }
        let turn = turnNumber
        simulation.after(Self.pollMilliseconds) { [unowned self] in
            if turn == turnNumber, !isInTurn { next(microseconds: 20) { $0.begin() } }
        }
    }

    /// Says what the disk has come to.
    func settle() {
        if let grace = flushes.settle(&sink) { passed = grace }
        simulation.graceMayEnd()
    }
}
