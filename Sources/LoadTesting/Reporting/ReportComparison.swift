/// Two reports side by side.
package struct ReportComparison: Sendable {
    package struct Line: Sendable, Equatable {
        package var name: String
        package var unit: Measure
        package var before: Double?
        package var after: Double?

        /// `after` as a multiple of `before`.
        package var ratio: Double? {
            guard let before, let after, before != 0 else { return nil }
            return after / before
        }
    }

    package let lines: [Line]
    /// Options that the two runs do not share: what the comparison may be a comparison of.
    package let differences: [String]

    private static let statistics = ["p50", "p99", "p99.9", "max"]

    package init(before: LoadReport, after: LoadReport) {
        var lines: [Line] = []
        for name in Set(before.distributions.keys).union(after.distributions.keys).sorted() {
            for statistic in Self.statistics {
                lines.append(Self.line("\(name).\(statistic)", before, after))
            }
        }
        for name in Set(before.numbers.keys).union(after.numbers.keys).sorted() {
            lines.append(Self.line(name, before, after))
        }
        self.lines = lines.filter { $0.before != nil || $0.after != nil }
        differences = Set(before.options.keys).union(after.options.keys).sorted().compactMap { name in
            let (left, right) = (before.options[name] ?? "-", after.options[name] ?? "-")
            return left == right ? nil : "\(name): \(left) and \(right)"
        }
    }

    private static func line(_ name: String, _ before: LoadReport, _ after: LoadReport) -> Line {
        let (left, right) = (before.value(of: name), after.value(of: name))
        return Line(
            name: name,
            unit: right?.unit ?? left?.unit ?? .count,
            before: left?.value,
            after: right?.value
        )
    }

    /// A table for people.
    package var text: String {
        var table = TextTable(["", "before", "after", "change"])
        for line in lines {
            table.append([
                line.name, line.before.map(line.unit.text) ?? "-", line.after.map(line.unit.text) ?? "-",
                line.ratio.map(Self.change) ?? "",
            ])
        }
        let note = differences.isEmpty ? "" : "\nThe runs differ in " + differences.joined(separator: "; ")
        return table.text + note
    }

    private static func change(_ ratio: Double) -> String {
        let percent = (ratio - 1) * 100
        if abs(percent) < 0.05 { return "same" }
        return ratio >= 10
            ? "\(Measure.short(ratio)) x" : (percent > 0 ? "+" : "") + Measure.short(percent) + " %"
    }
}

/// Columns of text, the first to the left and the others to the right.
struct TextTable {
    private var rows: [[String]]

    init(_ head: [String]) {
        rows = head.isEmpty ? [] : [head]
    }

    mutating func append(_ row: [String]) { rows.append(row) }

    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }
            .joined(separator: "  ").trimmedAtEnd
        }
        .joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
