import CoreMetrics
import Synchronization

/// Keeps what libraries and the HTTP surface report through swift-metrics, and writes it as Prometheus text.
package final class PrometheusMetrics: MetricsFactory {
    fileprivate struct Histogram {
        /// Upper bounds in seconds: from a page in memory to a handshake that waits for its grace period.
        static let bounds = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 5]

        var counts = [Int](repeating: 0, count: bounds.count)
        var count = 0
        var sum = 0.0

        mutating func record(_ value: Double) {
            for (index, bound) in Self.bounds.enumerated() where value <= bound { counts[index] += 1 }
            count += 1
            sum += value
        }
    }

    fileprivate struct State {
        var counters: [Series: Double] = [:]
        var gauges: [Series: Double] = [:]
        var histograms: [Series: Histogram] = [:]

        var count: Int { counters.count + gauges.count + histograms.count }
    }

    /// A metric and its labels, ready for the text.
    fileprivate struct Series: Hashable, Sendable {
        var name: String
        /// `a="b",c="d"`, empty without labels.
        var labels: String
    }

    /// More than all routes with all their statuses; what comes after it is not kept.
    static let maximumSeries = 4096

    fileprivate let state = Mutex(State())

    package init() {}

    /// Exposition format 0.0.4.
    package func text() -> String {
        let state = state.withLock { $0 }
        var text = ""
        func write<Value>(
            _ type: String,
            _ all: [Series: Value],
            _ lines: (Series, Value) -> String
        ) {
            var last = ""
            for (series, value) in all.sorted(by: {
                ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels)
            }) {
                if series.name != last { text += "# TYPE \(series.name) \(type)\n" }
                last = series.name
                text += lines(series, value)
            }
        }
        write("counter", state.counters) { "\($0.line()) \($1)\n" }
        write("gauge", state.gauges) { "\($0.line()) \($1)\n" }
        write("histogram", state.histograms) { series, histogram in
            let buckets = zip(Histogram.bounds, histogram.counts)
                .map { "\(series.line("_bucket", "le=\"\($0)\"")) \($1)\n" }.joined()
            return buckets + "\(series.line("_bucket", "le=\"+Inf\"")) \(histogram.count)\n"
                + "\(series.line("_sum")) \(histogram.sum)\n\(series.line("_count")) \(histogram.count)\n"
        }
        return text
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(self, label, dimensions)
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        Handler(self, label, dimensions, isHistogram: aggregate)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Handler(self, label, dimensions)
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    fileprivate func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
    }
}

extension PrometheusMetrics.Series {
    init(_ label: String, _ dimensions: [(String, String)]) {
        name = Self.name(label)
        labels = dimensions.map { "\(Self.name($0.0))=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
    }

    func line(_ suffix: String = "", _ extra: String = "") -> String {
        let all = [labels, extra].filter { !$0.isEmpty }.joined(separator: ",")
        return all.isEmpty ? name + suffix : "\(name)\(suffix){\(all)}"
    }

    private static func name(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

/// One metric of either kind, writing into its factory.
private final class Handler: CounterHandler, RecorderHandler, TimerHandler {
    private let metrics: PrometheusMetrics
    private let series: PrometheusMetrics.Series
    private let isHistogram: Bool

    init(
        _ metrics: PrometheusMetrics,
        _ label: String,
        _ dimensions: [(String, String)],
        isHistogram: Bool = true
    ) {
        self.metrics = metrics
        self.isHistogram = isHistogram
        series = PrometheusMetrics.Series(label, dimensions)
    }

    func increment(by amount: Int64) {
        metrics.update { state in
            guard state.counters[series] != nil || state.count < PrometheusMetrics.maximumSeries else {
                return
            }
            state.counters[series, default: 0] += Double(amount)
        }
    }

    func reset() {
        metrics.update { $0.counters[series] = nil }
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    func record(_ value: Double) {
        metrics.update { state in
            if isHistogram {
                guard state.histograms[series] != nil || state.count < PrometheusMetrics.maximumSeries
                else { return }
                state.histograms[series, default: .init()].record(value)
            } else {
                guard state.gauges[series] != nil || state.count < PrometheusMetrics.maximumSeries
                else { return }
                state.gauges[series] = value
            }
        }
    }

    func recordNanoseconds(_ duration: Int64) {
        record(Double(duration) / 1_000_000_000)
    }
}
