/// Many values of one kind as a report keeps them: order statistics, and the steps of their distribution.
package struct Distribution: Sendable, Codable, Equatable {
    /// The unit of all values here.
    package var unit: Measure
    package var count: UInt64
    package var min: Double
    package var mean: Double
    package var p50: Double
    package var p90: Double
    package var p99: Double
    package var p999: Double
    package var max: Double
    /// Upper bounds and how many values lie at or below each and above the one before, lowest first.
    package var steps: [[Double]]

    /// `unitsOfOne`: what a histogram's value of 1 is in `unit`.
    package init(_ histogram: ValueHistogram, unit: Measure, unitsOfOne: Double) {
        self.unit = unit
        count = histogram.count
        func value(_ percent: Double) -> Double { Double(histogram.percentile(percent)) * unitsOfOne }
        min = Double(histogram.minimum) * unitsOfOne
        mean = histogram.mean * unitsOfOne
        (p50, p90, p99, p999) = (value(50), value(90), value(99), value(99.9))
        max = Double(histogram.maximum) * unitsOfOne
        steps = histogram.steps.map { [Double($0.value) * unitsOfOne, Double($0.count)] }
    }

    /// Times that were counted in nanoseconds.
    package static func times(_ histogram: ValueHistogram) -> Distribution {
        Distribution(histogram, unit: .milliseconds, unitsOfOne: 1e-6)
    }

    /// Shares that were counted in millionths.
    package static func shares(_ histogram: ValueHistogram) -> Distribution {
        Distribution(histogram, unit: .share, unitsOfOne: 1e-6)
    }

    /// The statistic called `name` (`p50`, `p99.9`, `max`); `nil` for other names.
    package func statistic(_ name: some StringProtocol) -> Double? {
        switch name {
        case "min": min
        case "mean": mean
        case "p50", "median": p50
        case "p90": p90
        case "p99": p99
        case "p99.9", "p999": p999
        case "max": max
        case "count": Double(count)
        default: nil
        }
    }

    /// The statistics in the order in which they are printed.
    package static let printed = ["p50", "p90", "p99", "p99.9", "max"]
}
