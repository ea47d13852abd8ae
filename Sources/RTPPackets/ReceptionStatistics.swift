import Primitives

/// What a receiver counts of one stream to fill a report block (RFC 3550 A.1, A.3, A.8).
///
/// There is no probation: what arrives was authenticated.
package struct ReceptionStatistics: Sendable {
    /// Forward jumps up to this are taken for loss (RFC 3550 A.1's MAX_DROPOUT).
    package static let maximumDropout: UInt16 = 3000
    /// Late packets up to this far back are counted (RFC 3550 A.1's MAX_MISORDER).
    package static let maximumMisorder: UInt16 = 100

    package let ssrc: UInt32
    package let clockRate: UInt32
    /// Packets counted, duplicates included, as in RFC 3550 A.3.
    package private(set) var receivedCount: UInt64 = 0

    private var cycles: UInt32 = 0
    private var highest: UInt16 = 0
    private var base: UInt32 = 0
    private var restartCandidate: UInt16?
    private var expectedBefore: Int64 = 0
    private var receivedBefore: Int64 = 0
    private var receivedSinceRestart: Int64 = 0
    /// Jitter in 16ths of a tick (RFC 3550 A.8).
    private var scaledJitter: Int64 = 0
    private var lastTransit: Int64?
    private var lastTimestamp: UInt32 = 0
    private var lastReport: (middle: UInt32, arrival: MonotonicTime)?

    package init(ssrc: UInt32, clockRate: UInt32) {
        precondition(clockRate > 0, "a clock ticks")
        self.ssrc = ssrc
        self.clockRate = clockRate
    }

    /// Cycles and highest sequence number received.
    package var highestSequence: UInt32 { cycles &+ UInt32(highest) }

    /// Interarrival jitter in timestamp ticks.
    package var jitter: UInt32 { UInt32(clamping: scaledJitter >> 4) }

    /// Lost since the start; negative if duplicates outnumber losses.
    package var cumulativeLost: Int32 { Int32(clamping: expected - receivedSinceRestart) }

    private var expected: Int64 {
        receivedSinceRestart == 0 ? 0 : Int64(highestSequence) - Int64(base) + 1
    }

    /// Counts a packet.
    package mutating func record(sequenceNumber: UInt16, timestamp: UInt32, arrival: MonotonicTime) {
        receivedCount &+= 1
        guard advance(to: sequenceNumber) else { return }
        receivedSinceRestart += 1
        updateJitter(timestamp: timestamp, arrival: arrival)
    }

    /// Remembers a sender report of this stream, for LSR and DLSR.
    package mutating func noteSenderReport(_ report: SenderReport, arrival: MonotonicTime) {
        lastReport = (report.ntpTime.middle, arrival)
    }

    /// The report block for the interval since the last call.
    package mutating func makeReportBlock(now: MonotonicTime) -> ReportBlock {
        // RFC 3550 A.3.
        let expectedNow = expected
        let expectedInterval = expectedNow - expectedBefore
        let receivedInterval = receivedSinceRestart - receivedBefore
        expectedBefore = expectedNow
        receivedBefore = receivedSinceRestart
        let lost = expectedInterval - receivedInterval
        let fraction = expectedInterval <= 0 || lost <= 0 ? 0 : (lost << 8) / expectedInterval
        return ReportBlock(
            ssrc: ssrc,
            fractionLost: UInt8(clamping: fraction),
            cumulativeLost: min(max(cumulativeLost, -0x80_0000), 0x7F_FFFF),
            highestSequence: highestSequence,
            jitter: jitter,
            lastSenderReport: lastReport?.middle ?? 0,
            delaySinceLastSenderReport: lastReport.map {
                CompactNTP.units(nanoseconds: now.nanoseconds(since: $0.arrival))
            } ?? 0
        )
    }

    /// RFC 3550 A.1's `update_seq`; `false` if the number is too far off to count yet.
    private mutating func advance(to sequenceNumber: UInt16) -> Bool {
        guard receivedSinceRestart > 0 else {
            restart(at: sequenceNumber)
            return true
        }
        let step = sequenceNumber &- highest
        if step < Self.maximumDropout {
            if sequenceNumber < highest { cycles &+= 1 << 16 }
            highest = sequenceNumber
        } else if step <= 0 &- Self.maximumMisorder {
            // Two in a row after a jump: the sender began anew.
            guard restartCandidate == sequenceNumber else {
                restartCandidate = sequenceNumber &+ 1
                return false
            }
            restart(at: sequenceNumber)
        }
        restartCandidate = nil
        return true
    }

    private mutating func restart(at sequenceNumber: UInt16) {
        highest = sequenceNumber
        base = UInt32(sequenceNumber)
        cycles = 0
        restartCandidate = nil
        expectedBefore = 0
        receivedBefore = 0
        receivedSinceRestart = 0
        lastTransit = nil
    }

    /// RFC 3550 A.8, with the transit difference kept in 64 bits and taken once a timestamp.
    private mutating func updateJitter(timestamp: UInt32, arrival: MonotonicTime) {
        // A frame's packets share a timestamp and leave one after another: only its first says something of
        // the network's jitter.
        if lastTransit != nil, timestamp == lastTimestamp { return }
        let seconds = arrival.nanoseconds / 1_000_000_000
        let rest = arrival.nanoseconds % 1_000_000_000
        let ticks = seconds &* Int64(clockRate) &+ rest * Int64(clockRate) / 1_000_000_000
        let transit = Int64(Int32(truncatingIfNeeded: ticks &- Int64(timestamp)))
        if let lastTransit {
            let difference = abs(Int64(Int32(truncatingIfNeeded: transit &- lastTransit)))
            scaledJitter += difference - ((scaledJitter + 8) >> 4)
        }
        lastTransit = transit
        lastTimestamp = timestamp
    }
}
