import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms

/// What a recorder keeps, and when it wrote it; objects to whatever it should not have got.
///
/// Media waits in a cluster of a second, or until its stretch ends; clusters are written one after the other.
struct RecordedMedia: CaptureSink {
    struct Captured {
        let line: LineName
        let mark: MediaMark
        let position: UInt64
        let read: Moment
        /// How long before its arrival the packet says that it was captured, in milliseconds; `nil` where it does not
        /// say so by the publisher's clock.
        let age: Int64?
    }

    /// A stretch with what was captured of it.
    struct Stretch {
        let stretch: CaptureStretch
        let track: UInt32
        var packets: [Captured] = []
        var end: CaptureEnd?
    }

    /// One disk for all, behind everything else.
    private final class Disk {
        var queue: [(packets: [Captured], number: Int)] = []
        var lastNumber = 0
        var writtenNumber = 0
        var isBusy = false
        var written: [MediaMark: Moment] = [:]
        /// How long a write takes.
        var latencyMicroseconds: ClosedRange<Int64> = 200...9_000
    }

    private static let clusterMilliseconds: Int64 = 1_000

    private unowned let simulation: Simulation
    private let disk = Disk()
    private(set) var stretches: [Stretch] = []
    private var open: [LineName: Int] = [:]
    private var clusters: [LineName: [Captured]] = [:]
    private var flushes: [(number: UInt64, upTo: Int)] = []
    private var lastFlushed: UInt64 = 0
    /// When each line was ordered to be recorded, as far as the recorder knows.
    var orders: [LineName: Moment] = [:]

    init(_ simulation: Simulation) {
        self.simulation = simulation
    }

    /// When each packet was on the disk.
    var written: [MediaMark: Moment] { disk.written }

    func delayWrites(_ microseconds: ClosedRange<Int64>) { disk.latencyMicroseconds = microseconds }

    mutating func begin(_ stretch: CaptureStretch) -> Bool {
        if open[stretch.line] != nil { simulation.violate("a stretch begins within another") }
        open[stretch.line] = stretches.count
        let track = (stretch.line.peer.rawValue - 1_000_000) * 16 + UInt64(stretch.line.mediaIndex)
        stretches.append(Stretch(stretch: stretch, track: UInt32(track)))
        return true
    }

    mutating func take(_ packet: RingPacket, _ payload: RawSpan, of line: LineName) -> Bool {
        let read = simulation.moment()
        guard let place = open[line] else {
            simulation.violate("a packet of no stretch")
            return false
        }
        let (stretch, track) = (stretches[place].stretch, stretches[place].track)
        if packet.source != stretch.source || packet.codec != stretch.codec
            || packet.sequence < stretch.firstSequence
        {
            simulation.violate("a packet that is none of its stretch")
        }
        guard let stored = simulation.track(track).bySequence[packet.sequence] else {
            simulation.violate("number \(packet.sequence) of track \(track) was never published")
            return false
        }
        let history = simulation.history(track, SimulatedRecorder.audience)
        if let objection = history.objection(published: stored.published, read: read, sent: read) {
            simulation.violate("captured although \(objection)")
        }
        if let order = orders[line], stored.published.step < order.step {
            simulation.violate("captured although it was published before the order")
        }
        simulation.ledger.saw(
            line,
            track: track,
            audience: SimulatedRecorder.audience,
            payloadLength: payload.byteCount,
            read: read
        )
        let bytes = (0..<payload.byteCount).map { payload.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        guard let mark = MediaMark(endOf: bytes), let original = simulation.original(mark) else {
            if !bytes.isEmpty { simulation.violate("captured what nobody sent") }
            return true
        }
        if original.payload != bytes { simulation.violate("captured other bytes than were sent") }
        if stretches[place].packets.contains(where: { $0.position == stored.position }) {
            simulation.violate("captured twice")
        }
        let captured = Captured(
            line: line,
            mark: mark,
            position: stored.position,
            read: read,
            age: packet.hasSenderClock ? age(of: packet) : nil
        )
        stretches[place].packets.append(captured)
        clusters[line, default: []].append(captured)
        if let first = clusters[line]?.first,
            read.time.milliseconds(since: first.read.time) >= Self.clusterMilliseconds
        {
            closeCluster(line)
        }
        return true
    }

    mutating func end(_ line: LineName, because end: CaptureEnd) {
        guard let place = open.removeValue(forKey: line) else {
            return simulation.violate("the end of no stretch")
        }
        stretches[place].end = end
        closeCluster(line)
    }

    private func age(of packet: RingPacket) -> Int64 {
        let arrived = NTPTimestamp(nanosecondsSince1970: simulation.wall(at: packet.arrival)).rawValue
        let difference = Int64(bitPattern: arrived &- packet.captureTime)
        return (difference * 1_000) >> 32
    }

    private mutating func closeCluster(_ line: LineName) {
        guard let packets = clusters.removeValue(forKey: line) else { return }
        disk.lastNumber += 1
        disk.queue.append((packets, disk.lastNumber))
        Self.write(disk, simulation)
    }

    private static func write(_ disk: Disk, _ simulation: Simulation) {
        guard !disk.isBusy, !disk.queue.isEmpty else { return }
        disk.isBusy = true
        let (packets, number) = disk.queue.removeFirst()
        let nanoseconds = simulation.random.number(disk.latencyMicroseconds) * 1_000
        simulation.at(simulation.now.advanced(byNanoseconds: nanoseconds)) { [unowned simulation] in
            let written = simulation.moment()
            for packet in packets {
                let track = UInt32(
                    (packet.line.peer.rawValue - 1_000_000) * 16 + UInt64(packet.line.mediaIndex)
                )
                let history = simulation.history(track, SimulatedRecorder.audience)
                if history.isTakenBack(packet.read, by: written) {
                    simulation.violate("written after the withdrawal was acknowledged")
                }
                disk.written[packet.mark] = written
            }
            disk.writtenNumber = number
            disk.isBusy = false
            simulation.recorder?.settle()
            write(disk, simulation)
        }
    }

    mutating func flush(_ number: UInt64) { flushes.append((number, disk.lastNumber)) }

    mutating func flushed() -> UInt64 {
        while let first = flushes.first, first.upTo <= disk.writtenNumber {
            lastFlushed = first.number
            flushes.removeFirst()
        }
        return lastFlushed
    }

    mutating func takeKeyframeWishes() -> [LineName] { [] }

    mutating func recover() {}

    // MARK: What must hold

    /// Of every stretch everything is there that was published from its first packet to its last.
    func check() {
        for stretch in stretches {
            let positions = Set(stretch.packets.map(\.position))
            guard let first = positions.min(), let last = positions.max() else { continue }
            let missing = simulation.track(stretch.track).byMark.values.filter { stored in
                (first...last).contains(stored.position) && !positions.contains(stored.position)
                    && stored.sequence >= stretch.stretch.firstSequence
            }
            // Of a source before there may be something that came late.
            if stretch.stretch.source == 0, !missing.isEmpty {
                simulation.violate("\(missing.count) packets of track \(stretch.track) are missing")
            }
        }
    }
}
