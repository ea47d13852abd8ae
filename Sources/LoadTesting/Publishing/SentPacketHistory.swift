import RTPPackets

/// The packets of one stream that may be asked for again.
struct SentPacketHistory {
    /// Two seconds of a fast stream.
    static let capacity = 1_024

    struct Entry {
        var extendedSequence: UInt64
        var timestamp: UInt32
        var marker: Bool
        var payload: [UInt8]
        /// As it was sent, to be sent again where no RTX was negotiated.
        var datagram: [UInt8]
    }

    private var entries = [Entry?](repeating: nil, count: capacity)

    mutating func append(_ entry: Entry) {
        entries[Int(entry.extendedSequence % UInt64(Self.capacity))] = entry
    }

    /// The newest packet with that sequence number, if it is still here.
    func entry(_ sequence: UInt16) -> Entry? {
        // The capacity divides 65536, so that the place follows from the low bits.
        guard let entry = entries[Int(sequence) % Self.capacity],
            UInt16(truncatingIfNeeded: entry.extendedSequence) == sequence
        else { return nil }
        return entry
    }
}
