import Primitives
import RTPPackets
import Testing

@testable import LoadTesting

@Suite struct ReceivedStreamTests {
    private func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000).advanced(byMilliseconds: milliseconds)
    }

    private func take(_ stream: inout ReceivedStream, _ sequences: [UInt16]) {
        for sequence in sequences { _ = stream.take(sequence: sequence, timestamp: 1, arrival: time(0)) }
    }

    @Test func countsLossAndReorderingAcrossTheWrap() {
        var stream = ReceivedStream(ssrc: 1, codec: .vp8)
        take(&stream, [65_533, 65_534, 0, 65_535, 1, 4])
        #expect(stream.lost == 2)
        #expect(stream.late == 1)
        #expect(stream.requests(now: time(9)).isEmpty, "they may only be late")
        #expect(stream.requests(now: time(10)) == [2, 3])
        #expect(stream.requests(now: time(20)).isEmpty)
        stream.takeRepetition(of: 2)
        stream.takeRepetition(of: 2)
        #expect(stream.lost == 1)
        #expect(stream.recovered == 1)
        take(&stream, [3])
        #expect(stream.lost == 0)
        #expect(!stream.hasMissing)
        #expect(stream.late == 1, "what was asked for did not overtake anything")
        #expect(stream.recoveredInPlace == 1)
    }

    @Test func givesUpAfterSomeRequests() {
        var stream = ReceivedStream(ssrc: 1, codec: .vp8)
        take(&stream, [1, 3])
        for round in 0..<4 { #expect(stream.requests(now: time(Int64(10 + 60 * round))) == [2]) }
        #expect(stream.requests(now: time(500)).isEmpty)
        #expect(!stream.hasMissing)
        #expect(stream.requested == 4)
        #expect(stream.lost == 1)
    }

    @Test func aPauseIsAFreezeOnlyWhereItIsUnusual() {
        var stream = ReceivedStream(ssrc: 1, codec: .vp8)
        for frame in 0..<30 { #expect(stream.endFrame(arrival: time(Int64(frame) * 33)) == nil) }
        #expect(stream.endFrame(arrival: time(29 * 33 + 180)) == nil, "less than 150 ms above the usual")
        #expect(stream.endFrame(arrival: time(29 * 33 + 180 + 400)) == 400_000_000)
        var slow = ReceivedStream(ssrc: 1, codec: .vp8)
        for frame in 0..<30 { #expect(slow.endFrame(arrival: time(Int64(frame) * 200)) == nil) }
        #expect(slow.endFrame(arrival: time(29 * 200 + 500)) == nil, "less than three times the usual")
    }

    @Test func aFrameIsDecodableOnceAllOfAKeyframeIsThere() {
        var frame = FirstFrame()
        func take(_ sequence: UInt16, _ timestamp: UInt32, key: Bool = false, marked: Bool = false) {
            frame.take(sequence: sequence, timestamp: timestamp, startsKeyframe: key, isMarked: marked)
        }
        take(9, 0, marked: true)
        #expect(!frame.hasKeyframe)
        take(65_535, 1, key: true)
        #expect(frame.hasKeyframe)
        take(1, 1, marked: true)
        #expect(!frame.isWhole, "one between is missing")
        take(2, 2, marked: true)
        #expect(!frame.isWhole)
        take(0, 1)
        #expect(frame.isWhole)
    }

    @Test func aKeyframeThatWasLostIsReplacedByTheNext() {
        var frame = FirstFrame()
        frame.take(sequence: 1, timestamp: 1, startsKeyframe: true, isMarked: false)
        frame.take(sequence: 5, timestamp: 2, startsKeyframe: true, isMarked: false)
        frame.take(sequence: 6, timestamp: 2, startsKeyframe: false, isMarked: true)
        #expect(frame.isWhole)
    }
}
