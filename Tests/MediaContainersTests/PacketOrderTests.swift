import MediaCodecs
import Primitives
import RTPPackets
import Testing

@testable import MediaContainers

@Suite struct PacketOrderTests {
    private func packet(_ sequence: Int64, at milliseconds: Int64, source: UInt32 = 0) -> RecordedPacket {
        RecordedPacket(
            sequence: sequence,
            timestamp: 0,
            marker: false,
            arrival: MonotonicTime(nanoseconds: milliseconds * 1_000_000),
            source: source,
            payload: [1]
        )
    }

    private func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func packetsThatComeAgainTakeTheirPlaces() {
        var sequencer = PacketSequencer()
        var order: [Int64] = []
        for (sequence, arrival) in [(2, 0), (1, 1), (3, 2), (5, 100), (6, 150), (4, 200), (7, 210)]
            as [(Int64, Int64)]
        {
            order += sequencer.release(at: time(arrival)).map(\.sequence)
            order += sequencer.insert(packet(sequence, at: arrival)).map(\.sequence)
        }
        order += sequencer.release(at: time(360)).map(\.sequence)
        #expect(order == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test func whatDoesNotComeIsGivenUpAndWhatComesTooLateIsDropped() {
        var sequencer = PacketSequencer()
        #expect(sequencer.insert(packet(1, at: 0)).isEmpty)
        #expect(sequencer.release(at: time(150)).map(\.sequence) == [1])
        #expect(sequencer.insert(packet(3, at: 160)).isEmpty)
        #expect(sequencer.insert(packet(3, at: 161)).isEmpty)
        #expect(sequencer.release(at: time(309)).isEmpty)
        #expect(sequencer.release(at: time(310)).map(\.sequence) == [3])
        #expect(sequencer.insert(packet(2, at: 311)).isEmpty)
        #expect(sequencer.insert(packet(3, at: 311)).isEmpty)
        #expect(sequencer.insert(packet(4, at: 312)).map(\.sequence) == [4])
    }

    @Test func aNewSourceBeginsAnewAndStragglersOfTheOldAreDropped() {
        var sequencer = PacketSequencer()
        _ = sequencer.insert(packet(100, at: 0))
        #expect(sequencer.insert(packet(7, at: 10, source: 1)).map(\.sequence) == [100])
        #expect(sequencer.insert(packet(101, at: 11)).isEmpty)
        #expect(sequencer.release(at: time(200)).map(\.sequence) == [7])
    }

    @Test func aBoundedNumberWaits() {
        var sequencer = PacketSequencer()
        _ = sequencer.insert(packet(0, at: 0))
        #expect(sequencer.release(at: time(150)).count == 1)
        var given = 0
        for sequence in 2..<5_000 as Range<Int64> {
            given += sequencer.insert(packet(sequence, at: 200)).count
        }
        #expect(given >= 5_000 - 2 - PacketSequencer.maximumWaiting)
    }

    /// Capture times of a report lie on a line; those that a relay makes up jitter.
    @Test func captureTimesCountOnceTheyFollowAReport() {
        var random = SeededRandom(seed: 1)
        for isReported in [true, false] {
            var clock = CaptureClock()
            var reports = 0
            for number in 0..<200 {
                var packet = packet(Int64(number), at: 0)
                packet.timestamp = UInt32(number * 960)
                let jitter = isReported ? 0 : Int64.random(in: 0...8_000_000, using: &random)
                let captured = 1_700_000_000_000_000_000 + Int64(number) * 20_000_000 + jitter
                packet.captureTime = NTPTimestamp(nanosecondsSince1970: captured).rawValue
                if clock.report(packet, rate: 48_000) != nil { reports += 1 }
            }
            #expect(isReported ? (2...6).contains(reports) : reports == 0)
        }
    }
}
