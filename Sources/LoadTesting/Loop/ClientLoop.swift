import CLinuxNet
import Foundation
import Glibc
import Primitives
import Synchronization

/// A thread that drives many peers: it waits on their sockets and timers and runs what others ask of it.
package final class ClientLoop: Sendable {
    /// Something to be done on the loop's thread.
    package typealias Job = @Sendable (LoopPeers) -> Void

    private struct Mail {
        var jobs: [Job] = []
        var isStopping = false
    }

    /// Above the threads of the same program that compute: joins, and what is received.
    private static let priorityOfFirst: Int32 = -10

    private let mail = Mutex(Mail())
    private let wakeDescriptor: Int32

    /// Starts the thread.
    ///
    /// One that `goesFirst` is run before others that want the same core, where the system lets it: what it sends
    /// late would count as the server's latency.
    ///
    /// Throws `LoopError`.
    package init(name: String, goesFirst: Bool = false) throws(LoopError) {
        wakeDescriptor = tally_event_open()
        guard wakeDescriptor >= 0 else { throw .socket(errno: -wakeDescriptor) }
        // The descriptor outlives the thread, which holds this object while it runs.
        let thread = Thread { [self] in
            // Of this thread alone on Linux; without the privilege it stays as it is.
            if goesFirst { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.priorityOfFirst) }
            guard let peers = try? LoopPeers(wakeDescriptor: wakeDescriptor) else { return }
            run(peers)
        }
        thread.name = name
        thread.stackSize = 4 << 20
        thread.start()
    }

    deinit {
        tally_close(wakeDescriptor)
    }

    /// Asks for something to be done on the thread; dropped if the loop has been stopped.
    package func perform(_ job: @escaping Job) {
        mail.withLock { if !$0.isStopping { $0.jobs.append(job) } }
        tally_event_signal(wakeDescriptor)
    }

    /// Does something on the thread and answers what it answered.
    ///
    /// Throws `LoopError.stopped` too.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable (LoopPeers) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isAccepted = mail.withLock { mail in
                guard !mail.isStopping else { return false }
                mail.jobs.append { peers in
                    continuation.resume(with: Result { try body(peers) })
                }
                return true
            }
            if isAccepted {
                tally_event_signal(wakeDescriptor)
            } else {
                continuation.resume(throwing: LoopError.stopped)
            }
        }
    }

    /// Ends all peers and then the thread.
    package func stop() {
        mail.withLock { $0.isStopping = true }
        tally_event_signal(wakeDescriptor)
    }

    private func run(_ peers: LoopPeers) {
        var isStopping = false
        while !isStopping {
            for place in 0..<peers.wait() {
                let number = peers.readyNumber(place)
                if LoopPeers.isWake(number) {
                    tally_event_clear(wakeDescriptor)
                } else {
                    peers.receive(number)
                }
            }
            let jobs = mail.withLock { mail in
                isStopping = mail.isStopping
                let jobs = mail.jobs
                mail.jobs = []
                return jobs
            }
            for job in jobs { job(peers) }
            peers.tick()
        }
        peers.removeAll()
    }
}
