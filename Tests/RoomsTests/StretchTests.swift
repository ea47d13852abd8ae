import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import Testing

@Suite("Stretches of a recording")
struct StretchTests {
    @Test func aKeyframeWhosePiecesCameInDisorderIsWhole() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(9)
        stage.publish(12)
        stage.publish(11)
        stage.publish(10, keyframe: true)
        stage.publish(13)
        stage.turn()
        #expect(Set(stage.captured) == [10, 11, 12, 13])
        #expect(stage.sink.stretches.map(\.stretch.firstSequence) == [10])
        stage.publish(8)
        stage.turn()
        #expect(!stage.captured.contains(8), "older than the picture that the stretch begins with")
        stage.expectWhole()
    }

    /// The order, or the permit, stands between the pieces.
    @Test func aKeyframeIsNotMadeWholeWithWhatMayNotBeRead() throws {
        let stage = CaptureStage()
        stage.publish(11)
        try stage.open()
        stage.admit()
        stage.publish(10, keyframe: true)
        stage.publish(12)
        stage.turn()
        #expect(stage.captured == [10, 12])
    }

    @Test func lappingIsAGap() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn()
        for sequence in 2...1_000 as ClosedRange<Int64> { stage.publish(sequence, keyframe: sequence == 500) }
        stage.catchUp()
        #expect(stage.captured == [1], "the newest keyframe is lost too")
        #expect(stage.counters.overtaken == 1)
        #expect(stage.ring.takeKeyframeWishes())
        stage.publish(1_001)
        stage.publish(1_002, keyframe: true)
        stage.catchUp()
        #expect(stage.captured == [1, 1_002])
        #expect(stage.sink.stretches.map(\.end) == [.overtaken, nil])
        stage.expectWhole()
    }

    @Test func lappedSoundGoesOnWithTheOldestThatIsLeft() throws {
        let stage = CaptureStage(kind: .audio)
        try stage.open()
        stage.admit()
        stage.publish(0)
        stage.turn()
        for sequence in 1..<1_000 as Range<Int64> { stage.publish(sequence) }
        stage.catchUp()
        let captured = stage.captured
        #expect(captured.count == 1 + 256 - MediaRing.writerMargin)
        #expect(captured.last == 999)
        #expect(captured == captured.sorted())
        stage.expectWhole()
    }

    @Test func anotherSourceIsAnotherStretch() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.publish(2)
        stage.turn()
        stage.publish(3, source: 1)
        stage.publish(4, keyframe: true, source: 1)
        // Repaired late, and of the picture before.
        stage.publish(5, source: 0)
        stage.publish(6, source: 1)
        stage.catchUp()
        stage.turn()
        #expect(stage.captured == [1, 2, 4, 6])
        #expect(stage.sink.stretches.map(\.stretch.source) == [0, 1])
        #expect(stage.sink.stretches.map(\.end) == [.sourceChanged, nil])
        stage.expectWhole()
    }

    @Test func anotherCodecIsAnotherStretch() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn()
        stage.publish(2, keyframe: true, codec: .h264)
        stage.publish(3, codec: .h264)
        stage.catchUp()
        stage.turn()
        #expect(stage.captured == [1, 2, 3])
        #expect(stage.sink.stretches.map(\.stretch.codec) == [.vp8, .h264])
        stage.expectWhole()
    }

    @Test func anotherEpochGoesOnWithoutAKeyframe() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn()
        stage.gate.renew(
            try CaptureStage.permit(epoch: 5),
            from: stage.ring.head,
            leaseEnd: .distantFuture,
            now: CaptureStage.reading(stage.now).monotonic
        )
        stage.publish(2)
        stage.turn()
        #expect(stage.captured == [1, 2])
        #expect(stage.sink.stretches.map(\.stretch.epoch) == [1, 5])
        #expect(stage.sink.stretches.map(\.stretch.isContinued) == [false, true])
        #expect(stage.sink.stretches.map(\.end) == [.renewed, nil])
        #expect(stage.states == [.capturing], "nothing has changed for who is recorded")
        stage.expectWhole()
    }

    /// The lines of an interval went apart, or another grant has taken over.
    @Test func anotherIntervalGoesOnAndCountsAreApart() throws {
        let stage = CaptureStage()
        try stage.open()
        let first = stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn()
        let second = stage.admit()
        stage.publish(2)
        stage.publish(3)
        stage.turn()
        stage.release()
        stage.turn()
        #expect(stage.captured == [1, 2, 3])
        #expect(stage.sink.stretches.map(\.stretch.account) == [first, second])
        #expect(stage.sink.stretches.map(\.stretch.isContinued) == [false, true])
        let finals = stage.reports.filter(\.isFinal)
        #expect(finals.map(\.account) == [first, second])
        #expect(finals.map(\.packets) == [1, 2])
    }

    @Test func aSinkThatKeepsNothingIsAskedAgainAndTheTimeBetweenIsNotCaptured() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.sink.room = 1
        stage.turn()
        stage.publish(2)
        stage.turn()
        #expect(stage.sink.stretches.map(\.end) == [.refused])
        #expect(stage.states == [.capturing, .refused])
        stage.sink.isFull = true
        stage.sink.room = .max
        stage.publish(3, keyframe: true)
        stage.turn(after: 100)
        stage.sink.isFull = false
        stage.publish(4)
        stage.turn(after: Recorder.refusalMilliseconds)
        #expect(stage.captured == [1, 3, 4], "the keyframe came after the refusal")
        #expect(stage.states == [.capturing, .refused, .capturing])
        stage.expectWhole()
    }

    @Test func whatWasPublishedWhenTheSinkRefusedIsNotCapturedLater() throws {
        let stage = CaptureStage(kind: .audio)
        try stage.open()
        stage.admit()
        stage.sink.isFull = true
        for sequence in 1...10 { stage.publish(Int64(sequence)) }
        stage.turn()
        #expect(stage.states == [.refused])
        stage.sink.isFull = false
        stage.publish(11)
        stage.turn(after: Recorder.refusalMilliseconds)
        #expect(stage.captured == [11])
    }

    @Test func oneLineTakesABatchATurn() throws {
        let stage = CaptureStage(kind: .audio)
        try stage.open()
        stage.admit()
        for sequence in 0..<150 as Range<Int64> { stage.publish(sequence) }
        stage.turn()
        #expect(stage.captured.count == Recorder.batchLimit)
        #expect(stage.hasBacklog)
        stage.catchUp()
        #expect(stage.captured.count == 150)
        #expect(!stage.hasBacklog)
    }

    @Test func keyframesAreAskedForUntilOneComesAndThenSeldom() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        for _ in 0..<100 { stage.turn() }
        #expect(stage.counters.keyframeWishes == 4, "every half second of two")
        stage.publish(1, keyframe: true)
        for _ in 0..<400 { stage.turn() }
        #expect(stage.counters.keyframeWishes == 4)
        for _ in 0..<750 { stage.turn() }
        #expect(stage.counters.keyframeWishes == 6, "every ten seconds of 23")
    }

    @Test func theSinkMayAskForAKeyframe() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn()
        #expect(!stage.ring.takeKeyframeWishes())
        stage.sink.wishes = [CaptureStage.line, LineName(peer: PeerID(8), mediaIndex: 0)]
        stage.turn()
        #expect(stage.ring.takeKeyframeWishes())
    }

    @Test func afterACutOffEverythingBeginsWithWhatComesNext() throws {
        let stage = CaptureStage()
        try stage.open()
        stage.admit()
        stage.publish(1, keyframe: true)
        stage.turn()
        stage.publish(2, keyframe: true)
        stage.recover()
        stage.turn()
        #expect(stage.captured == [1])
        #expect(stage.sink.recoveries == 1)
        stage.publish(3, keyframe: true)
        stage.turn()
        #expect(stage.captured == [1, 3])
        #expect(stage.sink.stretches.map(\.end) == [nil, nil], "the sink has lost the first by itself")
        stage.expectWhole()
    }
}
