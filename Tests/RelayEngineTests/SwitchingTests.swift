import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import Testing

@Suite("Withholding and resuming")
struct SwitchingTests {
    private struct Stage {
        let simulation: Simulation
        let publisher: SimulatedPublisher
        let viewer: SimulatedViewer
        let audio: UInt32
        let video: UInt32

        init(seed: UInt64 = 1, publisherLoop: Int = 0, habits: ViewerHabits = ViewerHabits()) throws {
            simulation = try Simulation(seed: seed)
            publisher = simulation.addPublisher(loop: publisherLoop)
            viewer = simulation.addViewer(loop: 1, habits: habits)
            (audio, video) = (viewer.lines[0].ssrc, viewer.lines[1].ssrc)
        }

        func line(_ ssrc: UInt32) throws -> LineRecord { try #require(viewer.tap.lines[ssrc]) }

        func state(_ mediaIndex: Int) -> MediaLine.State? {
            simulation.lineStates[viewer.id]?[mediaIndex]
        }
    }

    /// The first few slates come sooner: nobody can ask for a lost one by its number.
    @Test func slateEachSecondAndSilenceEach20Milliseconds() throws {
        let stage = try Stage()
        stage.simulation.run(milliseconds: 6_000)
        let slates = try stage.line(stage.video).slateTimes
        #expect((8...10).contains(slates.count), "\(slates.count)")
        for (number, (earlier, later)) in zip(slates, slates.dropFirst()).enumerated() {
            let due: ClosedRange<Int64> = number < 3 ? 180...230 : 980...1_030
            #expect(due.contains(later.milliseconds(since: earlier)), "\(number)")
        }
        let silence = try stage.line(stage.audio).slateTimes
        let first = try #require(silence.first)
        let last = try #require(silence.last)
        let expected = last.milliseconds(since: first) / 20 + 1
        #expect(abs(Int64(silence.count) - expected) <= 2, "\(silence.count) of \(expected)")
        #expect(try stage.line(stage.video).mediaCount == 0)
        #expect(stage.viewer.tap.senderReports.isEmpty)
        #expect(stage.state(0) == .withheld)
        #expect(stage.state(1) == .withheld)
        #expect(stage.simulation.violations.isEmpty, "\(stage.simulation.violations)")
    }

    @Test func keyframeWishOfAWithheldLineBringsASlateAndAsksNobody() throws {
        let stage = try Stage()
        stage.simulation.run(milliseconds: 3_200)
        let before = try stage.line(stage.video).slateTimes.count
        let requests = stage.publisher.keyframeRequests.count
        for _ in 0..<20 {
            stage.viewer.sendPLI(stage.video)
            stage.simulation.run(milliseconds: 30)
        }
        let extra = try stage.line(stage.video).slateTimes.count - before
        #expect((2...4).contains(extra), "five a second at the most: \(extra) in 600 ms")
        #expect(stage.publisher.keyframeRequests.count == requests)
    }

