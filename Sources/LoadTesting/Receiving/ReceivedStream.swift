import Primitives
import RTPPackets

/// What a viewer counts of one stream from headers alone.
struct ReceivedStream {
    /// A jump by more than this is a new start and not so many packets to ask for.
    private static let longestGap = 128
    private static let missingLimit = 256
    /// Before the first request, so that packets that only overtook each other are not asked for.
    private static let firstRequestMilliseconds: Int64 = 10
    private static let repeatRequestMilliseconds: Int64 = 60
    private static let maximumRequests = 4
    /// Pictures before the pace counts as known.
    private static let paceFrames = 5
    /// What a pause must exceed a usual one by to be seen (the statistics of browsers: freezeCount).
    private static let freezeNanoseconds: Int64 = 150_000_000

    private struct Missing {
        var sequence: UInt16
        var due: MonotonicTime
        var requests = 0
    }

    let ssrc: UInt32
    let codec: MediaCodec
    private(set) var reception: ReceptionStatistics
    private var highest: UInt16
    private var missing: [Missing] = []
    private(set) var late = 0
    /// Packets that came as repetitions: under numbers of their own (RTX), and under the ones that were missing.
    private(set) var recovered = 0
    private(set) var recoveredInPlace = 0
    private(set) var requested = 0
    private(set) var frames = 0
    private var lastFrameAt = MonotonicTime.distantPast
    /// Nanoseconds between pictures, as a moving mean.
    private var pace: Int64 = 0

    init(ssrc: UInt32, codec: MediaCodec) {
        self.ssrc = ssrc
        self.codec = codec
        highest = 0
        reception = ReceptionStatistics(ssrc: ssrc, clockRate: codec.clockRate)
    }

    var isVideo: Bool { codec != .opus }
    var hasMissing: Bool { !missing.isEmpty }
    /// Packets that should have come and did not, however late.
    var lost: Int { max(0, Int(reception.cumulativeLost) - recovered) }

    /// Counts a packet; answers whether one before it is missing.
    mutating func take(sequence: UInt16, timestamp: UInt32, arrival: MonotonicTime) -> Bool {
        let step = Int(Int16(bitPattern: sequence &- highest))
        let isFirst = reception.receivedCount == 0
        reception.record(sequenceNumber: sequence, timestamp: timestamp, arrival: arrival)
        guard !isFirst, step <= Self.longestGap else {
            highest = sequence
            missing.removeAll(keepingCapacity: true)
            return false
        }
        if step == 1 {
            highest = sequence
            return false
        }
        guard step > 1 else {
            guard step < 0 else { return false }
            // What was asked for did not overtake anything.
            if forget(sequence) ?? 0 > 0 { recoveredInPlace += 1 } else { late += 1 }
            return false
        }
        let due = arrival.advanced(byMilliseconds: Self.firstRequestMilliseconds)
        for offset in 1..<step where missing.count < Self.missingLimit {
            missing.append(Missing(sequence: highest &+ UInt16(offset), due: due))
        }
        highest = sequence
        return true
    }

    /// Notes a repetition of a packet that had not come.
    mutating func takeRepetition(of sequence: UInt16) {
        if forget(sequence) != nil { recovered += 1 }
    }

    /// Notes the end of a picture; answers the length of the pause before it if it was a freeze.
    mutating func endFrame(arrival: MonotonicTime) -> Int64? {
        defer { lastFrameAt = arrival }
        frames += 1
        guard frames > 1 else { return nil }
        let interval = max(0, arrival.nanoseconds(since: lastFrameAt))
        let isFreeze = frames > Self.paceFrames && interval > max(3 * pace, pace + Self.freezeNanoseconds)
        if isFreeze { return interval }
        pace = frames == 2 ? interval : pace + (interval - pace) / 16
        return nil
    }

    /// The packets that are due to be asked for.
    mutating func requests(now: MonotonicTime) -> [UInt16] {
        guard !missing.isEmpty else { return [] }
        missing.removeAll { $0.requests >= Self.maximumRequests && $0.due <= now }
        var due: [UInt16] = []
        for index in missing.indices where missing[index].due <= now {
            due.append(missing[index].sequence)
            missing[index].requests += 1
            missing[index].due = now.advanced(byMilliseconds: Self.repeatRequestMilliseconds)
        }
        requested += due.count
        return due
    }

    /// When `requests` next has something to do.
    var nextDue: MonotonicTime? { missing.lazy.map(\.due).min() }

    mutating func makeReportBlock(now: MonotonicTime) -> ReportBlock { reception.makeReportBlock(now: now) }

    mutating func noteSenderReport(_ report: SenderReport, arrival: MonotonicTime) {
        reception.noteSenderReport(report, arrival: arrival)
    }

    /// Misses a packet no longer; answers how often it was asked for, or `nil` if it was not missing.
    private mutating func forget(_ sequence: UInt16) -> Int? {
        guard let index = missing.firstIndex(where: { $0.sequence == sequence }) else { return nil }
        return missing.remove(at: index).requests
    }
}
