import CLinuxNet
import DTLSHandshakes
import Foundation
import ICELite
import Primitives
import RelayEngine
import Rooms
import Synchronization

/// One media loop: a thread with its sockets and its engine. Everything it owns has this one writer.
// Safe because what other threads touch (mailbox, quiescent state, statistics, flags) is synchronised by
// itself, and the rest belongs to the loop's own thread.
final class MediaLoop: @unchecked Sendable {
    /// Receive buffer asked for: a default one drops ingress while 50,000 packets a second go out.
    private static let receiveBufferBytes: Int32 = 8 << 20
    private static let sendBufferBytes: Int32 = 8 << 20
    /// Slabs sent in a row before the loop receives again: under overload checks must still be answered.
    private static let slabsPerTurn = 64
    /// What handshakes that wait may take of a turn: less than media may be late.
    private static let handshakeNanoseconds: Int64 = 500_000
    /// How often the loop publishes its counters.
    private static let statisticsMilliseconds: Int64 = 100

    let number: Int
    let mailbox: LoopMailbox
    let quiescent = QuiescentState()
    let bindAddress: SocketAddress
    let reusesPort: Bool
    private let graceRequests: GraceRequests
    private let onEvents: @Sendable (Int, [EngineEvent]) -> Void
    private let published = Mutex(LoopStatistics())
    /// Guards the descriptors' numbers against being closed while another thread cuts them off.
    let sockets = Mutex(LoopSockets())
    let hasBeenCut = Atomic<Bool>(false)
    let descriptor: Atomic<Int32>
    private let hasEnded = Atomic<Bool>(false)
    private var peersOfLoops: [LoopMailbox] = []
    let port: UInt16
    /// The errno with which the kernel refused UDP_GRO, or 0.
    private let coalescingRefusal: Int32
    private let refusals: OffloadRefusals?
    /// The processor that the thread stays on.
    private let processor: Int?
    /// What takes the sockets' place when the loop is cut off.
    let nothing: Int32
    /// The outbound sockets, to wait on: readable itself when one of them is.
    let poller: Int32
    /// Outbound sockets that the loop's thread knows; only it touches them here.
    var outbound = OutboundSockets()
    /// Ports that a look at the poller found readable.
    var readablePorts = [UInt32](repeating: 0, count: 64)

    /// Opens the loop's socket.
    ///
    /// Throws `DataPlaneError.cannotBind`.
    init(
        number: Int,
        bind: SocketAddress,
        reusesPort: Bool,
        processor: Int? = nil,
        graceRequests: GraceRequests,
        refusals: OffloadRefusals? = nil,
        onEvents: @escaping @Sendable (Int, [EngineEvent]) -> Void
    ) throws(DataPlaneError) {
        let wake = tally_event_open()
        guard wake >= 0 else { throw .cannotWake(errno: -wake) }
        // Opened now: when it is needed there may be no descriptor left.
        let nothing = tally_null_open()
        guard nothing >= 0 else { throw .cannotWake(errno: -nothing) }
        let poller = tally_poller_open()
        guard poller >= 0 else { throw .cannotWake(errno: -poller) }
        let (socket, coalescingRefusal) = try Self.open(bind, reusesPort: reusesPort)
        self.poller = poller
        self.nothing = nothing
        self.number = number
        mailbox = LoopMailbox(wakeDescriptor: wake)
        self.reusesPort = reusesPort
        self.graceRequests = graceRequests
        self.onEvents = onEvents
        port = UInt16(truncatingIfNeeded: tally_udp_port(socket))
        bindAddress = bind.with(port: port)
        descriptor = Atomic(socket)
        self.coalescingRefusal = coalescingRefusal
        self.refusals = refusals
        self.processor = processor
    }

    deinit {
        for socket in sockets.withLock({ $0.outbound }).values { tally_close(socket.descriptor) }
        tally_close(descriptor.load(ordering: .relaxed))
        tally_close(poller)
        tally_close(mailbox.wakeDescriptor)
        tally_close(nothing)
    }

