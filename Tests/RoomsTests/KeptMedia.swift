import MediaRings
import Primitives
import Rooms

/// A sink that keeps everything in memory, by stretches.
struct KeptMedia: CaptureSink {
    struct Packet: Equatable {
        let sequence: Int64
        let payload: [UInt8]
        let arrival: MonotonicTime
    }

    struct Kept {
        let stretch: CaptureStretch
        var packets: [Packet] = []
        var end: CaptureEnd?

        var sequences: [Int64] { packets.map(\.sequence) }
    }

    private(set) var stretches: [Kept] = []
    /// What was called out of order.
    private(set) var violations: [String] = []
    private var open: [LineName: Int] = [:]
    private var lastFlush: UInt64 = 0
    /// Nothing can be kept now.
    var isFull = false
    /// How many packets more are taken.
    var room = Int.max
    var wishes: [LineName] = []
    private(set) var recoveries = 0

    /// Every sequence number of a line, in the order of capture.
    func sequences(of line: LineName) -> [Int64] {
        stretches.filter { $0.stretch.line == line }.flatMap(\.sequences)
    }

    mutating func begin(_ stretch: CaptureStretch) -> Bool {
        if open[stretch.line] != nil { violations.append("a stretch begins within another") }
        guard !isFull else { return false }
        open[stretch.line] = stretches.count
        stretches.append(Kept(stretch: stretch))
        return true
    }

    mutating func take(_ packet: RingPacket, _ payload: RawSpan, of line: LineName) -> Bool {
        guard let place = open[line] else {
            violations.append("a packet of no stretch")
            return false
        }
        let stretch = stretches[place].stretch
        if packet.source != stretch.source || packet.codec != stretch.codec {
            violations.append("a packet of another source")
        }
        if packet.sequence < stretch.firstSequence { violations.append("older than the stretch's beginning") }
        guard room > 0 else { return false }
        room -= 1
        let bytes = (0..<payload.byteCount).map {
            payload.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
        }
        stretches[place].packets.append(
            Packet(sequence: packet.sequence, payload: bytes, arrival: packet.arrival)
        )
        return true
    }

    mutating func end(_ line: LineName, because end: CaptureEnd) {
        guard let place = open.removeValue(forKey: line) else {
            return violations.append("the end of no stretch")
        }
        stretches[place].end = end
    }

    mutating func flush(_ number: UInt64) { lastFlush = number }

    func flushed() -> UInt64 { lastFlush }

    mutating func takeKeyframeWishes() -> [LineName] {
        defer { wishes = [] }
        return wishes
    }

    mutating func recover() {
        recoveries += 1
        open = [:]
    }
}
