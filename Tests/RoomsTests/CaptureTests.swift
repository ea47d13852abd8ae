import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import Testing

@Suite("A recorder at the door")
struct CaptureTests {
    @Test func readsNothingBeforeTheLedgerHoldsTheInterval() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.publish(1, keyframe: true)
        stage.turn()
        #expect(stage.captured.isEmpty)
        stage.admit()
        stage.turn()
        #expect(stage.captured == [1], "permitted and published before the ledger had it")
        stage.expectWhole()
    }

    @Test func readsNothingThroughAGateThatWasNeverOpened() {
        let stage = CaptureStage()
        stage.publish(1, keyframe: true)
        stage.admit()
        stage.turn()
        #expect(stage.captured.isEmpty && stage.sink.stretches.isEmpty)
        #expect(stage.reports.map(\.isFinal) == [true], "an admission of no opening is over at once")
    }

    @Test func nothingFromBeforeThePermitIsCaptured() throws {
        let stage = CaptureStage()
        stage.publish(1, keyframe: true)
        stage.publish(2)
        try stage.open()
        stage.admit()
        stage.publish(3)
        stage.turn()
        #expect(stage.captured.isEmpty, "the picture that 3 continues is from before the permit")
        #expect(stage.ring.takeKeyframeWishes())
        stage.publish(4, keyframe: true)
        stage.publish(5)
        stage.turn()
        #expect(stage.captured == [4, 5])
        stage.expectWhole()
    }

    /// The door was open all the time: for a run that has ended, or one that was paused.
    @Test func nothingFromBeforeTheOrderIsCaptured() throws {
        let stage = CaptureStage(follows: false)
        try stage.open()
        stage.publish(1, keyframe: true)
        stage.publish(2)
        stage.follow()
        stage.admit()
        stage.turn()
        #expect(stage.captured.isEmpty)
        stage.publish(3, keyframe: true)
        stage.turn()
        #expect(stage.captured == [3])
    }

    @Test func soundBeginsWithWhatComesNext() throws {
        let stage = CaptureStage(kind: .audio, follows: false)
        stage.publish(1)
        stage.follow()
        try stage.open()
        stage.admit()
        stage.publish(2)
        stage.turn()
        stage.publish(3)
        stage.turn()
        #expect(stage.captured == [2, 3])
        #expect(!stage.ring.takeKeyframeWishes(), "of sound no keyframe is asked for")
    }

    @Test func aClosedGateEndsTheStretchWithoutAnyMessage() throws {
        let stage = try begun()
        stage.gate.close()
        stage.publish(2)
        stage.turn()
        #expect(stage.captured == [1])
        #expect(stage.sink.stretches.map(\.end) == [.withheld])
        #expect(stage.states == [.capturing, .withheld])
        #expect(
            stage.reports == [
                AccountReport(account: AccountID(room: 1, number: 1), packets: 1, bytes: 8, isFinal: true)
            ]
        )
    }

    @Test func anExpiredLeaseEndsTheStretchWithoutAnyMessage() throws {
        let stage = CaptureStage()
        try stage.open(leaseMilliseconds: 100)
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn(after: 99)
        #expect(stage.captured == [1])
        stage.publish(2)
        stage.turn(after: 1)
        #expect(stage.captured == [1], "at the moment of its end a lease no longer holds")
        #expect(stage.sink.stretches.map(\.end) == [.withheld])
        #expect(stage.reports.allSatisfy { !$0.isFinal }, "its renewal may be under way")
    }

    /// The authority read the clock before the lease's end and wrote after it.
    @Test func aLeaseThatIsRenewedLateBeginsAnewAndRepeatsNothing() throws {
        let stage = CaptureStage()
        try stage.open(leaseMilliseconds: 100)
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn(after: 90)
        stage.turn(after: 20)
        #expect(stage.states.last == .withheld)
        stage.gate.renew(
            try CaptureStage.permit(),
            from: stage.ring.head,
            leaseEnd: .distantFuture,
            now: CaptureStage.reading(99).monotonic
        )
        stage.publish(2)
        stage.turn()
        #expect(stage.captured == [1], "2 continues a picture that the recording does not have")
        stage.publish(3, keyframe: true)
        stage.turn()
        #expect(stage.captured == [1, 3])
        #expect(stage.sink.stretches.count == 2)
        stage.expectWhole()
    }

    @Test func anotherOpeningNeedsAnotherAdmission() throws {
        let stage = try begun()
        stage.gate.close()
        try stage.open()
        stage.publish(2, keyframe: true)
        stage.turn()
        #expect(stage.captured == [1])
        #expect(stage.states.last == .withheld)
        stage.admit()
        stage.turn()
        #expect(stage.captured == [1, 2])
        #expect(stage.sink.stretches.map(\.stretch.opening) == [1, 2])
        #expect(!stage.sink.stretches[1].stretch.isContinued, "in between lies what was withheld")
    }

    /// The gate opens and is admitted anew between two turns: nobody has seen it closed.
    @Test func whatWasWithheldBetweenTwoTurnsIsNotCaptured() throws {
        let stage = try begun()
        stage.gate.close()
        stage.publish(2)
        stage.publish(3, keyframe: true)
        try stage.open()
        stage.admit()
        stage.publish(4)
        stage.turn()
        #expect(stage.captured == [1])
        stage.publish(5, keyframe: true)
        stage.turn()
        #expect(stage.captured == [1, 5])
        #expect(stage.sink.stretches.map(\.end) == [.withheld, nil])
        stage.expectWhole()
    }

    @Test func aLateAdmissionAdmitsNothingAndIsFinal() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.gate.close()
        try stage.open()
        let late = stage.admit(opening: 1)
        stage.publish(1, keyframe: true)
        stage.turn()
        #expect(stage.captured.isEmpty)
        #expect(stage.reports == [AccountReport(account: late, packets: 0, bytes: 0, isFinal: true)])
    }

    @Test func aReleasedLineIsNotReadAnyMore() throws {
        let stage = try begun()
        stage.release()
        stage.publish(2)
        stage.turn()
        #expect(stage.captured == [1])
        #expect(stage.sink.stretches.map(\.end) == [.released])
        #expect(stage.states == [.capturing, .released])
        #expect(stage.isIdle)
        let late = stage.admit()
        stage.turn()
        #expect(stage.reports.last == AccountReport(account: late, packets: 0, bytes: 0, isFinal: true))
    }

    @Test func countsAreOfWhatTheSinkTook() throws {
        let stage = try begun()
        for sequence in 2...5 as ClosedRange<Int64> { stage.publish(sequence) }
        stage.sink.room = 3
        stage.turn()
        #expect(stage.captured == [1, 2, 3, 4])
        stage.gate.close()
        stage.turn()
        let last = try #require(stage.reports.last)
        #expect(last.isFinal && last.packets == 4 && last.bytes == 32)
    }

    @Test func openAccountsAreReportedEveryFewSeconds() throws {
        let stage = try begun()
        for sequence in 2...600 as ClosedRange<Int64> {
            stage.publish(sequence)
            stage.turn()
        }
        let reports = stage.reports
        #expect(reports.allSatisfy { !$0.isFinal })
        #expect((2...4).contains(reports.count), "\(reports.count) in twelve seconds")
    }

    @Test func aTurnLeavesNoMediaBehind() throws {
        let stage = try begun()
        for sequence in 2...40 as ClosedRange<Int64> { stage.publish(sequence) }
        stage.turn()
        #expect(stage.holdsNothing)
    }

    /// A recorder in the middle of a picture that it has begun with.
    private func begun() throws -> CaptureStage {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn()
        #expect(stage.captured == [1])
        return stage
    }
}
