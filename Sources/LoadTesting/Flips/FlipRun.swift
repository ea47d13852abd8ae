import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime

/// How a run of flips is made.
package struct FlipSettings: Sendable {
    package var base: String
    package var room: String
    package var participant = "flipper"
    package var operatorToken: TokenSource
    package var viewers = 200
    /// The partner whose viewers they are, each by a grant of its own; `nil` for the room's own viewers.
    package var partner: String?
    package var flips = 500
    package var seed: UInt64 = 1
    package var kilobitsPerSecond = 1_000
    /// How long consent stands, and how long it is withdrawn: drawn evenly from these.
    package var grantedMilliseconds: ClosedRange<Int64> = 50...2_000
    package var withheldMilliseconds: ClosedRange<Int64> = 20...600

    package init(base: String, room: String, operatorToken: TokenSource) {
        self.base = base
        self.room = room
        self.operatorToken = operatorToken
    }
}

/// Withdraws and grants consent at random under load, and looks at every packet of every viewer.
package struct FlipRun: Sendable {
    /// Resumption is in time within this after the grant's acknowledgement.
    private static let resumptionMilliseconds: Int64 = 1_000
    /// Longer than a packet takes on its way here, and shorter than a viewer waits before it gives up on a source.
    private static let drainMilliseconds: Int64 = 500
    /// Viewers of one token; the relay caps sessions of a token.
    private static let viewersOfToken = 100
    /// Joins at a time.
    private static let concurrentJoins = 4
    private static let recordedSeconds = 10

    private let settings: FlipSettings
    private let toolkit: ClientToolkit
    private let say: @Sendable (String) -> Void

    /// `toolkit`'s loop receives for all viewers; the broadcaster gets a loop of its own.
    package init(_ settings: FlipSettings, toolkit: ClientToolkit, say: @escaping @Sendable (String) -> Void)
    {
        self.settings = settings
        self.toolkit = toolkit
        self.say = say
    }

    private struct Watcher: Sendable {
        let session: SignalingSession
        let number: PeerNumber
        let media: LoopBound<LeakWatch>
    }

    private struct Grant {
        var acknowledgedAt: WallClockTime
        var milliseconds: Double
    }

    /// Throws `SignalingError`, `TokenSourceError`, `LoopError` or `CodecError`.
    package func run() async throws -> FlipReport {
        guard let operatorToken = try settings.operatorToken.read() else {
            throw SignalingError.unusableAnswer("an operator's token is needed")
        }
        let api = RelayAPI(base: settings.base, client: toolkit.client)
        let token = try await api.publishToken(
            room: settings.room,
            participant: settings.participant,
            name: "Flip",
            operatorToken: operatorToken
        )
        let sent = SentPayloads()
        say("encoding \(Self.recordedSeconds) s of video and sound")
        var video = SyntheticVideoSettings(name: "Flip")
        video.kilobitsPerSecond = settings.kilobitsPerSecond
        var publishing = PublisherSettings(
            url: api.whip(settings.room),
            token: .text(token),
            video: .recorded(try RecordedVideo.encode(video, seconds: Self.recordedSeconds)),
            audio: try .recordedTone(440, seconds: Self.recordedSeconds)
        )
        publishing.observer = sent
        let loop = try ClientLoop(name: "broadcaster")
        defer { loop.stop() }
        let publisher = WHIPPublisher(loop: loop, client: toolkit.client, identity: toolkit.identity)
        let publication = try await publisher.start(publishing)
        try await awaitOnAir(publication)
        _ = try await change(.grant, api, token)

        let ledger = LoopBound(LeakLedger(viewerCount: settings.viewers))
        let watchers = try await join(api, operatorToken: operatorToken, sent: sent, ledger: ledger)
        say("\(watchers.count) viewers are in the room")
        try await Task.sleep(for: .seconds(2))
        let (tally, seconds) = try await flip(api, token: token, ledger: ledger)
        // What was sent is counted whole: nothing is on its way any more when the report is made.
        await publisher.stop(publication, token: .text(token))
        try await Task.sleep(for: .milliseconds(Self.drainMilliseconds))
        let report = try await report(tally, seconds: seconds, watchers: watchers, ledger: ledger)
        for watcher in watchers { toolkit.loop.perform { $0.remove(watcher.number) } }
        await leave(watchers)
        return report
    }

    private func awaitOnAir(_ publication: Publication) async throws {
        for await event in publication.events {
            switch event {
            case .established:
                say("the broadcaster is on air")
                // The relay learns of a stream with its first packets.
                try await Task.sleep(for: .milliseconds(500))
                return
            case .ended(let end):
                throw end
            }
        }
    }

    // MARK: Viewers

    private func join(
        _ api: RelayAPI,
        operatorToken: String,
        sent: SentPayloads,
        ledger: LoopBound<LeakLedger>
    ) async throws -> [Watcher] {
        var tokens: [String] = []
        for _ in 0...(settings.viewers / Self.viewersOfToken) where settings.partner == nil {
            tokens.append(try await api.viewToken(room: settings.room, operatorToken: operatorToken))
        }
        let shared = tokens
        let endpoint = api.whep(settings.room)
        return try await withThrowingTaskGroup(of: Watcher.self) { group in
            var watchers: [Watcher] = []
            var next = 0
            func startNext() {
                guard next < settings.viewers else { return }
                let number = next
                next += 1
                group.addTask { [settings] in
                    let token =
                        if let partner = settings.partner {
                            // Each opens one session, within a minute.
                            try await api.grant(
                                partner: partner,
                                room: settings.room,
                                token: operatorToken
                            )
                        } else {
                            shared[number / Self.viewersOfToken]
                        }
                    var viewing = ViewerSettings(url: endpoint, token: .text(token))
                    viewing.videoCodecs = [.vp8]
                    return try await watch(number, viewing, sent: sent, ledger: ledger)
                }
            }
            for _ in 0..<Self.concurrentJoins { startNext() }
            while let watcher = try await group.next() {
                watchers.append(watcher)
                if watchers.count % 50 == 0 { say("\(watchers.count) viewers have joined") }
                startNext()
            }
            return watchers
        }
    }

    private func watch(
        _ number: Int,
        _ viewing: ViewerSettings,
        sent: SentPayloads,
        ledger: LoopBound<LeakLedger>
    ) async throws -> Watcher {
        let viewer = toolkit.viewer
        let ready = try await negotiatePatiently(viewer, viewing)
        let (events, feed) = AsyncStream<SessionEvent>.makeStream()
        let (peer, media) = try await toolkit.loop.run { peers in
            let media = LeakWatch(
                viewer: number,
                ready,
                sent: sent,
                ledger: ledger.value(on: peers)
            ) { event in
                feed.yield(event)
                if case .ended = event { feed.finish() }
            }
            let peer = try peers.add(ready.parameters, media: media, socketUse: .sharedLoopback)
            return (peer, LoopBound(media))
        }
        for await event in events {
            if case .ended(let end) = event { throw end }
            break
        }
        return Watcher(session: ready.session, number: peer, media: media)
    }

    /// The relay limits joins a second; whoever is told to wait waits.
    private func negotiatePatiently(
        _ viewer: WHEPViewer,
        _ viewing: ViewerSettings
    ) async throws -> NegotiatedViewing {
        var attempt = 0
        while true {
            do {
                return try await viewer.negotiate(viewing)
            } catch let error as SignalingError where error.isTemporary && attempt < 30 {
                attempt += 1
                try await Task.sleep(for: .milliseconds(max(250, (error.retryAfterSeconds ?? 0) * 1_000)))
            }
        }
    }

    private func leave(_ watchers: [Watcher]) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, watcher) in watchers.enumerated() {
                if index >= 16 { await group.next() }
                group.addTask { await toolkit.client.end(watcher.session, token: nil) }
            }
        }
    }

    // MARK: Flips

    private func flip(
        _ api: RelayAPI,
        token: String,
        ledger: LoopBound<LeakLedger>
    ) async throws -> (FlipTally, seconds: Double) {
        var random = SeededRandom(seed: settings.seed)
        var tally = FlipTally()
        var standing: Grant?
        let start = SystemClock.monotonic
        for number in 0..<settings.flips {
            if number % 2 == 0 {
                if let grant = standing { await judge(grant, &tally, ledger) }
                standing = nil
                let answer = try await change(.withdraw, api, token)
                tally.withdrawals.append(answer.milliseconds)
                try await toolkit.loop.run { ledger.value(on: $0).withheld(from: answer.effectiveAt) }
                try await pause(settings.withheldMilliseconds, &random)
            } else {
                // The ledger must know before the relay does, or the first packets of the new grant would
                // count against the withdrawal.
                try await toolkit.loop.run { ledger.value(on: $0).grantIsSent(at: SystemClock.wall) }
                let answer = try await change(.grant, api, token)
                tally.grants.append(answer.milliseconds)
                standing = Grant(acknowledgedAt: answer.answeredAt, milliseconds: answer.milliseconds)
                try await pause(settings.grantedMilliseconds, &random)
            }
            if (number + 1) % 50 == 0 {
                let leaks = try await toolkit.loop.run { ledger.value(on: $0).leakCount }
                say("\(number + 1) flips, \(leaks) leaks")
            }
        }
        // The last withdrawal's or grant's second is looked at too.
        try await Task.sleep(for: .milliseconds(Self.resumptionMilliseconds + 200))
        if let grant = standing { await judge(grant, &tally, ledger) }
        return (tally, Double(SystemClock.monotonic.nanoseconds(since: start)) / 1e9)
    }

    private func change(
        _ choice: RelayAPI.Choice,
        _ api: RelayAPI,
        _ token: String
    ) async throws -> RelayAPI.Acknowledgement {
        try await api.change(
            choice,
            for: settings.partner.map { .partner($0) } ?? .room,
            room: settings.room,
            participant: settings.participant,
            token: token
        )
    }

    private func pause(_ range: ClosedRange<Int64>, _ random: inout SeededRandom) async throws {
        try await Task.sleep(for: .milliseconds(Int64.random(in: range, using: &random)))
    }

    /// Counts a grant's resumptions; one that was withdrawn within its second counts only if all were back.
    private func judge(_ grant: Grant, _ tally: inout FlipTally, _ ledger: LoopBound<LeakLedger>) async {
        let stood = SystemClock.wall.nanosecondsSince1970 - grant.acknowledgedAt.nanosecondsSince1970
        guard
            let times = try? await toolkit.loop.run({
                ledger.value(on: $0).resumptions(since: grant.acknowledgedAt)
            })
        else { return }
        let limit = Self.resumptionMilliseconds * 1_000_000
        let inTime = times.count { ($0 ?? .max) <= limit }
        guard inTime == times.count || stood >= limit else { return }
        tally.grantsJudged += 1
        if inTime == times.count { tally.grantsResumed += 1 }
        tally.viewerResumptions += times.count
        tally.viewerResumptionsInTime += inTime
        tally.resumptions += times.compactMap { $0.map { Double(max(0, $0)) / 1e6 } }
    }

    private func report(
        _ tally: FlipTally,
        seconds: Double,
        watchers: [Watcher],
        ledger: LoopBound<LeakLedger>
    ) async throws -> FlipReport {
        let (settings, flips) = (settings, settings.flips)
        return try await toolkit.loop.run { peers in
            let ledger = ledger.value(on: peers)
            var counters = PeerCounters()
            var examined = 0
            var lost = 0
            var ended = 0
            for watcher in watchers {
                if let peer = peers[watcher.number] { counters += peer.counters }
                if peers[watcher.number]?.isEstablished != true { ended += 1 }
                examined += watcher.media.value(on: peers).examined
                lost += watcher.media.value(on: peers).lost
            }
            return FlipReport(
                viewers: watchers.count,
                flips: flips,
                seed: settings.seed,
                seconds: seconds,
                leaks: ledger.leakCount,
                examples: ledger.leaks,
                withdrawals: tally.withdrawals.count,
                withdrawalMillisecondsP50: Percentile.of(tally.withdrawals, 0.5),
                withdrawalMillisecondsP99: Percentile.of(tally.withdrawals, 0.99),
                withdrawalMillisecondsMaximum: tally.withdrawals.max() ?? 0,
                grantMillisecondsP50: Percentile.of(tally.grants, 0.5),
                grantMillisecondsP99: Percentile.of(tally.grants, 0.99),
                grantsJudged: tally.grantsJudged,
                grantsResumed: tally.grantsResumed,
                viewerResumptions: tally.viewerResumptions,
                viewerResumptionsInTime: tally.viewerResumptionsInTime,
                resumptionMillisecondsP50: Percentile.of(tally.resumptions, 0.5),
                resumptionMillisecondsP99: Percentile.of(tally.resumptions, 0.99),
                packetsReceived: counters.packetsReceived,
                packetsExamined: examined,
                packetsUndecryptable: counters.undecryptable,
                packetsLost: lost,
                packetsOfBroadcaster: ledger.matchedCount,
                packetsWhileWithheld: ledger.innocentCount,
                viewersLost: ended
            )
        }
    }
}

/// What is counted while flips are made.
private struct FlipTally: Sendable {
    /// Milliseconds from request to acknowledgement.
    var withdrawals: [Double] = []
    var grants: [Double] = []
    var grantsJudged = 0
    var grantsResumed = 0
    var viewerResumptions = 0
    var viewerResumptionsInTime = 0
    /// Milliseconds from acknowledgement to the first video packet.
    var resumptions: [Double] = []
}
