import Primitives

extension RTCPWriter {
    /// Most packets that one feedback packet speaks of, so that it stays inside a datagram whatever arrived:
    /// each needs at most 2 bytes of delta and 2/7 byte of chunk.
    package static let maximumFeedbackStatuses = 400

    /// Appends one transport-wide feedback packet on the packets from `baseSequence` on, one arrival each
    /// (`nil`: not arrived), and answers how many of them it covers.
    ///
    /// Fewer than given if an arrival is more than 8.19 s from the one before it, or there are too many: call
    /// it again with the rest and the next `feedbackCount`. If none arrived it writes nothing and covers all.
    package mutating func appendTransportFeedback(
        senderSSRC: UInt32,
        mediaSSRC: UInt32,
        baseSequence: UInt16,
        feedbackCount: UInt8,
        arrivals: some RandomAccessCollection<MonotonicTime?>
    ) -> Int {
        guard let first = arrivals.first(where: { $0 != nil }), let firstArrival = first else {
            return arrivals.count
        }
        // The reference time is rounded down, so the first delta is 0 to 255: small.
        let reference = Self.ticks(firstArrival) >> 8
        let start = beginFeedback(
            type: RTCPFormat.transportLayerFeedback,
            format: RTCPFormat.transportWide,
            sender: senderSSRC,
            media: mediaSSRC
        )
        write(baseSequence)
        let countOffset = bytes.count
        write(UInt16(0))
        write(UInt32(truncatingIfNeeded: reference & 0xFF_FFFF) << 8 | UInt32(feedbackCount))

        let covered = coveredCount(arrivals, reference: reference)
        let statuses = arrivals.prefix(covered)
        writeChunks(statuses, reference: reference)
        writeDeltas(statuses, reference: reference)
        patch(UInt16(truncatingIfNeeded: covered), at: countOffset)
        let padding = (4 - (bytes.count - start) % 4) % 4
        if padding > 0 {
            for _ in 1..<padding { write(UInt8(0)) }
            write(UInt8(truncatingIfNeeded: padding))
            setPadding(at: start)
        }
        end(start)
        return covered
    }

    /// Arrival in ticks of 250 us, rounded down, so that errors do not add up.
    private static func ticks(_ time: MonotonicTime) -> Int64 {
        let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(
            dividingBy: TransportFeedback.tickNanoseconds
        )
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// How many statuses fit before a delta overflows 16 bits.
    private func coveredCount(
        _ arrivals: some RandomAccessCollection<MonotonicTime?>,
        reference: Int64
    ) -> Int {
        var last = reference << 8
        var covered = 0
        for arrival in arrivals.prefix(Self.maximumFeedbackStatuses) {
            if let arrival {
                let ticks = Self.ticks(arrival)
                guard Int16(exactly: ticks &- last) != nil else { break }
                last = ticks
            }
            covered += 1
        }
        return covered
    }

    /// Writes the status symbols: runs where they are long, else vectors (section 3.1.3 and 3.1.4).
    private mutating func writeChunks(
        _ statuses: some RandomAccessCollection<MonotonicTime?>,
        reference: Int64
    ) {
        var symbols = SymbolQueue()
        var last = reference << 8
        for arrival in statuses {
            var symbol: UInt16 = 0
            if let arrival {
                let ticks = Self.ticks(arrival)
                symbol = UInt8(exactly: ticks &- last) != nil ? 1 : 2
                last = ticks
            }
            if let chunk = symbols.append(symbol) { write(chunk) }
        }
        while let chunk = symbols.flush(isLast: true) { write(chunk) }
    }

    private mutating func writeDeltas(
        _ statuses: some RandomAccessCollection<MonotonicTime?>,
        reference: Int64
    ) {
        var last = reference << 8
        for case let arrival? in statuses {
            let ticks = Self.ticks(arrival)
            let delta = ticks &- last
            if let small = UInt8(exactly: delta) {
                write(small)
            } else {
                write(UInt16(truncatingIfNeeded: delta))
            }
            last = ticks
        }
    }
}

/// Gathers status symbols until they fill a chunk: a run of equal ones, or a vector of 14 or 7.
private struct SymbolQueue {
    /// Longest run of a run-length chunk, 13 bits.
    private static let maximumRun = 0x1FFF

    /// The first 14 symbols, two bits each, the oldest lowest; of a longer run all are equal.
    private var symbols: UInt32 = 0
    private var count = 0
    private var isRun = true
    private var hasLarge = false

    private var first: UInt16 { UInt16(truncatingIfNeeded: symbols & 3) }

    /// Adds a symbol; answers a chunk that had to be closed to make room.
    mutating func append(_ symbol: UInt16) -> UInt16? {
        if fits(symbol) {
            push(symbol)
            return nil
        }
        let chunk = flush(isLast: false)
        push(symbol)
        return chunk
    }

    private func fits(_ symbol: UInt16) -> Bool {
        if count == 0 { return true }
        if isRun, symbol == first { return count < Self.maximumRun }
        return count < (hasLarge || symbol == 2 ? 7 : 14)
    }

    private mutating func push(_ symbol: UInt16) {
        if count > 0, symbol != first { isRun = false }
        if count < 14 { symbols |= UInt32(symbol) << UInt32(2 * count) }
        if symbol == 2 { hasLarge = true }
        count += 1
    }

    /// A chunk of the oldest symbols, `nil` when none are left; only the last chunk may stay part empty.
    mutating func flush(isLast: Bool) -> UInt16? {
        guard count > 0 else { return nil }
        if isRun {
            let chunk = first << 13 | UInt16(truncatingIfNeeded: count)
            self = SymbolQueue()
            return chunk
        }
        let fitsOneBit = !hasLarge && (isLast || count == 14)
        let width: UInt16 = fitsOneBit ? 1 : 2
        let taken = min(count, fitsOneBit ? 14 : 7)
        var chunk: UInt16 = fitsOneBit ? 0x8000 : 0xC000
        for index in 0..<taken {
            let symbol = UInt16(truncatingIfNeeded: symbols >> UInt32(2 * index) & 3)
            chunk |= symbol << (14 - width * UInt16(index + 1))
        }
        let rest = symbols >> UInt32(2 * taken)
        let left = count - taken
        self = SymbolQueue()
        for index in 0..<left {
            push(UInt16(truncatingIfNeeded: rest >> UInt32(2 * index) & 3))
        }
        return chunk
    }
}
