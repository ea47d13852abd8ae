import Primitives

/// Remembers when the packets of one transport arrived and writes transport-wide feedback on them.
///
/// Its memory is fixed: what is older than its window is forgotten.
package struct TransportFeedbackRecorder: Sendable {
    /// Packets remembered: 200 ms of 5000 packets a second, twice what one feedback interval needs.
    package static let windowCount = 1024

    private var unwrapper = SequenceUnwrapper()
    private var arrivals = [MonotonicTime?](repeating: nil, count: windowCount)
    /// The first packet that feedback was not written on.
    private var next: Int64?
    private var feedbackCount: UInt8 = 0

    package init() {}

    /// Whether there are packets that no feedback was written on.
    package var hasPending: Bool {
        guard let next, let newest = unwrapper.newest else { return false }
        return next <= newest
    }

    /// Remembers a packet by its transport-wide sequence number; one that is late is reported on again.
    package mutating func record(sequenceNumber: UInt16, arrival: MonotonicTime) {
        let before = unwrapper.newest
        let sequence = unwrapper.unwrap(sequenceNumber)
        if let before, sequence > before {
            // Slots of numbers that were jumped over still hold the last cycle's arrivals.
            let first = max(before + 1, sequence - Int64(Self.windowCount) + 1)
            for skipped in first...sequence { arrivals[Self.slot(skipped)] = nil }
        }
        let newest = unwrapper.newest ?? sequence
        let oldest = newest - Int64(Self.windowCount) + 1
        guard sequence >= oldest else { return }
        // The first arrival of a duplicate counts.
        guard arrivals[Self.slot(sequence)] == nil else { return }
        arrivals[Self.slot(sequence)] = arrival
        next = max(min(next ?? sequence, sequence), oldest)
    }

    /// Writes a feedback packet on the oldest packets not reported on; answers whether one was written.
    ///
    /// The writer is empty or nearly so. Call it until `hasPending` is false, a datagram each.
    package mutating func appendFeedback(
        to writer: inout RTCPWriter,
        senderSSRC: UInt32,
        mediaSSRC: UInt32
    ) -> Bool {
        guard hasPending, var start = next, let newest = unwrapper.newest else { return false }
        start = max(start, newest - Int64(Self.windowCount) + 1)
        let window = Window(slots: arrivals, start: start, count: Int(newest - start) + 1)
        let before = writer.byteCount
        let covered = writer.appendTransportFeedback(
            senderSSRC: senderSSRC,
            mediaSSRC: mediaSSRC,
            baseSequence: UInt16(truncatingIfNeeded: start),
            feedbackCount: feedbackCount,
            arrivals: window
        )
        next = start + Int64(covered)
        guard writer.byteCount > before else { return false }
        feedbackCount &+= 1
        return true
    }

    private static func slot(_ sequence: Int64) -> Int { Int(sequence % Int64(windowCount)) }

    private struct Window: RandomAccessCollection {
        let slots: [MonotonicTime?]
        let start: Int64
        let count: Int
        var startIndex: Int { 0 }
        var endIndex: Int { count }

        subscript(position: Int) -> MonotonicTime? { slots[slot(start + Int64(position))] }
    }
}
