import Primitives
import RTPPackets

/// The packets of one incoming stream that have not arrived, and when to ask for them again (RFC 4585 6.2.1).
struct MissingSequences: Sendable {
    /// Gaps larger than this are a restart of the sender or a lost path: a keyframe is cheaper.
    static let largestGap: Int64 = 128
    /// A packet may overtake its neighbours by this much before it counts as lost.
    static let patienceMilliseconds: Int64 = 8
    /// Pause between requests; about a round trip of a usual path.
    static let repeatMilliseconds: Int64 = 60
    static let attempts = 10
    private static let capacity = 256

    private struct Missing {
        var sequence: Int64
        var since: MonotonicTime
        var askedAt: MonotonicTime
        var attempts: Int
    }

    private var missing: [Missing] = []
    private var newest: Int64?
    /// Packets that were given up since the last `takeGivenUp`.
    private var givenUp = false

    init() {
        missing.reserveCapacity(Self.capacity)
    }

    /// Takes note that `sequence` has arrived; what lies between it and the newest before it is missing.
    mutating func received(_ sequence: Int64, now: MonotonicTime) {
        guard let newest else {
            self.newest = sequence
            return
        }
        if sequence <= newest {
            missing.removeAll { $0.sequence == sequence }
            return
        }
        self.newest = sequence
        guard sequence - newest <= Self.largestGap else {
            missing.removeAll(keepingCapacity: true)
            givenUp = true
            return
        }
        var next = newest + 1
        while next < sequence {
            if missing.count == Self.capacity {
                missing.removeFirst()
                givenUp = true
            }
            missing.append(Missing(sequence: next, since: now, askedAt: .distantPast, attempts: 0))
            next += 1
        }
    }

    var isEmpty: Bool { missing.isEmpty }

    /// Appends the numbers that are due to be asked for, in ascending order.
    mutating func takeDue(now: MonotonicTime, into due: inout [UInt16]) {
        guard !missing.isEmpty else { return }
        var kept = 0
        for index in missing.indices {
            var entry = missing[index]
            let isDue =
                entry.attempts == 0
                ? now.milliseconds(since: entry.since) >= Self.patienceMilliseconds
                : now.milliseconds(since: entry.askedAt) >= Self.repeatMilliseconds
            if isDue {
                guard entry.attempts < Self.attempts else {
                    givenUp = true
                    continue
                }
                entry.attempts += 1
                entry.askedAt = now
                due.append(UInt16(truncatingIfNeeded: entry.sequence))
            }
            missing[kept] = entry
            kept += 1
        }
        missing.removeLast(missing.count - kept)
    }

    /// Whether a packet was given up since the last call: what depends on it will not decode.
    mutating func takeGivenUp() -> Bool {
        defer { givenUp = false }
        return givenUp
    }
}
