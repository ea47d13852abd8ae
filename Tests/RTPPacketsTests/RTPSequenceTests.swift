import Primitives
import RTPPackets
import Testing

@Suite struct RTPSequenceTests {
    @Test func comparesAcrossTheWrap() {
        #expect(RTPSequence.isNewer(0, than: 65535))
        #expect(!RTPSequence.isNewer(65535, than: 0))
        #expect(!RTPSequence.isNewer(7, than: 7))
        #expect(RTPSequence.distance(from: 65530, to: 4) == 10)
        #expect(RTPSequence.distance(from: 4, to: 65530) == -10)
        #expect(RTPTimestamp.isNewer(10, than: 0xFFFF_FFF0))
        #expect(RTPTimestamp.distance(from: 0xFFFF_FFF0, to: 16) == 32)
    }

    @Test func raisesTheFirstNumberByOneCycle() {
        var unwrapper = SequenceUnwrapper()
        #expect(unwrapper.newest == nil)
        #expect(unwrapper.unwrap(5) == 65541)
        #expect(unwrapper.newest == 65541)
    }

    @Test func staysPositiveWhenTheFirstPacketsAreReordered() {
        var unwrapper = SequenceUnwrapper()
        _ = unwrapper.unwrap(2)
        #expect(unwrapper.unwrap(65534) == 65534)
        #expect(unwrapper.newest == 65538)
        var lowest = SequenceUnwrapper()
        _ = lowest.unwrap(0)
        for _ in 0..<100 { #expect(lowest.unwrap(0x8000) == 0x8000) }
    }

    @Test func peeksWithoutRemembering() {
        var unwrapper = SequenceUnwrapper()
        _ = unwrapper.unwrap(65535)
        #expect(unwrapper.peek(0) == 131_072)
        #expect(unwrapper.newest == 131_071)
    }

    @Test func followsRandomWalksOverManyWraps() {
        var random = SeededRandom(seed: 1)
        var sequences = SequenceUnwrapper()
        var timestamps = TimestampUnwrapper()
        var number: Int64 = SequenceUnwrapper.base + 40000
        var time: Int64 = TimestampUnwrapper.base + 4_000_000_000
        for _ in 0..<20_000 {
            let sequence = max(number + Int64.random(in: -1000...0, using: &random), 0)
            #expect(sequences.unwrap(UInt16(truncatingIfNeeded: number)) == number)
            #expect(sequences.unwrap(UInt16(truncatingIfNeeded: sequence)) == sequence)
            #expect(timestamps.unwrap(UInt32(truncatingIfNeeded: time)) == time)
            #expect(timestamps.peek(UInt32(truncatingIfNeeded: time - 90_000)) == time - 90_000)
            number += Int64.random(in: 0...2000, using: &random)
            time += Int64.random(in: 0...90_000_000, using: &random)
        }
    }
}
