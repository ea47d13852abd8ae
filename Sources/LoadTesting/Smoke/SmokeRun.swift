import MediaCodecs
import Primitives
import RelayRuntime

/// Checks a running relay from outside: joining, viewing, withdrawing, granting, and being refused.
package struct SmokeRun: Sendable {
    /// The slate is to appear within this after the acknowledgement, and media to come back.
    static let slateMilliseconds: Int64 = 1_500
    static let resumptionMilliseconds: Int64 = 1_000

    let settings: SmokeSettings
    let toolkit: ClientToolkit
    let api: RelayAPI
    let checks: SmokeChecks

    package init(_ settings: SmokeSettings, toolkit: ClientToolkit, checks: SmokeChecks) {
        self.settings = settings
        self.toolkit = toolkit
        self.checks = checks
        api = RelayAPI(base: settings.base, client: toolkit.client)
    }

    /// Makes all checks; what stops them is a failed check itself.
    package func run() async {
        do {
            try await checkHealth()
            guard let operatorToken = try settings.operatorToken.read() else {
                checks.check("operator's token", false, "there is none")
                return
            }
            let view = try await api.viewToken(room: settings.room, operatorToken: operatorToken)
            try await awaitAir(view)
            try await checkJoins(view)
            try await checkConsent(view, operatorToken: operatorToken)
            try await checkRefusals(operatorToken: operatorToken)
            if let site = settings.partnerSite {
                try await checkPartner(site, operatorToken: operatorToken)
            }
        } catch {
            checks.check("run to the end", false, "\(error)")
        }
    }

    private func checkHealth() async throws {
        for path in ["/healthz", "/readyz"] {
            let response = try await api.request("GET", path)
            checks.check("GET \(path)", response.status == 200, "\(response.status)")
        }
    }

    /// Broadcasters that were just started need a moment.
    private func awaitAir(_ token: String) async throws {
        for _ in 0..<40 {
            do {
                let viewing = try await toolkit.viewer.start(viewer(token, slots: 1))
                await toolkit.viewer.stop(viewing, token: .text(token))
                return
            } catch let error as SignalingError where error.isTemporary {
                try await Task.sleep(for: .milliseconds(500))
            }
        }
        checks.check("somebody is on air in \(settings.room)", false, "nobody came within 20 s")
    }

    func viewer(_ token: String, slots: Int, keepsLog: Bool = false) -> ViewerSettings {
        var viewer = ViewerSettings(url: api.whep(settings.room), token: .text(token))
        viewer.videoSlots = slots
        viewer.audioSlots = slots
        viewer.keepsLog = keepsLog
        return viewer
    }

    // MARK: Joining

    private func checkJoins(_ token: String) async throws {
        var times: [Double] = []
        for number in 1...max(1, settings.joins) {
            let viewing = try await toolkit.viewer.start(viewer(token, slots: 1))
            let first = await firstPicture(of: viewing, withinSeconds: 5)
            await toolkit.viewer.stop(viewing, token: .text(token))
            if let first {
                let time = Double(first.nanoseconds(since: viewing.session.requestedAt)) / 1e6
                times.append(time)
                checks.note("join \(number): first picture \(Int(time.rounded())) ms after the POST")
            } else {
                checks.note("join \(number): no picture within 5 s")
            }
        }
        checks.check(
            "every join decodes a picture",
            times.count == max(1, settings.joins),
            "\(times.count) of \(max(1, settings.joins))"
        )
        let median = Percentile.median(times)
        checks.check(
            "first picture under \(settings.joinMilliseconds) ms (median)",
            !times.isEmpty && median < Double(settings.joinMilliseconds),
            "\(Int(median.rounded())) ms of \(times.count) joins"
        )
    }

    private func firstPicture(of viewing: Viewing, withinSeconds seconds: Int) async -> MonotonicTime? {
        await withTaskGroup(of: MonotonicTime?.self) { group in
            group.addTask {
                for await event in viewing.events {
                    if case .firstPicture(let time) = event { return time }
                }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    // MARK: Consent

    private func checkConsent(_ token: String, operatorToken: String) async throws {
        let participant = try await api.publishToken(
            room: settings.room,
            participant: settings.participant,
            name: settings.name,
            operatorToken: operatorToken
        )
        let viewing = try await toolkit.viewer.start(viewer(token, slots: settings.slots, keepsLog: true))
        let events = SeenEvents()
        let following = Task { [client = toolkit.client] in
            try? await client.followEvents(of: viewing.session, token: token, names: WHEPViewer.eventNames) {
                events.append($0)
            }
        }
        var watched = WatchedParticipant(viewing: viewing, loop: toolkit.loop, name: settings.name)
        if checks.check(
            "\(settings.name) is seen by the stamp in the picture",
            try await watched.find(seconds: 5)
        ) {
            try await checkPresence(watched)
            let before = try await api.metrics(operatorToken: operatorToken)
            try await checkWithdrawal(watched, token: participant, view: token, events: events)
            let after = try await api.metrics(operatorToken: operatorToken)
            checkMetrics(before, after)
            try await checkGrant(watched, token: participant)
        }
        following.cancel()
        await toolkit.viewer.stop(viewing, token: .text(token))
    }

    private func checkPresence(_ watched: WatchedParticipant) async throws {
        let first = try await watched.look()
        try await Task.sleep(for: .seconds(1))
        let second = try await watched.look()
        let advance = Int(second.video?.frameNumber ?? 0) - Int(first.video?.frameNumber ?? 0)
        let video = second.video.map { "\($0.codec ?? "") \($0.width ?? 0)x\($0.height ?? 0)" } ?? ""
        checks.check("the stamp's frame number advances", advance >= 5, "by \(advance) in 1 s, \(video)")
        checks.check("\(settings.name) is heard", second.audio?.showing == .sound, tone(second))
        if let tone = settings.tone {
            let heard = second.audio?.frequency ?? 0
            checks.check("the tone is \(Int(tone)) Hz", abs(heard - tone) <= 10, "\(Int(heard)) Hz")
        }
    }

    private func tone(_ view: ParticipantView) -> String {
        guard let audio = view.audio, let level = audio.level else { return "no sound decoded" }
        return
            "\(audio.showing.rawValue), \(Int(audio.frequency ?? 0)) Hz, level \(Int(level * 1_000)) / 1000"
    }

    private func checkWithdrawal(
        _ watched: WatchedParticipant,
        token: String,
        view: String,
        events: SeenEvents
    ) async throws {
        let position = try await watched.logPosition()
        let eventsBefore = events.names.count
        try await watched.forgetFirsts()
        let answer = try await api.change(
            .withdraw,
            room: settings.room,
            participant: settings.participant,
            token: token
        )
        let acknowledgedAt = SystemClock.monotonic
        checks.check(
            "withdrawal is acknowledged",
            answer.effectiveAt >= answer.sentAt && answer.effectiveAt <= answer.answeredAt,
            "after \(Self.rounded(answer.milliseconds)) ms, effective_at \(answer.effectiveAt.rfc3339)"
        )
        let slate = try await watched.await(milliseconds: Self.slateMilliseconds) {
            $0.video?.showing == .unstamped
        }
        let slateAt = slate?.firstUnstampedAt.map { Double($0.nanoseconds(since: acknowledgedAt)) / 1e6 }
        checks.check(
            "the slate appears within 1.5 s",
            slate != nil,
            slateAt.map { "\(Self.rounded(max(0, $0))) ms after the acknowledgement" } ?? "no slate"
        )
        let silent = try await watched.await(milliseconds: Self.slateMilliseconds) {
            $0.audio?.showing == .silence
        }
        checks.check("the sound is silent", silent != nil, tone(try await watched.look()))

        // Long enough for what might still come by mistake: retransmissions, a late burst.
        try await Task.sleep(for: .milliseconds(1_500))
        try await checkJoinWhileWithheld(view, source: watched.source)
        let now = SystemClock.wall.nanosecondsSince1970
        let verdict = WithheldVerdict(
            try await watched.records(from: position),
            slot: watched.slot,
            source: watched.source,
            interval: answer.effectiveAt.nanosecondsSince1970..<(now - 500_000_000)
        )
        checks.check(
            "no packet of \(settings.name) was received after effective_at",
            verdict.leakedVideo == 0 && verdict.leakedAudio == 0,
            "\(verdict.leakedVideo) video, \(verdict.leakedAudio) audio; \(verdict.slate) packets of slate, "
                + "\(verdict.silence) of silence"
        )
        checks.check(
            "every packet after effective_at is slate or silence",
            verdict.unexplained == 0 && verdict.slate > 0,
            "\(verdict.unexplained) unexplained"
        )
        let told = events.names.dropFirst(eventsBefore)
        checks.check(
            "the viewer was told that the stream is withheld",
            told.contains("withheld"),
            told.isEmpty ? "no event came" : told.joined(separator: ", ")
        )
    }

    /// Somebody who joins now gets an answer like anybody's, and nothing of the participant.
    private func checkJoinWhileWithheld(_ token: String, source: UInt16) async throws {
        let viewing = try await toolkit.viewer.start(viewer(token, slots: settings.slots, keepsLog: true))
        _ = await firstPicture(of: viewing, withinSeconds: 3)
        try await Task.sleep(for: .milliseconds(700))
        let media = viewing.media
        let records = try await toolkit.loop.run { media.value(on: $0).log }
        await toolkit.viewer.stop(viewing, token: .text(token))
        let leaked = records.count { $0.content == .stamped(PictureSource(number: source)) }
        let shown = records.count { $0.content == .unstamped }
        checks.check(
            "who joins now sees the slate and nothing of \(settings.name)",
            leaked == 0 && shown > 0,
            "\(leaked) packets of theirs, \(shown) of slate"
        )
    }

    private func checkMetrics(_ before: [String: Double], _ after: [String: Double]) {
        let names = ["tally_slate_packets_total", "tally_passes_denied_total"]
        func sum(_ metrics: [String: Double], _ name: String) -> Double {
            metrics.filter { $0.key == name || $0.key.hasPrefix(name + "{") }.values.reduce(0, +)
        }
        for name in names {
            let (first, second) = (sum(before, name), sum(after, name))
            checks.check("\(name) has risen", second > first, "\(Int(first)) to \(Int(second))")
        }
    }

    private func checkGrant(_ watched: WatchedParticipant, token: String) async throws {
        try await watched.forgetFirsts()
        let answer = try await api.change(
            .grant,
            room: settings.room,
            participant: settings.participant,
            token: token
        )
        let acknowledgedAt = SystemClock.monotonic
        checks.check("grant is acknowledged", true, "after \(Self.rounded(answer.milliseconds)) ms")
        let resumed = try await watched.await(milliseconds: Self.resumptionMilliseconds) {
            $0.video?.showing == .stamped
        }
        let time = resumed?.firstStampedAt.map { Double($0.nanoseconds(since: acknowledgedAt)) / 1e6 }
        checks.check(
            "the picture is back within 1 s",
            (time ?? .infinity) <= Double(Self.resumptionMilliseconds),
            time.map { "\(Self.rounded(max(0, $0))) ms after the acknowledgement" } ?? "it is not"
        )
        checks.check(
            "it came back with a keyframe",
            resumed?.firstStampedIsKeyframe ?? false
        )
        let heard = try await watched.await(milliseconds: Self.resumptionMilliseconds) {
            $0.audio?.showing == .sound
        }
        checks.check("the sound is back", heard != nil, tone(try await watched.look()))
    }

    // MARK: Refusals

    private func checkRefusals(operatorToken: String) async throws {
        let foreign = try await api.viewToken(room: "smoke-elsewhere", operatorToken: operatorToken)
        let empty = try await api.viewToken(room: "smoke-empty", operatorToken: operatorToken)
        let refused = await refusal(room: settings.room, token: "no-token")
        checks.check("a wrong token is refused with 401", refused?.status == 401, Self.text(refused))
        let forbidden = await refusal(room: settings.room, token: foreign)
        checks.check(
            "another room's token is refused with 403",
            forbidden?.status == 403,
            Self.text(forbidden)
        )
        let absent = await refusal(room: "smoke-empty", token: empty)
        checks.check(
            "a room with nobody on air answers 409 with Retry-After",
            absent?.status == 409 && absent?.retryAfter != nil,
            Self.text(absent)
        )
    }

    func refusal(room: String, token: String) async -> (status: Int, retryAfter: Int?)? {
        do {
            let viewing = try await toolkit.viewer.start(
                ViewerSettings(url: api.whep(room), token: .text(token))
            )
            await toolkit.viewer.stop(viewing, token: .text(token))
            return (201, nil)
        } catch let SignalingError.refused(status, _, retryAfterSeconds) {
            return (status, retryAfterSeconds)
        } catch {
            return nil
        }
    }

    static func text(_ answer: (status: Int, retryAfter: Int?)?) -> String {
        guard let answer else { return "no answer" }
        return "\(answer.status)" + (answer.retryAfter.map { ", Retry-After \($0)" } ?? "")
    }

    static func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
