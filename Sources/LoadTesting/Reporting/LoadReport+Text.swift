extension LoadReport {
    /// The report as lines for people.
    package var text: String {
        var table = TextTable([""] + Distribution.printed + ["count"])
        for (name, found) in distributions.sorted(by: { $0.key < $1.key }) where found.count > 0 {
            table.append(
                [name]
                    + Distribution.printed.map { found.unit.text(found.statistic($0) ?? 0) } + [
                        "\(found.count)"
                    ]
            )
        }
        var figures = TextTable([])
        for (name, number) in numbers.sorted(by: { $0.key < $1.key }) {
            figures.append([name, number.unit.text(number.value)])
        }
        var parts = [table.text, figures.text]
        if !refusals.isEmpty {
            let lines = refusals.sorted { $0.key < $1.key }.map { "  \($0.value) times: \($0.key)" }
            parts.append((["joins refused:"] + lines).joined(separator: "\n"))
        }
        if !leaks.isEmpty {
            let lines = leaks.map {
                "  viewer \($0.viewer), \($0.kind), \(Measure.short(Double($0.nanosecondsAfterEffect) / 1e6)) ms after"
            }
            parts.append((["the first leaks:"] + lines).joined(separator: "\n"))
        }
        parts += warnings.map { "warning: \($0)" }
        parts += verdicts.map { verdict in
            let unit = value(of: Self.name(of: verdict.threshold))?.unit ?? .count
            let value = verdict.value.map(unit.text) ?? "not measured"
            return "\(verdict.isHeld ? "ok" : "FAILED"): \(verdict.threshold) (\(value))"
        }
        return parts.joined(separator: "\n\n")
    }

    private static func name(of threshold: String) -> String { (try? Threshold(threshold))?.name ?? "" }
}
