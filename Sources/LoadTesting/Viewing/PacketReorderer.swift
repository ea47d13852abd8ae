import Primitives
import RTPPackets

/// One RTP packet of a stream that is received, its retransmission header taken off.
struct ReceivedPacket {
    /// Never wraps.
    var sequence: Int64
    var timestamp: UInt32
    var marker: Bool
    var payloadType: UInt8
    var payload: [UInt8]
    /// Where the packet stands in the viewer's log, if it keeps one.
    var record: Int?
}

/// Puts a stream's packets in order, says which to ask for again, and goes on without those that do not come.
struct PacketReorderer {
    /// A packet is waited for this long: three or four round trips of a long path.
    static let patienceMilliseconds: Int64 = 300
    /// Before the first request, so that packets that only overtook each other are not asked for.
    static let firstRequestMilliseconds: Int64 = 10
    static let repeatRequestMilliseconds: Int64 = 60
    /// A jump by more than this is a new start of the stream and not a loss.
    static let maximumJump: Int64 = 2_000
    /// Packets asked for at a time.
    static let maximumRequests = 128

    private struct Missing {
        let since: MonotonicTime
        var nextRequest: MonotonicTime
    }

    private var unwrapper = SequenceUnwrapper()
    private var next: Int64?
    private var highest: Int64 = 0
    private var waiting: [Int64: ReceivedPacket] = [:]
    private var missing: [Int64: Missing] = [:]

    private(set) var receivedCount = 0
    private(set) var duplicateCount = 0
    /// Packets that were missing and came after all.
    private(set) var recoveredCount = 0
    /// Packets that were given up.
    private(set) var lostCount = 0
    private(set) var requestedCount = 0

    /// The number that never wraps; `nil` of numbers far from all that came.
    func extend(_ sequence: UInt16) -> Int64 { unwrapper.peek(sequence) }

    /// Takes a packet and answers those that are next in order.
    mutating func append(_ packet: ReceivedPacket, sequence: UInt16, now: MonotonicTime) -> [ReceivedPacket] {
        var packet = packet
        packet.sequence = unwrapper.unwrap(sequence)
        let expected = next ?? packet.sequence
        if packet.sequence - highest > Self.maximumJump, next != nil {
            let rest = flush()
            lostCount += 1
            next = packet.sequence + 1
            highest = packet.sequence
            receivedCount += 1
            return rest + [packet]
        }
        guard packet.sequence >= expected, waiting[packet.sequence] == nil else {
            duplicateCount += 1
            return []
        }
        receivedCount += 1
        if next == nil {
            next = packet.sequence
            highest = packet.sequence
        }
        if missing.removeValue(forKey: packet.sequence) != nil { recoveredCount += 1 }
        if packet.sequence > highest {
            for number in (highest + 1)..<packet.sequence {
                missing[number] = Missing(
                    since: now,
                    nextRequest: now.advanced(byMilliseconds: Self.firstRequestMilliseconds)
                )
            }
            highest = packet.sequence
        }
        waiting[packet.sequence] = packet
        return release()
    }

    /// Gives up what has been waited for too long and answers the packets behind it.
    mutating func giveUp(now: MonotonicTime) -> [ReceivedPacket] {
        guard let next else { return [] }
        var last: Int64?
        for (number, entry) in missing
        where now.milliseconds(since: entry.since) >= Self.patienceMilliseconds {
            last = max(last ?? number, number)
        }
        guard let last else { return [] }
        let given = missing.keys.filter { $0 <= last }
        for number in given { missing[number] = nil }
        lostCount += given.count
        let before = waiting.keys.filter { $0 <= last && $0 >= next }.sorted()
        let packets = before.compactMap { waiting.removeValue(forKey: $0) }
        self.next = last + 1
        return packets + release()
    }

    /// The numbers that are due to be asked for.
    mutating func requests(now: MonotonicTime) -> [UInt16] {
        let due = missing.filter { $0.value.nextRequest <= now }.keys.sorted().prefix(Self.maximumRequests)
        for number in due {
            missing[number]?.nextRequest = now.advanced(byMilliseconds: Self.repeatRequestMilliseconds)
        }
        requestedCount += due.count
        return due.map { UInt16(truncatingIfNeeded: $0) }
    }

    /// When `requests` or `giveUp` next has something to do.
    var nextDue: MonotonicTime? {
        missing.values.map {
            min($0.nextRequest, $0.since.advanced(byMilliseconds: Self.patienceMilliseconds))
        }.min()
    }

    private mutating func release() -> [ReceivedPacket] {
        guard var number = next else { return [] }
        var packets: [ReceivedPacket] = []
        while let packet = waiting.removeValue(forKey: number) {
            packets.append(packet)
            number += 1
        }
        next = number
        return packets
    }

    private mutating func flush() -> [ReceivedPacket] {
        let packets = waiting.values.sorted { $0.sequence < $1.sequence }
        waiting = [:]
        missing = [:]
        return packets
    }
}
