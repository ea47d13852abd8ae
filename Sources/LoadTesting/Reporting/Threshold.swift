/// A bound on a number of a report, as `--fail-if` states it: `latency.p99>20ms`.
///
/// The name is that of a number, or of a distribution and a statistic; the value may be relative to the same number
/// of a baseline, as in `latency.p99>1.1x`. What it says is what fails.
package struct Threshold: Sendable, Equatable {
    package enum Comparison: String, Sendable, CaseIterable {
        // The longer of those that begin alike first.
        case atLeast = ">="
        case atMost = "<="
        case notEqual = "!="
        case equal = "=="
        case above = ">"
        case below = "<"

        func holds(_ left: Double, _ right: Double) -> Bool {
            switch self {
            case .atLeast: left >= right
            case .atMost: left <= right
            case .notEqual: left != right
            case .equal: left == right
            case .above: left > right
            case .below: left < right
            }
        }
    }

    /// What a bound is in.
    enum Unit: Equatable {
        /// That of the number itself.
        case own
        case nanoseconds(Double)
        case percent
        case bitsPerSecond(Double)
        case bytes(Double)
        /// Times the baseline's number.
        case ofBaseline
    }

    package let text: String
    let name: String
    let comparison: Comparison
    let bound: Double
    let unit: Unit

    private static let units: [(suffix: String, unit: Unit)] = [
        ("kbit/s", .bitsPerSecond(1_000)), ("Mbit/s", .bitsPerSecond(1_000_000)),
        ("bit/s", .bitsPerSecond(1)),
        ("KiB", .bytes(1_024)), ("MiB", .bytes(1_048_576)), ("B", .bytes(1)),
        ("ns", .nanoseconds(1)), ("us", .nanoseconds(1_000)), ("ms", .nanoseconds(1_000_000)),
        ("s", .nanoseconds(1_000_000_000)), ("%", .percent), ("x", .ofBaseline),
    ]

    /// Throws `LoadPlanError`.
    package init(_ text: String) throws(LoadPlanError) {
        self.text = text
        let plain = text.filter { $0 != " " }
        guard let start = plain.firstIndex(where: { "<>=!".contains($0) }),
            let comparison = Comparison.allCases.first(where: { plain[start...].hasPrefix($0.rawValue) })
        else { throw LoadPlanError("a threshold is like latency.p99>20ms, got \(text)") }
        name = String(plain[..<start])
        self.comparison = comparison
        var value = plain[start...].dropFirst(comparison.rawValue.count)
        let found = Self.units.first { value.hasSuffix($0.suffix) }
        value = value.dropLast(found?.suffix.count ?? 0)
        unit = found?.unit ?? .own
        guard let number = Double(value), number.isFinite, !name.isEmpty else {
            throw LoadPlanError(
                "a threshold is a name, a comparison and a number with ns, us, ms, s, %, bit/s, kbit/s, Mbit/s, B, "
                    + "KiB, MiB, x (times the baseline) or nothing behind it, got \(text)"
            )
        }
        bound = number
    }

    /// Whether a run of which this is asked needs a baseline.
    package var needsBaseline: Bool { unit == .ofBaseline }

    /// The verdict on a report.
    package func judge(_ report: LoadReport, baseline: LoadReport?) -> LoadReport.Verdict {
        guard let number = report.value(of: name), let bound = bound(in: number.unit, of: baseline) else {
            return LoadReport.Verdict(threshold: text, value: nil, isHeld: false)
        }
        return LoadReport.Verdict(
            threshold: text,
            value: number.value,
            isHeld: !comparison.holds(number.value, bound)
        )
    }

    /// The bound in the number's own unit; `nil` where it is of another kind.
    private func bound(in own: Measure, of baseline: LoadReport?) -> Double? {
        switch (unit, own) {
        case (.own, _): bound
        case (.ofBaseline, _): baseline?.value(of: name).map { $0.value * bound }
        case (.nanoseconds(let one), .milliseconds): bound * one / 1_000_000
        case (.nanoseconds(let one), .microseconds): bound * one / 1_000
        case (.percent, .share): bound / 100
        case (.bitsPerSecond(let one), .bitsPerSecond), (.bytes(let one), .bytes): bound * one
        default: nil
        }
    }
}
