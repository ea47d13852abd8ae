import DTLSHandshakes
import ICELite
import Primitives
import RelayEngine
import Rooms

/// One media loop as the runtime drives it, cut into the pieces between which other loops and the control
/// plane get their turn.
final class SimulatedLoop {
    /// Before every grace period that ever begins: the loop sleeps.
    private static let asleep = UInt64.max

    let number: Int
    unowned let simulation: Simulation
    var engine: RelayEngine
    private var slab = SendSlab()
    private var inbox: [(bytes: [UInt8], path: ICEPair, handedOverBy: Int?, isOutbound: Bool)] = []
    private var mail: [EngineCommand] = []
    private var isRunning = false
    /// Woken while it was running: as an event descriptor does, this keeps it from sleeping once.
    private var isWoken = false
    /// Another loop has published something that viewers of this one watch.
    private var hasNews = false
    private var sleepNumber = 0
    private var read = Moment(step: 0, time: .distantPast)
    /// Grace periods that had begun when it last held nothing.
    private(set) var passed = asleep
    private(set) var events: [EngineEvent] = []
    private(set) var leaseDropped = 0
    /// Per cent of the send calls at which the kernel has no room for the rest.
    var congestionPercent = 0.0
    private(set) var congestionDropped = 0
    /// Stops in the middle of its work until then: a thread that the kernel holds up.
    var stallUntil = MonotonicTime.distantPast
    /// The same, with media in its slab.
    var stallBeforeSendingUntil = MonotonicTime.distantPast

    init(_ number: Int, _ simulation: Simulation) {
        self.number = number
        self.simulation = simulation
        engine = RelayEngine(
            loop: number,
            identity: simulation.identities.relay,
            controlSSRC: 0x00C0_FFEE,
            cname: "relay",
            random: SeededRandom(seed: simulation.seed &+ UInt64(number))
        )
    }

    func post(_ commands: [EngineCommand]) {
        mail += commands
        wake()
    }

    func receive(_ bytes: [UInt8], _ path: ICEPair, handedOverBy: Int?, isOutbound: Bool = false) {
        inbox.append((bytes, path, handedOverBy, isOutbound))
        wake()
    }

    func wake() {
        guard !isRunning else {
            isWoken = true
            return
        }
        isRunning = true
        sleepNumber += 1
        next(microseconds: 150) { $0.begin() }
    }

    /// Goes on a little later, or much later if the kernel holds the thread up.
    private func next(
        microseconds: Int64,
        notBefore earliest: MonotonicTime = .distantPast,
        _ phase: @escaping (SimulatedLoop) -> Void
    ) {
        var due = simulation.now.advanced(
            byNanoseconds: simulation.random.number(1...microseconds) * 1_000
        )
        if simulation.random.chance(simulation.stallPercent) {
            due = due.advanced(byMilliseconds: simulation.random.number(1...60))
        }
        simulation.at(max(due, stallUntil, earliest)) { [unowned self] in phase(self) }
    }

    private var earliestSend: MonotonicTime { slab.isEmpty ? .distantPast : stallBeforeSendingUntil }

    // MARK: The pieces

    private func begin() {
        pass()
        read = simulation.moment()
        let now = simulation.now
        engine.beginTurn()
        let commands = mail
        mail = []
        for command in commands {
            if case .admit(let peer, let mediaIndex, let admission) = command {
                let line = LineName(peer: peer, mediaIndex: mediaIndex)
                simulation.ledger.applied(line, admission, at: read)
            }
            engine.apply(command, now: now, into: &slab)
        }
        let datagrams = inbox
        inbox = []
        for datagram in datagrams {
            if datagram.isOutbound {
                takeOutbound(datagram.bytes, datagram.path, now)
            } else {
                take(datagram.bytes, datagram.path, datagram.handedOverBy, now)
            }
        }
        let sweep = engine.tick(simulation.reading, into: &slab) || hasNews
        hasNews = false
        next(microseconds: 40, notBefore: earliestSend) { loop in
            loop.send()
            for other in simulationLoops(of: loop, engineWakes: loop.engine.takeWakes()) {
                other.hasNews = true
                other.wake()
            }
            loop.next(microseconds: 20) { $0.forward(sweep: sweep) }
        }
    }

