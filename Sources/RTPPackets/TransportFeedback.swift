import Primitives

/// Transport-wide feedback, walked packet by packet
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1).
///
/// ```
/// |V=2|P| FMT=15  |    PT=205     |            length             |
/// |                       SSRC of packet sender                   |
/// |                        SSRC of media source                   |
/// |      base sequence number     |      packet status count      |
/// |                 reference time                | fb pkt. count |
/// |          packet chunk         | ...       | recv delta | ...  |
/// ```
package struct TransportFeedback: ~Escapable {
    /// What the receiver says of one packet.
    package struct Status: Sendable, Equatable {
        package let sequenceNumber: UInt16
        /// Arrival on the receiver's clock in ticks of 250 us; `nil` if the packet did not arrive.
        ///
        /// Ticks wrap with the reference time, so compare them by difference.
        package let arrivalTicks: Int64?
    }

    /// Nanoseconds of a delta's unit.
    package static let tickNanoseconds: Int64 = 250_000
    /// Ticks of the reference time's unit: 64 ms.
    package static let referenceTicks: Int64 = 256
    static let chunksOffset = 20

    package let baseSequence: UInt16
    /// Packets that the feedback speaks of.
    package let statusCount: Int
    /// Signed 24-bit time in units of 64 ms.
    package let referenceTime: Int32
    /// Counts feedback packets, to notice lost ones.
    package let feedbackCount: UInt8

    private let span: RawSpan
    private var chunks: ChunkCursor
    private var deltaOffset: Int
    private var ticks: Int64
    private var answered = 0

    /// `nil` if chunks or deltas run past the packet, or a reserved symbol occurs.
    @_lifetime(copy span)
    init?(parsing span: RawSpan) {
        guard let baseSequence = span.bigEndianUInt16(at: 12), let count = span.bigEndianUInt16(at: 14),
            let word = span.bigEndianUInt32(at: 16)
        else { return nil }
        self.span = span
        self.baseSequence = baseSequence
        statusCount = Int(count)
        referenceTime = Int32(bitPattern: word) >> 8
        feedbackCount = UInt8(truncatingIfNeeded: word)
        ticks = Int64(referenceTime) * Self.referenceTicks
        chunks = ChunkCursor(offset: Self.chunksOffset)

        var cursor = chunks
        var deltaByteCount = 0
        for _ in 0..<statusCount {
            guard let symbol = cursor.next(in: span), symbol < 3 else { return nil }
            deltaByteCount += Int(symbol)
        }
        deltaOffset = cursor.offset
        guard span.byteCount - deltaOffset >= deltaByteCount else { return nil }
    }

    /// What is said of the next packet, in sequence; `nil` after the last.
    package mutating func next() -> Status? {
        guard answered < statusCount, let symbol = chunks.next(in: span) else { return nil }
        let sequenceNumber = baseSequence &+ UInt16(truncatingIfNeeded: answered)
        answered += 1
        switch symbol {
        case 1:
            ticks += Int64(span.byte(at: deltaOffset) ?? 0)
            deltaOffset += 1
        case 2:
            ticks += Int64(Int16(bitPattern: span.bigEndianUInt16(at: deltaOffset) ?? 0))
            deltaOffset += 2
        default:
            return Status(sequenceNumber: sequenceNumber, arrivalTicks: nil)
        }
        return Status(sequenceNumber: sequenceNumber, arrivalTicks: ticks)
    }

    /// Nanoseconds between two arrivals in ticks that wrap with the 24-bit reference time.
    package static func nanoseconds(from earlier: Int64, to later: Int64) -> Int64 {
        // The reference time has 24 bits of 256 ticks: 32 bits of ticks.
        Int64(Int32(truncatingIfNeeded: later &- earlier)) * tickNanoseconds
    }
}

/// Walks status symbols: 0 not received, 1 small delta, 2 large delta, 3 reserved.
private struct ChunkCursor {
    /// Where the next chunk stands.
    private(set) var offset: Int
    private var bits: UInt16 = 0
    private var symbolsLeft = 0
    /// Width of a symbol in a vector chunk; 0 for a run.
    private var symbolWidth = 0

    init(offset: Int) {
        self.offset = offset
    }

    mutating func next(in span: RawSpan) -> UInt8? {
        while symbolsLeft == 0 {
            guard let chunk = span.bigEndianUInt16(at: offset) else { return nil }
            offset += 2
            load(chunk)
        }
        symbolsLeft -= 1
        switch symbolWidth {
        case 1:
            return UInt8(truncatingIfNeeded: bits >> UInt16(symbolsLeft) & 1)
        case 2:
            return UInt8(truncatingIfNeeded: bits >> UInt16(2 * symbolsLeft) & 3)
        default:
            return UInt8(truncatingIfNeeded: bits)
        }
    }

    private mutating func load(_ chunk: UInt16) {
        if chunk & 0x8000 == 0 {
            // 3.1.3: |0| symbol (2) | run length (13) |
            symbolWidth = 0
            symbolsLeft = Int(chunk & 0x1FFF)
            bits = chunk >> 13 & 3
        } else if chunk & 0x4000 == 0 {
            // 3.1.4: |1|0| 14 symbols of one bit |
            symbolWidth = 1
            symbolsLeft = 14
            bits = chunk
        } else {
            // 3.1.4: |1|1| 7 symbols of two bits |
            symbolWidth = 2
            symbolsLeft = 7
            bits = chunk
        }
    }
}
