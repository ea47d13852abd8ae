import Primitives
import Testing

@testable import LoadTesting

@Suite struct PacketReordererTests {
    private func packet(_ number: UInt16) -> ReceivedPacket {
        ReceivedPacket(
            sequence: 0,
            timestamp: UInt32(number),
            marker: false,
            payloadType: 96,
            payload: [UInt8(truncatingIfNeeded: number)]
        )
    }

    private func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime.distantPast.advanced(byMilliseconds: 1_000 + milliseconds)
    }

    private func numbers(_ packets: [ReceivedPacket]) -> [UInt16] {
        packets.map { UInt16(truncatingIfNeeded: $0.sequence) }
    }

    @Test func givesPacketsInOrderAcrossTheWrap() {
        var reorderer = PacketReorderer()
        #expect(numbers(reorderer.append(packet(65_534), sequence: 65_534, now: time(0))) == [65_534])
        #expect(numbers(reorderer.append(packet(0), sequence: 0, now: time(1))).isEmpty)
        #expect(numbers(reorderer.append(packet(65_535), sequence: 65_535, now: time(2))) == [65_535, 0])
        #expect(reorderer.recoveredCount == 1)
        #expect(reorderer.lostCount == 0)
    }

    @Test func asksForMissingPacketsAndGivesThemUpInTheEnd() {
        var reorderer = PacketReorderer()
        _ = reorderer.append(packet(10), sequence: 10, now: time(0))
        _ = reorderer.append(packet(13), sequence: 13, now: time(0))
        #expect(reorderer.requests(now: time(5)).isEmpty, "they may only be late")
        #expect(reorderer.requests(now: time(10)) == [11, 12])
        #expect(reorderer.requests(now: time(20)).isEmpty, "asked for just now")
        #expect(reorderer.requests(now: time(70)) == [11, 12])
        #expect(numbers(reorderer.append(packet(12), sequence: 12, now: time(80))).isEmpty)
        #expect(reorderer.giveUp(now: time(299)).isEmpty)
        #expect(numbers(reorderer.giveUp(now: time(300))) == [12, 13])
        #expect(reorderer.lostCount == 1)
        #expect(numbers(reorderer.append(packet(11), sequence: 11, now: time(400))).isEmpty)
        #expect(reorderer.duplicateCount == 1, "too late to be of use")
        #expect(numbers(reorderer.append(packet(14), sequence: 14, now: time(401))) == [14])
    }

    @Test func dropsDuplicates() {
        var reorderer = PacketReorderer()
        _ = reorderer.append(packet(1), sequence: 1, now: time(0))
        #expect(reorderer.append(packet(1), sequence: 1, now: time(1)).isEmpty)
        _ = reorderer.append(packet(3), sequence: 3, now: time(2))
        #expect(reorderer.append(packet(3), sequence: 3, now: time(3)).isEmpty)
        #expect(reorderer.duplicateCount == 2)
    }

    @Test func takesALongJumpForANewStart() {
        var reorderer = PacketReorderer()
        _ = reorderer.append(packet(1), sequence: 1, now: time(0))
        #expect(numbers(reorderer.append(packet(30_000), sequence: 30_000, now: time(1))) == [30_000])
        #expect(reorderer.requests(now: time(100)).isEmpty)
    }
}
