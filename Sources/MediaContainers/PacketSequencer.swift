import Primitives

/// Puts the packets of one track into the order of their sequence numbers, waiting for those that are sent again.
///
/// A ring holds packets in the order in which they arrived. What has not come in time is given up, and what comes later
/// is dropped.
struct PacketSequencer: Sendable {
    /// Packets that came after a missing one, in the order of their numbers.
    private var waiting: [RecordedPacket] = []
    /// The number that comes next; `nil` while it is waited for what the first one of a source is.
    private var next: Int64?
    private var source: UInt32?

    /// How long a missing packet is waited for: a request and its answer over most paths.
    static let patienceNanoseconds: Int64 = 150_000_000
    /// More packets than this do not wait, whatever the time.
    static let maximumWaiting = 1_024

    /// Takes a packet; answers those whose turn it is.
    ///
    /// A new source ends the waiting for the one before.
    mutating func insert(_ packet: RecordedPacket) -> [RecordedPacket] {
        var ready: [RecordedPacket] = []
        if let source, packet.source != source {
            // Stragglers of the source before.
            guard packet.source > source else { return [] }
            ready = flush()
            next = nil
        }
        source = packet.source
        if let expected = next {
            if packet.sequence == expected {
                next = expected &+ 1
                return ready + [packet] + followers()
            }
            guard packet.sequence > expected else { return ready }
        }
        var index = waiting.count
        while index > 0, waiting[index - 1].sequence > packet.sequence { index -= 1 }
        guard index == 0 || waiting[index - 1].sequence != packet.sequence else { return ready }
        waiting.insert(packet, at: index)
        if waiting.count > Self.maximumWaiting { ready += giveUp() }
        return ready
    }

    /// Gives up what has been missing for too long at `now`.
    mutating func release(at now: MonotonicTime) -> [RecordedPacket] {
        var ready: [RecordedPacket] = []
        while let first = waiting.first, now.nanoseconds(since: first.arrival) >= Self.patienceNanoseconds {
            ready += giveUp()
        }
        return ready
    }

    /// Everything that waits, without regard to what is missing.
    mutating func flush() -> [RecordedPacket] {
        defer { waiting = [] }
        if let last = waiting.last { next = last.sequence &+ 1 }
        return waiting
    }

    /// Goes on behind the first gap, or begins.
    private mutating func giveUp() -> [RecordedPacket] {
        next = waiting.first?.sequence
        return followers()
    }

    private mutating func followers() -> [RecordedPacket] {
        var count = 0
        while count < waiting.count, waiting[count].sequence == next {
            next = waiting[count].sequence &+ 1
            count += 1
        }
        defer { waiting.removeFirst(count) }
        return Array(waiting[..<count])
    }
}
