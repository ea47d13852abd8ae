import Disclosures
import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import Testing

@Suite("Consent that another relay carries along")
struct CarriedConsentTests {
    private static let live: CarriedConsent = [.live, .recording]

    private static func receiving(
        seed: UInt64,
        _ carried: CarriedConsent?
    ) throws -> (Simulation, SimulatedPublisher, SimulatedViewer) {
        let simulation = try Simulation(seed: seed)
        var habits = PublisherHabits()
        habits.announcesConsentState = true
        let publisher = simulation.addPublisher(loop: 0, habits: habits)
        publisher.carried = carried
        let viewer = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        return (simulation, publisher, viewer)
    }

    private static func drops(_ reason: DropReason, _ simulation: Simulation) -> UInt64 {
        simulation.loops[0].engine.counters.drops[Int(reason.rawValue)]
    }

    /// The gates follow what was told last of every track.
    private static func follow(_ simulation: Simulation) {
        var newest: [TrackID: CarriedReport] = [:]
        for report in simulation.carriedConsents { newest[report.track] = report }
        for report in newest.values {
            simulation.loops[0].post([
                .carriedApplied(report.peer, report.track, number: report.number)
            ])
        }
    }

    @Test func mediaWithoutTheStateThatWasAnnouncedIsRefused() throws {
        let (simulation, publisher, viewer) = try Self.receiving(seed: 1, nil)
        #expect(publisher.sent.count > 50)
        #expect(publisher.video.head == 0)
        #expect(publisher.audio.head == 0)
        #expect(viewer.seen.isEmpty)
        #expect(Self.drops(.withoutConsentState, simulation) > 50)
        #expect(simulation.carriedConsents.isEmpty)
        publisher.carried = Self.live
        simulation.run(milliseconds: 500)
        #expect(publisher.video.head > 0)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func everyTracksFirstStateIsToldOnceAndItsMediaFlows() throws {
        let (simulation, publisher, viewer) = try Self.receiving(seed: 2, Self.live)
        #expect(simulation.carriedConsents.map(\.carried) == [Self.live, Self.live])
        #expect(
            Set(simulation.carriedConsents.map(\.track)) == [publisher.video.track, publisher.audio.track]
        )
        #expect(viewer.seen.count > 50)
        #expect(Self.drops(.awaitsConsentState, simulation) == 0)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func whatPermitsLessWaitsUntilTheGatesFollow() throws {
        let (simulation, publisher, viewer) = try Self.receiving(seed: 3, Self.live)
        publisher.carried = .recording
        simulation.run(milliseconds: 40)
        let heads = (publisher.video.head, publisher.audio.head)
        let seen = viewer.seen.count
        let narrowed = simulation.carriedConsents.suffix(2)
        #expect(narrowed.map(\.carried) == [.recording, .recording])
        // Nobody has closed anything yet, and still nothing of it can be shown.
        simulation.run(milliseconds: 400)
        #expect((publisher.video.head, publisher.audio.head) == heads)
        #expect(viewer.seen.count - seen < 10, "what was on its way")
        #expect(Self.drops(.awaitsConsentState, simulation) > 20)
        simulation.closeAll()
        Self.follow(simulation)
        simulation.run(milliseconds: 300)
        #expect(publisher.video.head > heads.0 + 5)
        #expect(publisher.audio.head > heads.1 + 10)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func whatWaitedIsAskedForAgainAndComes() throws {
        let (simulation, publisher, _) = try Self.receiving(seed: 4, [.live, .recording])
        let before = publisher.nacksReceived
        publisher.carried = .live
        simulation.run(milliseconds: 60)
        Self.follow(simulation)
        simulation.run(milliseconds: 1_000)
        #expect(publisher.nacksReceived > before)
        let sent = publisher.sent.keys.filter { $0.track == UInt32(publisher.video.track.rawValue) }
        let stored = simulation.track(UInt32(publisher.video.track.rawValue)).byMark
        let recent = sent.filter { $0.number + 40 > (sent.map(\.number).max() ?? 0) }
        #expect(recent.count > 10)
        #expect(sent.filter { stored[$0] == nil }.count <= 6, "at most what has just left")
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func wideningPassesAtOnceAndIsTold() throws {
        let (simulation, publisher, _) = try Self.receiving(seed: 5, .live)
        let dropped = Self.drops(.awaitsConsentState, simulation)
        publisher.carried = [.live, .recording, .liveEmbed]
        simulation.run(milliseconds: 200)
        #expect(simulation.carriedConsents.last?.carried == [.live, .recording, .liveEmbed])
        #expect(Self.drops(.awaitsConsentState, simulation) == dropped)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func anAnswerToAnEarlierStateOpensNothing() throws {
        let (simulation, publisher, _) = try Self.receiving(seed: 6, Self.live)
        let first = simulation.carriedConsents
        publisher.carried = .recording
        simulation.run(milliseconds: 100)
        for report in first {
            simulation.loops[0].post([
                .carriedApplied(report.peer, report.track, number: report.number)
            ])
        }
        let head = publisher.video.head
        simulation.run(milliseconds: 300)
        #expect(publisher.video.head == head)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func whoFlipsWithEachPacketIsToldOfAtABoundedRateAndNeverShownTooWidely() throws {
        let (simulation, publisher, _) = try Self.receiving(seed: 7, Self.live)
        let before = simulation.carriedConsents.count
        for step in 0..<400 {
            publisher.carried = step % 2 == 0 ? .recording : Self.live
            simulation.run(milliseconds: 5)
        }
        // Two tracks for two seconds, one change each 50 ms.
        #expect(simulation.carriedConsents.count - before <= 2 * 41)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func anUnansweredChangeIsToldAgain() throws {
        let (simulation, publisher, _) = try Self.receiving(seed: 8, Self.live)
        publisher.carried = .recording
        let before = simulation.carriedConsents.count
        simulation.run(milliseconds: 3_500)
        #expect((before + 6...before + 8).contains(simulation.carriedConsents.count))
        Self.follow(simulation)
        simulation.closeAll()
        let head = publisher.audio.head
        simulation.run(milliseconds: 300)
        #expect(publisher.audio.head > head)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func aSourceThatBeginsAnewIsFollowedToo() throws {
        let (simulation, publisher, _) = try Self.receiving(seed: 9, Self.live)
        publisher.restartSources()
        simulation.run(milliseconds: 300)
        publisher.carried = .recording
        simulation.run(milliseconds: 300)
        #expect(simulation.carriedConsents.suffix(2).map(\.carried) == [.recording, .recording])
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    // MARK: - The sending side

    @Test func aLineCarriesWhatItWasToldWithEveryPacketFromThenOn() throws {
        let simulation = try Simulation(seed: 10)
        simulation.addPublisher(loop: 0)
        var habits = ViewerHabits()
        habits.takesConsentState = true
        let other = simulation.addViewer(loop: 1, habits: habits)
        simulation.openAll()
        simulation.keepLeases()
        func carry(_ carried: CarriedConsent) {
            simulation.loops[1].post([0, 1].map { .carry(other.id, mediaIndex: $0, carried) })
        }
        carry(Self.live)
        simulation.run(milliseconds: 1_500)
        #expect(other.carriedStates.count == other.seen.keys.filter { !$0.isSlate }.count)
        #expect(other.carriedStates.count > 100)
        #expect(Set(other.carriedStates.map(\.state.rawValue)) == [Self.live.rawValue])
        carry(.live)
        let told = simulation.now
        simulation.run(milliseconds: 500)
        let later = other.carriedStates.filter { $0.time.milliseconds(since: told) > 50 }
        #expect(later.count > 20)
        #expect(later.allSatisfy { $0.state == .live })
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// What is repeated was sent before: what has been granted since is not for it.
    @Test func aRepetitionSaysNothingThatWasAddedAfterTheFirstTime() throws {
        let simulation = try Simulation(seed: 12)
        simulation.link = LinkQuality(lossPercent: 15, latencyMilliseconds: 40, jitterMilliseconds: 4)
        simulation.addPublisher(loop: 0)
        var habits = ViewerHabits()
        habits.takesConsentState = true
        let other = simulation.addViewer(loop: 1, habits: habits)
        simulation.openAll()
        simulation.keepLeases()
        var added: [MonotonicTime] = []
        for step in 0..<12 {
            let carried: CarriedConsent = step % 2 == 0 ? .live : [.live, .recording]
            simulation.loops[1].post([0, 1].map { .carry(other.id, mediaIndex: $0, carried) })
            if step % 2 == 1 { added.append(simulation.now) }
            simulation.run(milliseconds: 400)
        }
        var repeated = 0
        for (state, time, mark) in other.carriedStates {
            guard let mark, let first = other.tap.firstSent[mark] else { continue }
            let wasWidened = added.contains { first.time < $0 && $0 < time }
            if wasWidened {
                repeated += 1
                #expect(!state.contains(.recording) || wasRecordable(first.time, added))
            }
        }
        #expect(repeated > 3)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Whether recording was carried at `time`: for 400 ms from each addition on.
    private func wasRecordable(_ time: MonotonicTime, _ added: [MonotonicTime]) -> Bool {
        added.contains { $0 <= time && time.milliseconds(since: $0) < 400 }
    }

    /// The wiretap sees to it that no number is ever two byte strings.
    @Test(arguments: [true, false])
    func aLineWhoseStateChangesNeverRepeatsANumberWithOtherBytes(usesRTX: Bool) throws {
        let simulation = try Simulation(seed: 11)
        simulation.link = LinkQuality(lossPercent: 10, latencyMilliseconds: 10, jitterMilliseconds: 4)
        simulation.addPublisher(loop: 0)
        var habits = ViewerHabits()
        habits.takesConsentState = true
        habits.usesRTX = usesRTX
        let other = simulation.addViewer(loop: 1, habits: habits)
        simulation.openAll()
        simulation.keepLeases()
        for step in 0..<60 {
            let carried: CarriedConsent = step % 2 == 0 ? .live : [.live, .recording]
            simulation.loops[1].post([0, 1].map { .carry(other.id, mediaIndex: $0, carried) })
            simulation.run(milliseconds: 50)
        }
        #expect(usesRTX ? other.tap.retransmissions > 5 : other.tap.retransmissions == 0)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }
}
