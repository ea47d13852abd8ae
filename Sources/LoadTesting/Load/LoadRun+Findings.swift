import Glibc
import Primitives
import RelayRuntime
import Synchronization

extension LoadRun {
    /// Where all that only grows stands at a moment.
    struct Marks: Sendable {
        var at: MonotonicTime
        var server: ProcessUsage?
        var own: ProcessUsage?
        /// Of each receiver.
        var viewersThreads: [Int64]
        var publishersThread: Int64
        var sent: BroadcastStatistics
        var socketDrops: Int
        /// Of a relay that says it.
        var runs: SentRuns?
    }

    /// Messages of media that the relay has sent so far, by their length; `nil` of any other server.
    func sentRuns() async -> SentRuns? {
        guard let relay = plan.relay, case .minted(let operatorToken) = plan.tokens,
            let token = try? operatorToken.read(),
            let metrics = try? await relay.metrics(operatorToken: token)
        else { return nil }
        return SentRuns(metrics)
    }

    func marks() async throws -> Marks {
        let publishers = crowd.withLock { $0.publishers }
        let (publishersThread, sent) = try await publishing.run { peers in
            var sent = BroadcastStatistics()
            for publisher in publishers { sent += publisher.media.value(on: peers).statistics }
            return (ViewerFleet.threadNanoseconds, sent)
        }
        var threads: [Int64] = []
        var ports: Set<UInt16> = []
        for receiver in receivers {
            let (thread, own) = try await receiver.run { _, peers in
                (ViewerFleet.threadNanoseconds, Set(peers.ports))
            }
            threads.append(thread)
            ports.formUnion(own)
        }
        return Marks(
            at: SystemClock.monotonic,
            server: usageOfServer(),
            own: ProcessUsage(process: getpid()),
            viewersThreads: threads,
            publishersThread: publishersThread,
            sent: sent,
            socketDrops: SocketDrops.count(ports: ports)
        )
    }

    /// What the viewers have seen, and all else that the report is made of.
    func findings(before: Marks, after: Marks, meter: SecondMeter) async throws -> LoadFindings {
        let crowd = crowd.withLock { $0 }
        var seen = LoadFindings.Seen()
        for (place, receiver) in receivers.enumerated() {
            let numbers = crowd.viewers.filter { $0.receiver == place }.map(\.peer)
            seen += try await receiver.run { fleet, peers in Self.seen(by: fleet, peers, numbers) }
        }
        return LoadFindings(crowd: crowd, seen: seen, before: before, after: after, meter: meter)
    }

    private static func seen(
        by fleet: ViewerFleet,
        _ peers: LoopPeers,
        _ numbers: [PeerNumber]
    ) -> LoadFindings.Seen {
        var seen = LoadFindings.Seen()
        seen.videoLatency = fleet.videoLatency
        seen.audioLatency = fleet.audioLatency
        seen.freezes = fleet.freezes
        for viewer in fleet.viewers {
            seen.viewers.append(
                LoadFindings.Viewer(
                    phases: viewer.join.phases(hasVideo: viewer.hasVideo),
                    isLate: viewer.isLate,
                    measured: viewer.measured,
                    isWhole: viewer.measuresWhole,
                    end: viewer.end
                )
            )
        }
        for number in numbers { if let peer = peers[number] { seen.counters += peer.counters } }
        for room in fleet.rooms {
            guard let ledger = room.ledger else { continue }
            seen.leakCount += ledger.leakCount
            seen.leaks += ledger.leaks
            seen.flippersPackets += ledger.matchedCount
        }
        return seen
    }
}
