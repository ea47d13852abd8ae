/// Extends 16-bit sequence numbers to numbers that never wrap.
///
/// The first number seen is extended by one cycle (65536), so that packets which arrive late before it
/// still get a number above zero.
package struct SequenceUnwrapper: Sendable, Equatable {
    /// What the first number is raised by: one whole cycle.
    package static let base: Int64 = 1 << 16

    /// The newest extended number so far.
    package private(set) var newest: Int64?

    package init() {}

    /// The extended number of `sequenceNumber`, the nearest to the newest one; remembers nothing.
    package func peek(_ sequenceNumber: UInt16) -> Int64 {
        guard let newest else { return Self.base + Int64(sequenceNumber) }
        let step = RTPSequence.distance(from: UInt16(truncatingIfNeeded: newest), to: sequenceNumber)
        return newest &+ Int64(step)
    }

    /// The extended number of `sequenceNumber`; a newer one than all before moves the window on.
    package mutating func unwrap(_ sequenceNumber: UInt16) -> Int64 {
        let extended = peek(sequenceNumber)
        newest = max(newest ?? extended, extended)
        return extended
    }
}

/// Extends 32-bit RTP timestamps to numbers that never wrap; the first is raised by one cycle (2^32).
package struct TimestampUnwrapper: Sendable, Equatable {
    /// What the first timestamp is raised by: one whole cycle.
    package static let base: Int64 = 1 << 32

    /// The newest extended timestamp so far.
    package private(set) var newest: Int64?

    package init() {}

    /// The extended form of `timestamp`, the nearest to the newest one; remembers nothing.
    package func peek(_ timestamp: UInt32) -> Int64 {
        guard let newest else { return Self.base + Int64(timestamp) }
        let step = RTPTimestamp.distance(from: UInt32(truncatingIfNeeded: newest), to: timestamp)
        return newest &+ Int64(step)
    }

    /// The extended form of `timestamp`; a newer one than all before moves the window on.
    package mutating func unwrap(_ timestamp: UInt32) -> Int64 {
        let extended = peek(timestamp)
        newest = max(newest ?? extended, extended)
        return extended
    }
}
