import Foundation

/// How many messages of media a relay has sent, by how many packets the kernel cut each into.
struct SentRuns: Sendable, Equatable {
    /// Messages of more packets than the bucket below, up to `bound`.
    private struct Bucket: Sendable, Equatable {
        var bound: Int
        var count: UInt64
    }

    private static let series = "tally_send_run_packets_bucket{le=\""

    private let buckets: [Bucket]

    /// From the relay's metrics; `nil` if they do not say it.
    init?(_ metrics: [String: Double]) {
        var totals: [Bucket] = []
        for (name, value) in metrics where name.hasPrefix(Self.series) {
            let bound = name.dropFirst(Self.series.count).prefix { $0 != "\"" }
            guard let packets = Double(bound), (1...1_000).contains(packets), (0..<1e18).contains(value)
            else { continue }
            totals.append(Bucket(bound: Int(packets), count: UInt64(value)))
        }
        guard !totals.isEmpty else { return nil }
        totals.sort { $0.bound < $1.bound }
        var below: UInt64 = 0
        buckets = totals.map { total in
            defer { below = max(below, total.count) }
            return Bucket(bound: total.bound, count: total.count - min(below, total.count))
        }
    }

    /// Packets of the messages sent from here to `later`; of a bucket for several lengths, the one in their middle.
    func sent(until later: SentRuns) -> ValueHistogram {
        var histogram = ValueHistogram()
        var lowest = 1
        for bucket in later.buckets {
            let before = buckets.first { $0.bound == bucket.bound }?.count ?? 0
            histogram.record(
                Int64((lowest + bucket.bound) / 2),
                count: bucket.count - min(before, bucket.count)
            )
            lowest = bucket.bound + 1
        }
        return histogram
    }
}
