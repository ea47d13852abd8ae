import Glibc
import Primitives
import RTPPackets
import RelayRuntime

/// What the viewers of one loop have in common: clocks, samples, and what was counted of all of them.
///
/// One loop's thread owns it.
final class ViewerFleet {
    /// Both clocks are compared anew this often; the civil one may be set or slewed.
    private static let clockMilliseconds: Int64 = 10
    /// Two readings around a third that are further apart were interrupted and say nothing.
    private static let clockToleranceNanoseconds: Int64 = 3_000
    /// So many packets of a stream at most go by undecrypted, or its rollover counter could be guessed wrong
    /// (RFC 3711 3.3.1).
    private static let longestSkip = 4_096

    /// One room as its viewers see it.
    struct Room {
        /// The publisher that withdraws and grants; 0 if nobody does.
        var flipper: UInt32 = 0
        var flipped: [PacketRecording] = []
        var ledger: LeakLedger?
        /// Around a withdrawal everything is looked at.
        var examinesAll = false
    }

    let run: UInt32
    /// The mean share of packets that is decrypted and looked at.
    let share: Double
    var rooms: [Room]
    private(set) var viewers: [LoadViewer] = []

    /// Counts between `startMeasuring` and `stopMeasuring`.
    private(set) var isMeasuring = false
    private(set) var videoLatency = ValueHistogram()
    private(set) var audioLatency = ValueHistogram()
    private(set) var freezes = ValueHistogram()

    /// Since the last `takeSecond`.
    private var secondLatency = ValueHistogram()
    private var secondFreezes = 0

    private var random: UInt64
    private var clockOffset: Int64 = 0
    private var clockDue = MonotonicTime.distantPast

    init(run: UInt32, share: Double, rooms: Int) {
        self.run = run
        self.share = share
        self.rooms = Array(repeating: Room(), count: rooms)
        random = UInt64(run) << 32 | 0x9E37_79B9
    }

    func add(_ viewer: LoadViewer) { viewers.append(viewer) }

    // MARK: Clocks and samples

    /// A kernel's receive time on the clock of stamps.
    @inline(__always)
    func time(ofReceipt receivedAt: Int64, now: MonotonicTime) -> MonotonicTime {
        guard receivedAt > 0 else { return now }
        if now >= clockDue { compareClocks(now) }
        return MonotonicTime(nanoseconds: receivedAt &+ clockOffset)
    }

    private func compareClocks(_ now: MonotonicTime) {
        clockDue = now.advanced(byMilliseconds: Self.clockMilliseconds)
        for _ in 0..<4 {
            let before = SystemClock.monotonic
            let wall = SystemClock.wall
            let after = SystemClock.monotonic
            let width = after.nanoseconds(since: before)
            guard width <= Self.clockToleranceNanoseconds else { continue }
            clockOffset = before.nanoseconds + width / 2 - wall.nanosecondsSince1970
            return
        }
        if clockOffset == 0 {
            clockOffset = SystemClock.monotonic.nanoseconds - SystemClock.wall.nanosecondsSince1970
        }
    }

    /// A number from 0 up to, but not, 1.
    @inline(__always)
    func draw() -> Double {
        // xorshift64: nobody has to be unable to foresee it.
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Double(random >> 11) / Double(1 << 53)
    }

    /// How many packets of a viewer to pass over before the next is looked at.
    @inline(__always)
    func nextSkip() -> Int {
        guard share < 1 else { return 1 }
        guard share * Double(Self.longestSkip) > 2 else { return Self.longestSkip }
        // Evenly up to twice the mean, so that no pattern of a stream is met again and again.
        return 1 + Int(draw() * (2 / share - 1))
    }

    // MARK: Findings

    func noteLatency(_ nanoseconds: Int64, isVideo: Bool) {
        secondLatency.record(nanoseconds)
        guard isMeasuring else { return }
        if isVideo { videoLatency.record(nanoseconds) } else { audioLatency.record(nanoseconds) }
    }

    func noteFreeze(_ nanoseconds: Int64) {
        secondFreezes += 1
        if isMeasuring { freezes.record(nanoseconds) }
    }

    func startMeasuring() {
        isMeasuring = true
        for viewer in viewers { viewer.startMeasuring() }
    }

    func stopMeasuring() {
        isMeasuring = false
        for viewer in viewers { viewer.stopMeasuring() }
    }

    /// What happened since the last call.
    func takeSecond() -> FleetSecond {
        var second = FleetSecond()
        second.latency = secondLatency
        second.freezes = secondFreezes
        secondLatency.removeAll()
        secondFreezes = 0
        for viewer in viewers {
            second.counts += viewer.counts
            if viewer.join.establishedAt != nil { second.joined += 1 }
            if viewer.isWatching { second.watching += 1 }
        }
        second.threadNanoseconds = Self.threadNanoseconds
        return second
    }

    /// CPU time of the calling thread.
    static var threadNanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// One second of a fleet; its counts and joined viewers are of the whole run so far.
struct FleetSecond: Sendable {
    var counts = ViewerCounts()
    var latency = ValueHistogram()
    var freezes = 0
    /// Sessions that came to stand, and those that stand now.
    var joined = 0
    var watching = 0
    var threadNanoseconds: Int64 = 0

    static func += (left: inout FleetSecond, right: FleetSecond) {
        left.counts += right.counts
        left.latency.merge(right.latency)
        left.freezes += right.freezes
        left.joined += right.joined
        left.watching += right.watching
        left.threadNanoseconds += right.threadNanoseconds
    }
}

/// What is counted of a viewer.
struct ViewerCounts: Sendable, Equatable {
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    /// Of `packets` and `bytes`, those of sound.
    var soundPackets: UInt64 = 0
    var soundBytes: UInt64 = 0
    var examined: UInt64 = 0
    var lost = 0
    var late = 0
    var recovered = 0
    var requested = 0
    var frames = 0
    var freezes = 0

    static func += (left: inout ViewerCounts, right: ViewerCounts) {
        left.packets += right.packets
        left.bytes += right.bytes
        left.soundPackets += right.soundPackets
        left.soundBytes += right.soundBytes
        left.examined += right.examined
        left.lost += right.lost
        left.late += right.late
        left.recovered += right.recovered
        left.requested += right.requested
        left.frames += right.frames
        left.freezes += right.freezes
    }

    static func - (left: ViewerCounts, right: ViewerCounts) -> ViewerCounts {
        ViewerCounts(
            packets: left.packets - right.packets,
            bytes: left.bytes - right.bytes,
            soundPackets: left.soundPackets - right.soundPackets,
            soundBytes: left.soundBytes - right.soundBytes,
            examined: left.examined - right.examined,
            lost: left.lost - right.lost,
            late: left.late - right.late,
            recovered: left.recovered - right.recovered,
            requested: left.requested - right.requested,
            frames: left.frames - right.frames,
            freezes: left.freezes - right.freezes
        )
    }
}