    static func open(
        _ address: SocketAddress,
        reusesPort: Bool
    ) throws(DataPlaneError) -> (descriptor: Int32, coalescingRefusal: Int32) {
        var system = address.system
        var refusal: Int32 = 0
        let flags = Int32(TALLY_WANT_GRO) | (reusesPort ? Int32(TALLY_REUSE_PORT) : 0)
        let descriptor = tally_udp_open(
            &system,
            flags,
            receiveBufferBytes,
            sendBufferBytes,
            nil,
            &refusal
        )
        guard descriptor >= 0 else { throw .cannotBind(address, errno: -descriptor) }
        return (descriptor, refusal)
    }

    /// Starts the thread.
    ///
    /// `loops` are the mailboxes of all loops by number, this one's included.
    func start(identity: DTLSIdentity, controlSSRC: UInt32, cname: String, loops: [LoopMailbox]) {
        peersOfLoops = loops
        let thread = Thread { [self] in
            run(
                RelayEngine(
                    loop: number,
                    identity: identity,
                    controlSSRC: controlSSRC,
                    cname: cname,
                    random: SystemRandomNumberGenerator()
                )
            )
        }
        thread.name = "media loop \(number)"
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// Asks the thread to end.
    func stop() {
        mailbox.isStopping.store(true, ordering: .releasing)
        mailbox.wake()
    }

    var isEnded: Bool { hasEnded.load(ordering: .acquiring) }

    var statistics: LoopStatistics { published.withLock { $0 } }

    private func run(_ engine: consuming RelayEngine) {
        var engine = engine
        var slab = SendSlab()
        var sender = SendLoop(port: port, refusals: refusals)
        var statistics = LoopStatistics()
        statistics.coalescingRefusal = coalescingRefusal
        if coalescingRefusal != 0 { refusals?.note(.coalescing, errno: coalescingRefusal) }
        pin()
        guard let receiver = ReceiveLoop() else { preconditionFailure("no memory to receive into") }
        var nextStatistics = MonotonicTime.distantPast
        var mayHaveMore = false
        var isUnfinished = false
        quiescent.pass(graceRequests.begun)
        while !mailbox.isStopping.load(ordering: .acquiring) {
            if !mayHaveMore { sleep(until: engine.nextWake) }
            let received = SystemClock.monotonic
            let publishedBefore = engine.counters.published
            let sentBefore = statistics.datagramsOut
            engine.beginTurn()
            takeMail(&engine, &slab, &sender, &statistics, now: received)
            let outcome = receiver.receive(
                from: descriptor.load(ordering: .relaxed),
                port: port,
                isOutbound: false,
                into: &engine,
                slab: &slab,
                now: received,
                full: { engine, slab in send(&slab, &engine, &sender, &statistics) },
                foreign: { loop, datagram, path in hand(datagram, path, to: loop) }
            )
            mayHaveMore = outcome.mayHaveMore
            if !outbound.isEmpty {
                receiveOutbound(receiver, &engine, &slab, &sender, &statistics, now: received)
            }
            recover(&engine, &slab)
            let hasNews = mailbox.takeNews()
            let sweep = engine.tick(SystemClock.reading, into: &slab) || hasNews || isUnfinished
            send(&slab, &engine, &sender, &statistics)
            wakeOthers(engine.takeWakes())
            isUnfinished = true
            for _ in 0..<Self.slabsPerTurn where isUnfinished {
                // Each batch is read under passes minted at its own time.
                isUnfinished = !engine.forward(now: SystemClock.monotonic, sweep: sweep, into: &slab)
                send(&slab, &engine, &sender, &statistics)
                quiescent.pass(graceRequests.begun)
            }
            if isUnfinished { mayHaveMore = true }
            let now = SystemClock.monotonic
            if engine.hasWaitingHandshakes {
                continueHandshakes(&engine, &slab, &sender, &statistics, since: now)
                if engine.hasWaitingHandshakes { mayHaveMore = true }
            }
            if engine.counters.published != publishedBefore, statistics.datagramsOut != sentBefore {
                statistics.noteLatency(nanoseconds: now.nanoseconds(since: received))
            }
            let events = engine.takeEvents(after: slab)
            if !events.isEmpty { tell(events) }
            if now >= nextStatistics {
                nextStatistics = now.advanced(byMilliseconds: Self.statisticsMilliseconds)
                publish(&statistics, engine)
            }
        }
        quiescent.sleeps()
        hasEnded.store(true, ordering: .releasing)
    }

    /// It was asked for when the plane was made; a processor that has gone since costs speed alone.
    private func pin() {
        if let processor { _ = tally_pin_thread(Int32(processor)) }
    }

    private func tell(_ events: [EngineEvent]) {
        // A thread that is made to take them inherits where this one may run.
        if processor != nil { tally_unpin_thread() }
        onEvents(number, events)
        pin()
    }

    private func sleep(until wake: MonotonicTime) {
        let wait = wake == .distantFuture ? -1 : max(0, wake.nanoseconds(since: SystemClock.monotonic))
        guard wait != 0 else { return quiescent.pass(graceRequests.begun) }
        quiescent.sleeps()
        let ready = tally_wait(
            descriptor.load(ordering: .relaxed),
            mailbox.wakeDescriptor,
            outbound.isEmpty ? -1 : poller,
            wait
        )
        quiescent.pass(graceRequests.begun)
        if ready > 0, ready & 2 != 0 { tally_event_clear(mailbox.wakeDescriptor) }
    }

    private func takeMail(
        _ engine: inout RelayEngine,
        _ slab: inout SendSlab,
        _ sender: inout SendLoop,
        _ statistics: inout LoopStatistics,
        now: MonotonicTime
    ) {
        guard let mail = mailbox.take() else { return }
        for port in mail.openedPorts { adoptOutbound(port) }
        for command in mail.commands { engine.apply(command, now: now, into: &slab) }
        for var datagram in mail.datagrams {
            let path = ICEPair(remote: datagram.remote, local: datagram.local)
            let origin = datagram.receivingLoop
            datagram.bytes.withUnsafeMutableBytes { bytes in
                _ = engine.receive(bytes, on: path, handedOverBy: origin, now: now, into: &slab)
            }
            // Before the answers to the checks leave: what the peer sends next then finds its way.
            for (path, receivingLoop) in engine.takePathsToAnnounce() {
                guard peersOfLoops.indices.contains(receivingLoop) else { continue }
                _ = peersOfLoops[receivingLoop].post([.announcePath(path, owner: number)])
            }
            if !slab.hasRoom { send(&slab, &engine, &sender, &statistics) }
        }
        guard !mail.closedPorts.isEmpty else { return }
        // What is to leave by them, a good-bye perhaps, leaves first.
        send(&slab, &engine, &sender, &statistics)
        for port in mail.closedPorts { releaseOutbound(port, &engine, now: now) }
    }

    /// Goes on with handshakes that media has made wait, for as long as a turn can spare.
    private func continueHandshakes(
        _ engine: inout RelayEngine,
        _ slab: inout SendSlab,
        _ sender: inout SendLoop,
        _ statistics: inout LoopStatistics,
        since start: MonotonicTime
    ) {
        var now = start
        while now.nanoseconds(since: start) < Self.handshakeNanoseconds,
            engine.continueHandshake(now: now, into: &slab)
        {
            send(&slab, &engine, &sender, &statistics)
            now = SystemClock.monotonic
        }
    }

    func send(
        _ slab: inout SendSlab,
        _ engine: inout RelayEngine,
        _ sender: inout SendLoop,
        _ statistics: inout LoopStatistics
    ) {
        let error = sender.send(
            &slab,
            on: descriptor.load(ordering: .relaxed),
            sockets: outbound,
            accounts: &engine.forwarder.accounts,
            statistics: &statistics
        )
        if error != 0 { recover(&engine, &slab) }
    }

    private func hand(_ datagram: UnsafeMutableRawBufferPointer, _ path: ICEPair, to loop: Int) -> Bool {
        guard peersOfLoops.indices.contains(loop) else { return false }
        return peersOfLoops[loop].hand(
            LoopMailbox.HandedDatagram(
                bytes: Array(datagram),
                remote: path.remote,
                local: path.local,
                receivingLoop: number
            )
        )
    }

    private func wakeOthers(_ loops: UInt64) {
        var others = loops & ~(1 << UInt64(number))
        while others != 0 {
            let loop = others.trailingZeroBitCount
            if peersOfLoops.indices.contains(loop) { peersOfLoops[loop].noteNews() }
            others &= others - 1
        }
    }

    private func publish(_ statistics: inout LoopStatistics, _ engine: borrowing RelayEngine) {
        statistics.engine = engine.counters
        statistics.forwarding = engine.forwarder.counters
        statistics.peers = engine.peerCount
        let copy = statistics
        published.withLock { $0 = copy }
    }
}
