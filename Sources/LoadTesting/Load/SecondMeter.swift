import Glibc
import Primitives
import RelayRuntime
import Synchronization

/// Looks at a run once a second.
struct SecondMeter {
    private let run: LoadRun
    /// The server's memory before there were viewers.
    let serverBefore: ProcessUsage?
    private let start: MonotonicTime
    private var due: MonotonicTime
    private var last: [FleetSecond]
    private var lastServer: ProcessUsage?
    private var lastOwn: ProcessUsage?
    private var lastAt: MonotonicTime
    private var lastFlips = 0
    private(set) var seconds: [LoadReport.Second] = []
    /// The busiest second of a receiving thread while measuring, in cores.
    private(set) var busiestReceiver = 0.0

    init(_ run: LoadRun, serverBefore: ProcessUsage?, ownBefore: ProcessUsage?) async throws {
        self.run = run
        self.serverBefore = serverBefore
        start = SystemClock.monotonic
        due = start
        lastAt = start
        lastServer = serverBefore
        lastOwn = ownBefore
        last = try await Self.look(run)
    }

    /// One second of each receiver.
    private static func look(_ run: LoadRun) async throws -> [FleetSecond] {
        var seconds: [FleetSecond] = []
        for receiver in run.receivers {
            seconds.append(try await receiver.run { fleet, _ in fleet.takeSecond() })
        }
        return seconds
    }

    /// Goes on for so long.
    mutating func run(
        seconds: Double,
        isMeasured: Bool,
        _ tell: (LoadReport.Second) -> Void
    ) async throws {
        let until = SystemClock.monotonic.advanced(byNanoseconds: Int64(seconds * 1e9))
        // What comes first begins now, or the first second would be a mixture.
        due = SystemClock.monotonic
        while SystemClock.monotonic < until {
            tell(try await next(isMeasured: isMeasured, atMost: until))
        }
    }

    /// Waits for the end of a second and answers what happened in it.
    mutating func next(
        isMeasured: Bool,
        atMost until: MonotonicTime = .distantFuture
    ) async throws -> LoadReport.Second {
        due = min(due.advanced(byMilliseconds: 1_000), until)
        let wait = due.nanoseconds(since: SystemClock.monotonic)
        if wait > 0 { try await Task.sleep(for: .nanoseconds(wait)) } else { due = SystemClock.monotonic }
        let each = try await Self.look(run)
        let now = each.reduce(into: FleetSecond()) { $0 += $1 }
        let before = last.reduce(into: FleetSecond()) { $0 += $1 }
        let at = SystemClock.monotonic
        let server = run.usageOfServer()
        let own = ProcessUsage(process: getpid())
        let flips = run.crowd.withLock { $0.flips.count }
        let elapsed = Double(max(1, at.nanoseconds(since: lastAt)))
        func cores(_ before: Int64?, _ after: Int64?) -> Double? {
            guard let before, let after else { return nil }
            return Double(after - before) / elapsed
        }
        let second = LoadReport.Second(
            second: Double(at.nanoseconds(since: start)) / 1e9,
            isMeasured: isMeasured,
            viewers: now.watching,
            packets: now.counts.packets - before.counts.packets,
            bits: (now.counts.bytes - before.counts.bytes) * 8,
            lost: now.counts.lost - before.counts.lost,
            freezes: now.freezes,
            latencyP50Milliseconds: Double(now.latency.percentile(50)) / 1e6,
            latencyP99Milliseconds: Double(now.latency.percentile(99)) / 1e6,
            latencyMaximumMilliseconds: Double(now.latency.maximum) / 1e6,
            serverCores: cores(lastServer?.cpuNanoseconds, server?.cpuNanoseconds),
            generatorCores: cores(lastOwn?.cpuNanoseconds, own?.cpuNanoseconds) ?? 0,
            flips: flips - lastFlips
        )
        if isMeasured, elapsed > 5e8 {
            for (earlier, later) in zip(last, each) {
                let receiver = cores(earlier.threadNanoseconds, later.threadNanoseconds) ?? 0
                busiestReceiver = max(busiestReceiver, receiver)
            }
        }
        (last, lastServer, lastOwn, lastAt, lastFlips) = (each, server, own, at, flips)
        seconds.append(second)
        return second
    }
}
