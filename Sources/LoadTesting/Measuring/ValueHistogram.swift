/// Counts of values over a wide range, exact to three significant decimal digits: the layout of HdrHistogram.
///
/// Values up to 2,047 have a place each; above, every doubling is cut into 1,024 equal steps.
package struct ValueHistogram: Sendable, Equatable {
    /// Above this, values count as this: 73 minutes, if they are nanoseconds.
    package static let highestValue: Int64 = 1 << 42 - 1

    private static let exactBits = 11
    private static let stepsOfDoubling = 1 << (exactBits - 1)

    /// Grows to the highest place used, so that small values stay cheap.
    private var counts: [UInt64] = []
    package private(set) var count: UInt64 = 0
    package private(set) var minimum: Int64 = 0
    package private(set) var maximum: Int64 = 0
    private var sum = 0.0

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Counts a value; below 0 it counts as 0.
    package mutating func record(_ value: Int64, count times: UInt64 = 1) {
        guard times > 0 else { return }
        let value = min(max(value, 0), Self.highestValue)
        let place = Self.place(of: value)
        if place >= counts.count {
            counts.append(contentsOf: repeatElement(0, count: place + 1 - counts.count))
        }
        counts[place] += times
        minimum = count == 0 ? value : min(minimum, value)
        maximum = count == 0 ? value : max(maximum, value)
        count += times
        sum += Double(value) * Double(times)
    }

    /// Adds all values of another histogram.
    package mutating func merge(_ other: ValueHistogram) {
        guard !other.isEmpty else { return }
        if other.counts.count > counts.count {
            counts.append(contentsOf: repeatElement(0, count: other.counts.count - counts.count))
        }
        for (place, times) in other.counts.enumerated() { counts[place] += times }
        minimum = isEmpty ? other.minimum : min(minimum, other.minimum)
        maximum = isEmpty ? other.maximum : max(maximum, other.maximum)
        count += other.count
        sum += other.sum
    }

    /// Forgets all values and keeps the memory.
    package mutating func removeAll() {
        for place in counts.indices { counts[place] = 0 }
        (count, minimum, maximum, sum) = (0, 0, 0, 0)
    }

    /// The highest value that counts as equal to the one below or at which `percent` of 100 lie; 0 of none.
    package func percentile(_ percent: Double) -> Int64 {
        guard !isEmpty else { return 0 }
        let wanted = UInt64(max(1, (min(max(percent, 0), 100) / 100 * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (place, times) in counts.enumerated() where times > 0 {
            seen += times
            if seen >= wanted { return min(Self.highest(at: place), maximum) }
        }
        return maximum
    }

    /// How many values are above `limit`, to the precision that values are kept with.
    package func count(above limit: Int64) -> UInt64 {
        let place = Self.place(of: min(max(limit, 0), Self.highestValue))
        guard place + 1 < counts.count else { return 0 }
        return counts[(place + 1)...].reduce(0, +)
    }

    /// The places that hold values, lowest first, at most about one for each percent of a value, each with the
    /// highest value that it stands for.
    package var steps: [(value: Int64, count: UInt64)] {
        var steps: [(value: Int64, count: UInt64)] = []
        for (place, times) in counts.enumerated() where times > 0 {
            // Sixteen places are under two percent of what they stand for, and each of the first ones is whole.
            let last = place < 128 ? place : place | 15
            let value = min(Self.highest(at: last), maximum)
            if let previous = steps.last, previous.value == value {
                steps[steps.count - 1].count += times
            } else {
                steps.append((value, times))
            }
        }
        return steps
    }

    private static func place(of value: Int64) -> Int {
        let doubling = (Int64.bitWidth - (value | (1 << exactBits - 1)).leadingZeroBitCount) - exactBits
        return doubling * stepsOfDoubling + Int(value >> Int64(doubling))
    }

    /// The highest value at a place.
    private static func highest(at place: Int) -> Int64 {
        let doubling = max(0, place / stepsOfDoubling - 1)
        let step = Int64(place - doubling * stepsOfDoubling)
        return (step + 1) << Int64(doubling) - 1
    }
}