    private func takeOutbound(_ bytes: [UInt8], _ path: ICEPair, _ now: MonotonicTime) {
        var datagram = bytes
        simulation.watchRings {
            datagram.withUnsafeMutableBytes {
                engine.receiveOutbound($0, on: path, now: now, into: &slab)
            }
        }
        if !slab.hasRoom { send() }
    }

    private func take(_ bytes: [UInt8], _ path: ICEPair, _ handedOverBy: Int?, _ now: MonotonicTime) {
        var datagram = bytes
        simulation.watchRings {
            let outcome = datagram.withUnsafeMutableBytes {
                engine.receive($0, on: path, handedOverBy: handedOverBy, now: now, into: &slab)
            }
            if case .foreign(let owner) = outcome {
                // The engine decrypts in place only what is its own.
                simulation.loops[owner].receive(bytes, path, handedOverBy: number)
            }
        }
        for (path, receivingLoop) in engine.takePathsToAnnounce() {
            simulation.loops[receivingLoop].post([.announcePath(path, owner: number)])
        }
        if !slab.hasRoom { send() }
    }

    private func forward(sweep: Bool) {
        read = simulation.moment()
        let isDone = engine.forward(now: simulation.now, sweep: sweep, into: &slab)
        next(microseconds: 80, notBefore: earliestSend) { loop in
            loop.send()
            loop.pass()
            if isDone {
                loop.end()
            } else {
                loop.next(microseconds: 20) { $0.forward(sweep: sweep) }
            }
        }
    }

    private func end() {
        if engine.continueHandshake(now: simulation.now, into: &slab) { send() }
        if engine.hasWaitingHandshakes { isWoken = true }
        let taken = engine.takeEvents(after: slab)
        events += taken
        for event in taken { simulation.noteEvent(event) }
        isRunning = false
        guard mail.isEmpty, inbox.isEmpty, !isWoken else {
            isWoken = false
            return wake()
        }
        passed = Self.asleep
        simulation.graceMayEnd()
        sleepNumber += 1
        let sleep = sleepNumber
        let due = engine.nextWake
        guard due != .distantFuture else { return }
        simulation.at(max(due, simulation.now)) { [unowned self] in
            if sleep == sleepNumber { wake() }
        }
    }

    private func pass() {
        passed = simulation.graceBegun
        simulation.graceMayEnd()
    }

    /// The send call: what outlived its lease meanwhile is dropped, and what the kernel has no room for.
    private func send() {
        slab.finish()
        let sent = simulation.moment()
        var room = slab.messageCount
        if room > 0, congestionPercent > 0, simulation.random.chance(congestionPercent) {
            room = Int(simulation.random.number(0...Int64(room - 1)))
        }
        for number in 0..<slab.messageCount {
            let message = slab.message(number)
            let isLate = sent.time >= message.notAfter
            if isLate { leaseDropped += message.segmentCount }
            let isTaken = !isLate && number < room
            if !isLate, !isTaken { congestionDropped += message.segmentCount }
            if isTaken {
                engine.forwarder.accounts.count(
                    message.account,
                    packets: message.segmentCount,
                    bytes: message.payloadLength
                )
            }
            let bytes = Array(slab.bytes(of: message))
            var offset = 0
            while offset < bytes.count {
                let end = min(offset + message.segmentLength, bytes.count)
                simulation.emit(
                    Array(bytes[offset..<end]),
                    to: message.remote,
                    from: message.local,
                    read: read,
                    sent: isTaken ? sent : nil
                )
                offset = end
            }
        }
        slab.clear()
    }
}

private func simulationLoops(of loop: SimulatedLoop, engineWakes: UInt64) -> [SimulatedLoop] {
    loop.simulation.loops.filter { $0.number != loop.number && engineWakes >> UInt64($0.number) & 1 == 1 }
}
