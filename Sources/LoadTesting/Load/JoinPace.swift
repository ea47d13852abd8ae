import Foundation

/// When each of many viewers joins.
package enum JoinPace: Sendable, Hashable {
    /// So many each second, evenly.
    case steady(perSecond: Double)
    /// A rate that rises evenly from nothing to so many each second, which the last ones meet.
    case ramp(toPerSecond: Double)
    /// All at once.
    case herd

    /// `50`, `steady:50`, `ramp:100` or `herd`.
    ///
    /// Throws `LoadPlanError`.
    package init(_ text: String) throws(LoadPlanError) {
        let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        let rate = parts.last.flatMap { Double($0) }.flatMap { (0.01...100_000).contains($0) ? $0 : nil }
        switch (parts.first, parts.count, rate) {
        case ("herd", 1, _): self = .herd
        case (_, 1, let rate?): self = .steady(perSecond: rate)
        case ("steady", 2, let rate?): self = .steady(perSecond: rate)
        case ("ramp", 2, let rate?): self = .ramp(toPerSecond: rate)
        default:
            throw LoadPlanError(
                "a pace of joins is N or steady:N (so many a second), ramp:N (rising to so many) or herd, got \(text)"
            )
        }
    }

    /// Nanoseconds from the first join to that of the viewer of number `index` among `count`, from 0.
    package func offset(of index: Int, count: Int) -> Int64 {
        switch self {
        case .herd: return 0
        case .steady(let rate): return Int64(Double(index) / rate * 1e9)
        case .ramp(let rate):
            // Joined so far is half the rate times the time, so all have after twice their number by the rate.
            guard count > 0 else { return 0 }
            let whole = 2 * Double(count) / rate
            return Int64(whole * (Double(index) / Double(count)).squareRoot() * 1e9)
        }
    }

    package var text: String {
        switch self {
        case .herd: "herd"
        case .steady(let rate): "steady:\(Measure.short(rate))"
        case .ramp(let rate): "ramp:\(Measure.short(rate))"
        }
    }
}
