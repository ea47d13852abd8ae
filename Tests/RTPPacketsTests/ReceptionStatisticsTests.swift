import Primitives
import RTPPackets
import Testing

@Suite struct ReceptionStatisticsTests {
    private func time(milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func reportsNothingLostOnASteadyStream() {
        var statistics = ReceptionStatistics(ssrc: 7, clockRate: 48000)
        for index in 0..<100 {
            statistics.record(
                sequenceNumber: UInt16(truncatingIfNeeded: 65500 + index),
                timestamp: UInt32(truncatingIfNeeded: 0xFFFF_0000 + index * 960),
                arrival: time(milliseconds: 1000 + Int64(index) * 20)
            )
        }
        let block = statistics.makeReportBlock(now: time(milliseconds: 4000))
        #expect(block == ReportBlock(ssrc: 7, highestSequence: 0x1_0000 + 63))
        #expect(statistics.receivedCount == 100)
    }

    @Test func countsLossSinceTheReportBefore() {
        var statistics = ReceptionStatistics(ssrc: 7, clockRate: 90000)
        func record(_ range: some Sequence<Int>) {
            for index in range {
                statistics.record(
                    sequenceNumber: UInt16(index),
                    timestamp: UInt32(index * 3000),
                    arrival: time(milliseconds: Int64(index) * 33)
                )
            }
        }
        record((0..<100).filter { $0 % 4 != 1 })
        var block = statistics.makeReportBlock(now: time(milliseconds: 4000))
        // 100 expected, 25 of them lost.
        #expect(block.fractionLost == 64)
        #expect(block.cumulativeLost == 25)
        record(100..<200)
        block = statistics.makeReportBlock(now: time(milliseconds: 8000))
        #expect(block.fractionLost == 0)
        #expect(block.cumulativeLost == 25)
        #expect(block.highestSequence == 199)
    }

    @Test func countsDuplicatesAgainstLoss() {
        var statistics = ReceptionStatistics(ssrc: 7, clockRate: 90000)
        for sequence in [1, 2, 2, 2] as [UInt16] {
            statistics.record(sequenceNumber: sequence, timestamp: 0, arrival: time(milliseconds: 0))
        }
        let block = statistics.makeReportBlock(now: time(milliseconds: 1))
        #expect(block.cumulativeLost == -2)
        #expect(block.fractionLost == 0)
    }

    /// RFC 3550 A.8 by hand: each packet 1 ms (90 ticks) further off than the one before.
    @Test func smoothsJitter() {
        var statistics = ReceptionStatistics(ssrc: 7, clockRate: 90000)
        var expected = 0
        for index in 0..<50 {
            statistics.record(
                sequenceNumber: UInt16(index),
                timestamp: UInt32(index * 1800),
                arrival: time(milliseconds: Int64(index) * 21)
            )
            if index > 0 { expected += 90 - ((expected + 8) >> 4) }
        }
        #expect(statistics.jitter == UInt32(expected >> 4))
        #expect((80...90).contains(statistics.jitter))
    }

    @Test func measuresDelaySinceTheSenderReport() {
        var statistics = ReceptionStatistics(ssrc: 7, clockRate: 90000)
        statistics.record(sequenceNumber: 1, timestamp: 0, arrival: time(milliseconds: 0))
        statistics.noteSenderReport(
            SenderReport(
                ssrc: 7,
                ntpTime: NTPTimestamp(rawValue: 0xB44D_B705_2000_0000),
                rtpTimestamp: 0,
                packetCount: 0,
                octetCount: 0
            ),
            arrival: time(milliseconds: 1000)
        )
        let block = statistics.makeReportBlock(now: time(milliseconds: 6250))
        #expect(block.lastSenderReport == 0xB705_2000)
        #expect(block.delaySinceLastSenderReport == 0x0005_4000)
    }

    @Test func startsAnewAfterTwoInARowFarOff() {
        var statistics = ReceptionStatistics(ssrc: 7, clockRate: 90000)
        for sequence in [10, 11, 40000] as [UInt16] {
            statistics.record(sequenceNumber: sequence, timestamp: 0, arrival: time(milliseconds: 0))
        }
        #expect(statistics.highestSequence == 11)
        statistics.record(sequenceNumber: 40001, timestamp: 0, arrival: time(milliseconds: 0))
        #expect(statistics.highestSequence == 40001)
        #expect(statistics.makeReportBlock(now: time(milliseconds: 1)).cumulativeLost == 0)
    }
}
