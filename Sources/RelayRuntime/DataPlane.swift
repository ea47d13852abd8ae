import CLinuxNet
import DTLSHandshakes
import MediaRings
import Primitives
import RelayEngine
import Rooms
import Synchronization

/// Why the data plane could not start.
package enum DataPlaneError: Error, Sendable, CustomStringConvertible {
    case cannotBind(SocketAddress, errno: Int32)
    case cannotWake(errno: Int32)
    /// A loop is to stay on a processor on which this process must not run.
    case noProcessor(Int)
    /// A loop has as many sockets of outbound peers as it may.
    case tooManyOutbound(loop: Int)
    /// A loop was cut off from its sockets and has not come back yet: ask again later.
    case isCutOff(loop: Int)

    package var description: String {
        switch self {
        case .cannotBind(let address, let errno):
            "cannot open UDP \(address): error \(errno) (is another relay using the port, is the address this machine's?)"
        case .noProcessor(let number):
            "media.processors: this process cannot run on processor \(number)"
        case .cannotWake(let errno): "cannot make an event descriptor: error \(errno)"
        case .tooManyOutbound(let loop):
            "media loop \(loop) has \(OutboundSockets.limit) outbound sockets, the most there are"
        case .isCutOff(let loop): "media loop \(loop) is cut off from its sockets"
        }
    }
}

/// The number of grace periods begun, which all loops look at.
final class GraceRequests: Sendable {
    let begun = Atomic<UInt64>(0)
}

/// The media loops and the recorder of this process: sockets, threads, and what the control plane may ask of them.
package final class DataPlane: Sendable {
    /// How long a grace period may take before whoever is not quiescent is cut off.
    package static let graceMilliseconds: Int64 = 1_000

    private let loops: [MediaLoop]
    let graceRequests: GraceRequests
    /// The recorder, once it was started.
    let recorder = Mutex<RecorderLoop?>(nil)
    /// The UDP port of all loops.
    package let port: UInt16

    /// Opens `loopCount` sockets on one address and port.
    ///
    /// The loops stay on `processors` in turn; with none named, where the system puts them. `onEvents` and
    /// `onRefusal` are called on the loops' threads; the latter once for each offload that the kernel refuses,
    /// with the errno.
    package init(
        bind: SocketAddress,
        loopCount: Int,
        processors: [Int] = [],
        onRefusal: @escaping @Sendable (KernelOffload, Int32) -> Void = { _, _ in },
        onEvents: @escaping @Sendable (_ loop: Int, [EngineEvent]) -> Void
    ) throws(DataPlaneError) {
        precondition((1...62).contains(loopCount), "a loop's number is one character of the ufrag")
        for processor in processors where tally_may_run_on(Int32(clamping: processor)) == 0 {
            throw .noProcessor(processor)
        }
        let requests = GraceRequests()
        let refusals = OffloadRefusals(tell: onRefusal)
        var made: [MediaLoop] = []
        for number in 0..<loopCount {
            let address = made.first.map { bind.with(port: $0.port) } ?? bind
            made.append(
                try MediaLoop(
                    number: number,
                    bind: address,
                    reusesPort: loopCount > 1,
                    processor: processors.isEmpty ? nil : processors[number % processors.count],
                    graceRequests: requests,
                    refusals: refusals,
                    onEvents: onEvents
                )
            )
        }
        loops = made
        graceRequests = requests
        port = made.first?.port ?? 0
    }

    package var loopCount: Int { loops.count }

    /// Starts the threads.
    package func start(identity: DTLSIdentity, controlSSRC: UInt32, cname: String) {
        let mailboxes = loops.map(\.mailbox)
        for loop in loops {
            loop.start(identity: identity, controlSSRC: controlSSRC, cname: cname, loops: mailboxes)
        }
    }

    /// Leaves commands for a loop, in order; `false` if its mailbox is full.
    package func post(_ commands: [EngineCommand], to loop: Int) -> Bool {
        loops[loop].mailbox.post(commands)
    }

    /// Leaves commands for every loop.
    package func postToAll(_ commands: [EngineCommand]) -> Bool {
        loops.reduce(true) { $1.mailbox.post(commands) && $0 }
    }

    /// Opens a socket for one outbound peer of a loop and answers its port, to be named in `OutboundChecks`.
    ///
    /// The loop may lose it (`gracePeriod`); then its peer ends and the port is not opened again.
    package func openOutboundSocket(on loop: Int) throws(DataPlaneError) -> UInt16 {
        try loops[loop].openOutbound()
    }

    /// Closes an outbound peer's socket, after the commands that were posted before; a peer that still uses it
    /// ends.
    package func closeOutboundSocket(port: UInt16, on loop: Int) {
        loops[loop].closeOutbound(port)
    }

    /// Waits until every loop and the recorder have held no byte that was read through a pass from before this call.
    ///
    /// Who is not quiescent within `graceMilliseconds` is cut off first, from its sockets or its files. Answers how
    /// many were.
    package func gracePeriod() async -> Int {
        let number = graceRequests.begun.add(1, ordering: .sequentiallyConsistent).newValue
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: Self.graceMilliseconds)
        var waiting: [any GraceConsumer] = loops.filter { !$0.hasPassed(number) }
        if let recorder = recorder.withLock({ $0 }), !recorder.hasPassed(number) { waiting.append(recorder) }
        for consumer in waiting { consumer.noteGrace() }
        var attempt = 0
        var cutOff = 0
        while !waiting.isEmpty {
            attempt += 1
            if attempt <= 20 {
                await Task.yield()
            } else {
                try? await Task.sleep(for: .microseconds(200))
            }
            waiting.removeAll { $0.hasPassed(number) }
            if !waiting.isEmpty, SystemClock.monotonic >= deadline {
                cutOff += waiting.count
                // Who cannot be cut off is waited for: an acknowledgement is never false.
                waiting.removeAll { $0.cutOff() }
                cutOff -= waiting.count
            }
        }
        return cutOff
    }

    /// Each loop's counters, as of a tenth of a second ago.
    package var statistics: [LoopStatistics] { loops.map(\.statistics) }

    /// Ends the threads and waits for them.
    package func stop() async {
        let recorder = recorder.withLock { $0 }
        recorder?.stop()
        while recorder?.isEnded == false { try? await Task.sleep(for: .milliseconds(2)) }
        for loop in loops { loop.stop() }
        while !loops.allSatisfy(\.isEnded) { try? await Task.sleep(for: .milliseconds(2)) }
    }
}
