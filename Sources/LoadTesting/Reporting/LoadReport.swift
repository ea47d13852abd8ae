/// What a load test has found: the document that `--json` writes.
///
/// Its names are described in the documentation's `LoadReport` page; they are only ever added to.
package struct LoadReport: Sendable, Codable, Equatable {
    package static let schemaName = "tally-load/1"

    /// A number with its unit.
    package struct Number: Sendable, Codable, Equatable {
        package var value: Double
        package var unit: Measure

        package init(_ value: Double, _ unit: Measure) {
            self.value = value
            self.unit = unit
        }
    }

    /// One second of the run.
    package struct Second: Sendable, Codable, Equatable {
        /// Seconds since the first viewer was asked to join, at the end of this one.
        package var second: Double
        package var isMeasured: Bool
        package var viewers: Int
        package var packets: UInt64
        package var bits: UInt64
        package var lost: Int
        package var freezes: Int
        package var latencyP50Milliseconds: Double
        package var latencyP99Milliseconds: Double
        package var latencyMaximumMilliseconds: Double
        /// Cores' worth of CPU: of the server if its process was named, and of this program.
        package var serverCores: Double?
        package var generatorCores: Double
        package var flips: Int
    }

    /// A threshold and whether it held.
    package struct Verdict: Sendable, Codable, Equatable {
        package var threshold: String
        /// `nil` if what it is about was not measured, which counts as not held.
        package var value: Double?
        package var isHeld: Bool
    }

    package var schema = LoadReport.schemaName
    /// RFC 3339.
    package var startedAt: String
    package var machine: MachineFacts
    /// The options of the run, by their names.
    package var options: [String: String]
    package var distributions: [String: Distribution]
    package var numbers: [String: Number]
    package var seconds: [Second]
    package var leaks: [Leak]
    /// Why joins were refused, and how often.
    package var refusals: [String: Int]
    package var warnings: [String]
    package var verdicts: [Verdict] = []

    package init(
        startedAt: String,
        machine: MachineFacts,
        options: [String: String],
        distributions: [String: Distribution] = [:],
        numbers: [String: Number] = [:],
        seconds: [Second] = [],
        leaks: [Leak] = [],
        refusals: [String: Int] = [:],
        warnings: [String] = []
    ) {
        self.startedAt = startedAt
        self.machine = machine
        self.options = options
        self.distributions = distributions
        self.numbers = numbers
        self.seconds = seconds
        self.leaks = leaks
        self.refusals = refusals
        self.warnings = warnings
    }

    /// The number called `name`: one of `numbers`, or a distribution's statistic such as `latency.p99`.
    package func value(of name: String) -> Number? {
        if let number = numbers[name] { return number }
        // The statistic may itself hold a dot: p99.9.
        for (distribution, found) in distributions where name.hasPrefix(distribution + ".") {
            let statistic = name.dropFirst(distribution.count + 1)
            guard found.count > 0 || statistic == "count", let value = found.statistic(statistic) else {
                continue
            }
            return Number(value, statistic == "count" ? .count : found.unit)
        }
        return nil
    }

    package var isPassed: Bool { verdicts.allSatisfy(\.isHeld) }
}