    @Test func withdrawalIsQuickAndResumptionBeginsWithAKeyframe() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 2_000)
        #expect(stage.state(1) == .live)
        #expect(stage.viewer.tap.senderReports.count > 1)
        for _ in 0..<5 {
            let mediaBefore = try stage.line(stage.video).mediaCount
            #expect(mediaBefore > 0)
            simulation.closeAll()
            let closed = simulation.now
            simulation.run(milliseconds: 1_000)
            let reports = stage.viewer.tap.senderReports.count
            for ssrc in [stage.audio, stage.video] {
                let record = try stage.line(ssrc)
                let media = try #require(record.lastMediaAt)
                #expect(media <= closed.advanced(byMilliseconds: 1))
                let slate = try #require(record.slateTimes.first { $0 >= closed })
                #expect(slate.milliseconds(since: closed) <= 15, "a slate at the next timer")
            }
            #expect(stage.state(1) == .withheld)
            simulation.run(milliseconds: 1_000)
            #expect(stage.viewer.tap.senderReports.count == reports)
            simulation.openAll()
            let opened = simulation.now
            simulation.run(milliseconds: 1_500)
            let beginning = try #require(stage.line(stage.video).beginnings.last)
            #expect(beginning.original.keyframe && beginning.original.startsFrame)
            #expect(beginning.time > opened)
            #expect(beginning.time.milliseconds(since: opened) < 150, "a round trip and a frame")
            #expect(stage.state(1) == .live)
        }
        for gate in simulation.gates.values {
            #expect(gate.acknowledgements.count == 5)
            for (closed, acknowledged) in gate.acknowledgements {
                #expect(acknowledged.milliseconds(since: closed) <= 2)
            }
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Marked packets are published while withheld; then permitted, and everything is asked for again.
    @Test func noQuestionBringsBackWhatWasWithheld() throws {
        for usesRTX in [true, false] {
            var habits = ViewerHabits()
            habits.usesRTX = usesRTX
            let stage = try Stage(habits: habits)
            let simulation = stage.simulation
            simulation.openAll()
            simulation.keepLeases()
            simulation.run(milliseconds: 1_500)
            simulation.closeAll()
            let from = simulation.moment().step
            simulation.run(milliseconds: 1_500)
            let until = simulation.moment().step
            simulation.openAll()
            for _ in 0..<20 {
                stage.viewer.bomb(stage.video)
                stage.viewer.bomb(stage.audio)
                simulation.run(milliseconds: 100)
            }
            simulation.addViewer(loop: 0)
            simulation.run(milliseconds: 1_000)
            #expect(stage.viewer.tap.retransmissions > 20, "what is permitted is repeated")
            let track = simulation.track(UInt32(stage.publisher.video.track.rawValue))
            let withheld = track.byMark.filter { (from...until).contains($0.value.published.step) }
            #expect(withheld.count > 20)
            for viewer in simulation.viewers {
                #expect(withheld.keys.allSatisfy { viewer.seen[$0] == nil })
            }
            #expect(simulation.violations.isEmpty, "\(simulation.violations)")
        }
    }

    /// A question that arrives before the loop has noticed the closing: the line is still live, the gate not.
    @Test func questionRightAfterTheClosingBringsNothing() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.link.latencyMilliseconds = 0
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        for _ in 0..<20 {
            let repeated = stage.viewer.tap.retransmissions
            stage.viewer.bomb(stage.video)
            simulation.run(milliseconds: 20)
            #expect(stage.viewer.tap.retransmissions > repeated)
            simulation.closeAll()
            let before = stage.viewer.tap.retransmissions
            stage.viewer.bomb(stage.video)
            simulation.run(milliseconds: 20)
            #expect(stage.viewer.tap.retransmissions == before)
            simulation.openAll()
            simulation.run(milliseconds: 603)
        }
        #expect(simulation.loops[1].engine.forwarder.counters.passesDenied.reduce(0, +) > 20)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// The same of a sender report whose time comes right after the closing.
    @Test func noSenderReportAfterTheClosing() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        for early: Int64 in 0..<12 {
            let last = try #require(stage.viewer.tap.senderReports.last?.time)
            let due = last.advanced(byMilliseconds: 1_000 - early)
            // Without packets only the timer looks at the line.
            simulation.run(milliseconds: due.milliseconds(since: simulation.now) - 60)
            stage.publisher.isMuted = true
            simulation.run(milliseconds: 60)
            let count = stage.viewer.tap.senderReports.count
            simulation.closeAll()
            simulation.run(milliseconds: 30)
            #expect(stage.viewer.tap.senderReports.count == count)
            stage.publisher.isMuted = false
            simulation.openAll()
            simulation.run(milliseconds: 1_500)
            #expect(stage.viewer.tap.senderReports.count > count)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func leaseThatNobodyRenewsEndsByItself() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.openAll()
        let opened = simulation.now
        simulation.run(milliseconds: 4_000)
        let last = try #require(stage.line(stage.video).lastMediaAt)
        #expect(last.milliseconds(since: opened) < SimulatedGate.leaseMilliseconds)
        #expect(last.milliseconds(since: opened) > SimulatedGate.leaseMilliseconds - 100)
        #expect(stage.state(1) == .withheld)
        simulation.renew()
        simulation.run(milliseconds: 500)
        #expect(stage.state(1) == .live)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// A loop that was held up with media in its slab finds the lease over before the send call.
    @Test func leaseIsLookedAtAgainBeforeSending() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.openAll()
        let end = simulation.now.advanced(byMilliseconds: SimulatedGate.leaseMilliseconds)
        simulation.run(milliseconds: SimulatedGate.leaseMilliseconds - 30)
        for loop in simulation.loops { loop.stallBeforeSendingUntil = end.advanced(byMilliseconds: 5) }
        simulation.run(milliseconds: 500)
        #expect(simulation.loops[1].leaseDropped > 0, "read in time, and too late to leave")
        let media = stage.viewer.tap.firstSent.filter { !$0.key.isSlate }
        let last = try #require(media.values.map(\.time).max())
        #expect(last < end)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func leaseIsLookedAtAgainBeforeRepeating() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.link.latencyMilliseconds = 0
        simulation.openAll()
        let end = simulation.now.advanced(byMilliseconds: SimulatedGate.leaseMilliseconds)
        simulation.run(milliseconds: SimulatedGate.leaseMilliseconds - 2)
        for loop in simulation.loops { loop.stallBeforeSendingUntil = end.advanced(byMilliseconds: 5) }
        let repeated = stage.viewer.tap.retransmissions
        stage.viewer.bomb(stage.video)
        simulation.run(milliseconds: 500)
        #expect(simulation.loops[1].leaseDropped > 10)
        #expect(simulation.loops[1].engine.forwarder.counters.retransmissions > repeated)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func lineGoesOnWhenItsSourceChanges() throws {
        let simulation = try Simulation(seed: 3)
        let first = simulation.addPublisher(loop: 0)
        let second = simulation.addPublisher(loop: 1)
        let viewer = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        for turn in 0..<6 {
            let source = turn % 2 == 0 ? second : first
            simulation.subscribe(viewer, mediaIndex: 1, to: source.video)
            simulation.subscribe(viewer, mediaIndex: 0, to: source.audio)
            let changed = simulation.now
            simulation.run(milliseconds: 700)
            let line = try #require(viewer.tap.lines[viewer.lines[1].ssrc])
            let beginning = try #require(line.beginnings.last)
            #expect(beginning.original.mark.track == UInt32(source.video.track.rawValue))
            #expect(beginning.time >= changed)
            #expect(beginning.time.milliseconds(since: changed) < 150)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func lineGoesOnWhenItsPublisherBeginsAnew() throws {
        let stage = try Stage(seed: 5)
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        for turn in 1...4 {
            stage.publisher.restartSources()
            let restarted = simulation.now
            simulation.run(milliseconds: 700)
            let line = try stage.line(stage.video)
            #expect(line.switchCount == turn + 1)
            let beginning = try #require(line.beginnings.last)
            #expect(beginning.time.milliseconds(since: restarted) < 100)
            let last = try #require(stage.viewer.seen.values.max())
            #expect(simulation.now.milliseconds(since: last) < 60)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Where a line was fed from before says nothing about the keyframes of what feeds it now.
    @Test func wishOfTheOldSourceDoesNotDelayTheNew() throws {
        let simulation = try Simulation(seed: 4)
        var habits = PublisherHabits()
        habits.sendsVideo = false
        let silent = simulation.addPublisher(loop: 0, habits: habits)
        let shown = simulation.addPublisher(loop: 0)
        let viewer = simulation.addViewer(loop: 0)
        simulation.openAll()
        simulation.keepLeases()
        // The keyframe of the beginning grows too old to begin with.
        simulation.run(milliseconds: Forwarder.catchUpMilliseconds + 1_500)
        simulation.subscribe(viewer, mediaIndex: 1, to: silent.video)
        simulation.run(milliseconds: 520)
        simulation.subscribe(viewer, mediaIndex: 1, to: shown.video)
        let changed = simulation.now
        simulation.run(milliseconds: 1_000)
        let beginning = try #require(viewer.tap.lines[viewer.lines[1].ssrc]?.beginnings.last)
        #expect(beginning.time.milliseconds(since: changed) < 150)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Permitted, and nothing to begin with: the slate stands in, and gives way to the first keyframe.
    @Test func permittedLineIsNeverBlack() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        stage.publisher.isMuted = true
        simulation.closeAll()
        simulation.run(milliseconds: 300)
        simulation.openAll()
        let opened = simulation.now
        simulation.run(milliseconds: 3_000)
        let slate = try #require(stage.line(stage.video).slateTimes.first { $0 > opened })
        #expect(
            (Forwarder.blankMilliseconds...Forwarder.blankMilliseconds + 30)
                .contains(slate.milliseconds(since: opened))
        )
        stage.publisher.isMuted = false
        let unmuted = simulation.now
        simulation.run(milliseconds: 1_000)
        let beginning = try #require(stage.line(stage.video).beginnings.last)
        #expect(beginning.time.milliseconds(since: unmuted) < 700)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }
}
