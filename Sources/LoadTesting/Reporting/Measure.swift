/// What a number of a report is of; its JSON name stands beside each.
package enum Measure: String, Sendable, Codable, Equatable {
    case milliseconds = "ms"
    case microseconds = "us"
    case share
    case count
    case perSecond = "per s"
    case bitsPerSecond = "bit/s"
    case bytes = "B"

    /// A value as people read it.
    package func text(_ value: Double) -> String {
        switch self {
        case .milliseconds: "\(Self.short(value)) ms"
        case .microseconds: "\(Self.short(value)) us"
        case .share: "\(Self.short(value * 100)) %"
        case .count: Self.short(value)
        case .perSecond: "\(Self.short(value))/s"
        case .bitsPerSecond: "\(Self.short(value / 1_000)) kbit/s"
        case .bytes: value < 10_000 ? "\(Self.short(value)) B" : "\(Self.short(value / 1_024)) KiB"
        }
    }

    /// Three or four digits that count.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        let size = abs(value)
        let factor = size >= 100 ? 1.0 : size >= 10 ? 10 : size >= 1 ? 100 : 1_000
        let rounded = (value * factor).rounded() / factor
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
    }
}
