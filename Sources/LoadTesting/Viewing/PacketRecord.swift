import RTPPackets

/// What a received packet turned out to carry, once it was decoded.
package enum PacketContent: Hashable, Sendable {
    /// It belongs to nothing that could be decoded, yet or at all.
    case undecided
    /// Part of a picture with a stamp, so of a broadcaster's.
    case stamped(PictureSource)
    /// Part of a picture without a stamp: a slate, or a camera's.
    case unstamped
    /// Sound that is not silent by itself.
    case sound
    /// Silence.
    case silence
    /// Nothing but padding.
    case empty
}

/// The number of a broadcaster's name in its pictures' stamps.
package struct PictureSource: Hashable, Sendable {
    package let number: UInt16

    package init(number: UInt16) {
        self.number = number
    }
}

/// One packet in a viewer's log.
package struct PacketRecord: Sendable {
    package let kind: MediaKind
    /// The slot's place among those of its kind, from 0.
    package let slot: Int
    /// Kernel time of receipt, nanoseconds since 1970.
    package let receivedAt: Int64
    package let timestamp: UInt32
    package let isRetransmission: Bool
    package internal(set) var content = PacketContent.undecided
}
