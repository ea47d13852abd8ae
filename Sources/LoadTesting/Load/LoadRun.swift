import DTLSHandshakes
import Glibc
import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions
import Synchronization

/// What a load test says while it runs.
package enum LoadMessage: Sendable {
    /// A phase begins.
    case note(String)
    case second(LoadReport.Second)
}

/// One load test: publishers, viewers, and what they saw.
package final class LoadRun: Sendable {
    /// Publishers that start at a time.
    static let concurrentStarts = 8
    /// A handshake that takes longer is a join that failed.
    static let establishSeconds = 15
    /// Longer than a packet takes on its way here.
    static let drainMilliseconds: Int64 = 300

    let plan: LoadPlan
    let client: SignalingClient
    let identity: DTLSIdentity
    /// Receive for all viewers.
    ///
    /// Those who come late have one of their own, so that their handshakes hold up nobody who is measured.
    let receivers: [Receiver]
    /// Sends for all publishers.
    let publishing: ClientLoop
    let desk: TokenDesk
    let run = UInt32.random(in: 1...MediaStamp.highestRun)
    let crowd = Mutex(Crowd())
    let say: @Sendable (LoadMessage) -> Void

    /// Who is in the run.
    struct Crowd {
        var publishers: [RunningPublisher] = []
        var viewers: [RunningViewer] = []
        var refusals: [String: Int] = [:]
        var failedJoins = 0
        /// All that were to join before measuring have, or have given up.
        var haveAllJoined = false
        var flips = FlipTimes()
        /// Nanoseconds by which joins began later than the pace says.
        var joinLag = ValueHistogram()
    }

    struct RunningPublisher: Sendable {
        var room: Int
        var number: Int
        var name: String
        var token: String?
        var session: SignalingSession
        var peer: PeerNumber
        var media: LoopBound<RecordedBroadcast>
    }

    struct RunningViewer: Sendable {
        var room: Int
        var number: Int
        var token: String?
        var session: SignalingSession
        /// Its place among the receivers.
        var receiver: Int
        var peer: PeerNumber
        var media: LoopBound<LoadViewer>
        /// It joined while others were measured.
        var isLate = false
    }

    /// Nanoseconds from request to acknowledgement, and from there to the first picture.
    struct FlipTimes: Sendable {
        var withdrawals = ValueHistogram()
        var grants = ValueHistogram()
        var resumptions = ValueHistogram()
        var count = 0
    }

    /// Throws `LoopError` or `DTLSFailure`.
    package init(
        _ plan: LoadPlan,
        client: SignalingClient,
        say: @escaping @Sendable (LoadMessage) -> Void
    ) throws {
        self.plan = plan
        self.client = client
        self.say = say
        identity = try DTLSIdentity(commonName: "tally load", validFrom: SystemClock.wall)
        let run = run
        let threads = plan.receivers + (plan.hasLateViewers ? 1 : 0)
        receivers = try (0..<threads).map { try Receiver(name: "viewers \($0)", run: run, plan: plan) }
        publishing = try ClientLoop(name: "publishers", goesFirst: true)
        desk = TokenDesk(plan.tokens, relay: plan.relay)
    }

    /// Who receives for a viewer.
    func receiver(ofViewer number: Int, isLate: Bool) -> Int {
        isLate && plan.hasLateViewers ? plan.receivers : number % plan.receivers
    }

    /// Runs the test and answers what was found.
    ///
    /// Throws what keeps it from being one: `SignalingError`, `TokenSourceError`, `LoadPlanError`, `CodecError`.
    package func run() async throws -> LoadReport {
        let startedAt = SystemClock.wall
        let result: Result<LoadFindings, any Error>
        do {
            result = .success(try await measure())
        } catch {
            result = .failure(error)
        }
        await leave()
        for receiver in receivers { receiver.loop.stop() }
        publishing.stop()
        var findings = try result.get()
        findings.startedAt = startedAt
        return findings.report(of: plan)
    }

    private func measure() async throws -> LoadFindings {
        let recordings = try record()
        try await startPublishers(recordings)
        let own = ProcessUsage(process: getpid())
        var meter = try await SecondMeter(self, serverBefore: usageOfServer(), ownBefore: own)
        let joining = Task { await self.joinAll() }
        repeat {
            say(.second(try await meter.next(isMeasured: false)))
        } while !crowd.withLock { $0.haveAllJoined }
        await joining.value
        note("\(crowd.withLock { $0.viewers.count }) of \(plan.allViewers) viewers have joined")
        try await meter.run(seconds: plan.warmUpSeconds, isMeasured: false) { say(.second($0)) }

        // Asked for outside of what is measured, since the answer is work too.
        let runsBefore = await sentRuns()
        var before = try await marks()
        before.runs = runsBefore
        for receiver in receivers { try await receiver.run { fleet, _ in fleet.startMeasuring() } }
        try await silenceDead()
        let disturbances = Task { await self.disturb() }
        try await meter.run(seconds: plan.seconds, isMeasured: true) { say(.second($0)) }
        for receiver in receivers { try await receiver.run { fleet, _ in fleet.stopMeasuring() } }
        var after = try await marks()
        after.runs = await sentRuns()
        disturbances.cancel()
        await disturbances.value
        try await Task.sleep(for: .milliseconds(Self.drainMilliseconds))
        return try await findings(before: before, after: after, meter: meter)
    }

    func note(_ text: String) { say(.note(text)) }

    func usageOfServer() -> ProcessUsage? { plan.serverProcess.flatMap { ProcessUsage(process: $0) } }
}
