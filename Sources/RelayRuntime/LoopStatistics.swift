import RelayEngine
import Rooms

/// What one media loop has counted, as of its last report; totals since it began.
package struct LoopStatistics: Sendable {
    /// Upper bounds of the forwarding latency histogram in microseconds; one more bucket holds the rest.
    package static let latencyBoundsMicroseconds: [Int64] = [
        25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000,
    ]

    package var engine = EngineCounters()
    package var forwarding = ForwardingCounters()
    package var peers = 0
    package var datagramsOut: UInt64 = 0
    package var bytesOut: UInt64 = 0
    package var sendCalls: UInt64 = 0
    /// Datagrams that the kernel had no room for.
    package var sendDropped: UInt64 = 0
    /// Datagrams whose lease ended between reading and sending.
    package var leaseDropped: UInt64 = 0
    package var latencyCounts = [UInt64](repeating: 0, count: latencyBoundsMicroseconds.count + 1)
    package var latencySumMicroseconds: UInt64 = 0
    /// Messages that datagrams left in: a run of several is one.
    package var messagesOut: UInt64 = 0
    /// The errno with which the kernel refused to segment runs; 0 while it does.
    package var segmentationRefusal: Int32 = 0
    /// The errno with which the kernel refused to put runs together; 0 if it does.
    package var coalescingRefusal: Int32 = 0
    /// Messages of media by how many packets the kernel cuts each into, up to `SendSlab.runSegmentLimit`.
    package private(set) var runCounts = InlineArray<61, UInt64>(repeating: 0)

    package init() {}

    /// Counts a message of media that the kernel has taken.
    mutating func noteRun(ofPackets count: Int) {
        runCounts[min(count, SendSlab.runSegmentLimit)] &+= 1
    }

    /// Counts the time from the receipt of a batch to the return of its send call.
    mutating func noteLatency(nanoseconds: Int64) {
        let microseconds = max(0, nanoseconds / 1_000)
        latencySumMicroseconds += UInt64(microseconds)
        for (index, bound) in Self.latencyBoundsMicroseconds.enumerated() where microseconds <= bound {
            latencyCounts[index] += 1
            return
        }
        latencyCounts[Self.latencyBoundsMicroseconds.count] += 1
    }
}
