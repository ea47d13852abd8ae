import Primitives
import RTPPackets
import Testing

@Suite struct NTPTimestampTests {
    /// RFC 3550 6.4.1's worked example: 10 Nov 1995 11:33:25.125 UTC is b44d:b705 2000:0000.
    @Test func agreesWithTheExampleOfTheRFC() {
        let sent = NTPTimestamp(rawValue: 0xB44D_B705_2000_0000)
        #expect(sent.nanosecondsSince1970 == 816_003_205_125_000_000)
        #expect(NTPTimestamp(nanosecondsSince1970: 816_003_205_125_000_000) == sent)
        #expect(sent.middle == 0xB705_2000)
        #expect(NTPTimestamp(WallClockTime(nanosecondsSince1970: 816_003_205_125_000_000)) == sent)
        #expect(sent.wallClockTime.nanosecondsSince1970 == 816_003_205_125_000_000)
    }

    /// The same example: A = b710:8000, LSR = b705:2000, DLSR = 0005:4000; the delay is 6.125 s.
    @Test func measuresTheRoundTripOfTheExample() {
        let report = ReportBlock(
            ssrc: 1,
            lastSenderReport: 0xB705_2000,
            delaySinceLastSenderReport: 0x0005_4000
        )
        #expect(CompactNTP.roundTripNanoseconds(now: 0xB710_8000, report: report) == 6_125_000_000)
        #expect(CompactNTP.units(nanoseconds: 5_250_000_000) == 0x0005_4000)
        #expect(CompactNTP.roundTripNanoseconds(now: 1, report: ReportBlock(ssrc: 1)) == nil)
        #expect(CompactNTP.roundTripNanoseconds(now: 0xB705_2000, report: report) == nil)
    }

    @Test func saturatesDelays() {
        #expect(CompactNTP.units(nanoseconds: -1) == 0)
        #expect(CompactNTP.units(nanoseconds: .max) == .max)
    }

    @Test func givesBackEveryNanosecond() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<1000 {
            let time = Int64.random(in: -60_000_000_000_000_000...4_000_000_000_000_000_000, using: &random)
            #expect(NTPTimestamp(nanosecondsSince1970: time).nanosecondsSince1970 == time)
        }
    }

    @Test func writesAbsoluteSendTime() {
        // 1.5 s is 1.5 * 2^18.
        #expect(AbsoluteSendTime(MonotonicTime(nanoseconds: 1_500_000_000)).rawValue == 393_216)
        #expect(AbsoluteSendTime(MonotonicTime(nanoseconds: 65_500_000_000)).rawValue == 393_216)
        let late = AbsoluteSendTime(MonotonicTime(nanoseconds: 63_900_000_000))
        let next = AbsoluteSendTime(MonotonicTime(nanoseconds: 64_100_000_000))
        #expect(abs(next.nanoseconds(since: late) - 200_000_000) < 4000)
        #expect(abs(late.nanoseconds(since: next) + 200_000_000) < 8000)
        let data = bytes("060000")
        func read(_ range: Range<Int>) -> UInt32? {
            AbsoluteSendTime(in: data.span.bytes, at: range)?.rawValue
        }
        #expect(read(0..<3) == 393_216)
        #expect(read(0..<2) == nil)
        #expect(read(1..<4) == nil)
    }
}
