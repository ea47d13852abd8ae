/// Maps incoming extended sequence numbers to outgoing ones without gaps for packets left out on purpose.
///
/// Packets that were lost keep their place, so that they can still be asked for; packets that were dropped
/// (padding, thinned layers) lose it. Late packets find the mapping of their own time.
package struct SequenceMap: Sendable {
    /// Runs of numbers with one offset that are remembered: late packets and NACKs reach back that far.
    package static let segmentCount = 8

    /// `incoming + offset` is the outgoing number for `from..<end`.
    private struct Segment {
        var from: Int64 = .max
        var end: Int64 = .max
        var offset: Int64 = 0
    }

    private var segments = InlineArray<8, Segment>(repeating: Segment())
    private var current = 0
    /// The newest incoming number seen, mapped or skipped.
    private var newest: Int64 = .min

    package init() {}

    /// Starts anew: `incoming` becomes `outgoing`, and nothing before it is mapped any more.
    package mutating func restart(incoming: Int64, outgoing: Int64) {
        for index in 0..<Self.segmentCount { segments[index] = Segment() }
        current = 0
        segments[0] = Segment(from: incoming, end: .max, offset: outgoing &- incoming)
        newest = incoming &- 1
    }

    /// The outgoing number of a packet to be forwarded; `nil` if it lies before the start or was left out.
    package mutating func map(_ incoming: Int64) -> Int64? {
        guard let outgoing = outgoing(for: incoming) else { return nil }
        if incoming > newest { newest = incoming }
        return outgoing
    }

    /// Leaves out the packet if it is newer than all before it; `false` if others have passed it already, so
    /// that its number must be filled instead.
    package mutating func skip(_ incoming: Int64) -> Bool {
        guard incoming > newest else { return false }
        let offset = segments[current].offset
        if segments[current].from >= incoming {
            // Nothing was mapped under this offset yet: move the segment's start.
            segments[current] = Segment(from: incoming &+ 1, end: .max, offset: offset &- 1)
        } else {
            segments[current].end = incoming
            current = (current + 1) % Self.segmentCount
            segments[current] = Segment(from: incoming &+ 1, end: .max, offset: offset &- 1)
        }
        newest = incoming
        return true
    }

    /// The outgoing number for `incoming`, if it is mapped; remembers nothing.
    package func outgoing(for incoming: Int64) -> Int64? {
        for step in 0..<Self.segmentCount {
            let segment = segments[(current + Self.segmentCount - step) % Self.segmentCount]
            if incoming >= segment.from {
                return incoming < segment.end ? incoming &+ segment.offset : nil
            }
        }
        return nil
    }

    /// The incoming number that was sent as `outgoing`, if it is still remembered.
    package func incoming(for outgoing: Int64) -> Int64? {
        for step in 0..<Self.segmentCount {
            let segment = segments[(current + Self.segmentCount - step) % Self.segmentCount]
            guard segment.from != .max else { continue }
            let incoming = outgoing &- segment.offset
            if incoming >= segment.from, incoming < segment.end { return incoming }
        }
        return nil
    }
}
