/// A report as one page that needs nothing else: no script, no font, no network.
package struct LoadPage: Sendable {
    private let report: LoadReport
    private let baseline: LoadReport?

    package init(_ report: LoadReport, baseline: LoadReport? = nil) {
        self.report = report
        self.baseline = baseline
    }

    package var html: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>tally load, \(text(report.startedAt))</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"><style>\(Self.style)</style></head>
        <body><h1>tally load</h1>
        <p>\(text(report.startedAt)), \(text(report.machine.processor)), \(report.machine.cores) cores, Linux \
        \(text(report.machine.kernel))</p>
        \(notices)
        <section>\(headline)</section>
        <section><h2>Latency</h2>\(latencyCharts)\(table(names: ["latency", "freeze"]))</section>
        <section><h2>Joins</h2>\(table(names: ["join", "late_join"]))\(refusals)</section>
        <section><h2>Over time</h2>\(seriesCharts)</section>
        <section><h2>Viewers</h2>\(table(names: ["loss", "reordering", "bitrate", "packets_per_viewer"]))</section>
        \(consents)
        <section><h2>Generator</h2>\(table(names: ["generator"]))</section>
        <section><h2>All numbers</h2>\(numbers)</section>
        <section><h2>Options</h2>\(options)</section>
        </body></html>
        """
    }

    // MARK: Parts

    private var notices: String {
        let warnings = report.warnings.map { "<p class=\"warning\">\(text($0))</p>" }
        let verdicts = report.verdicts.map { verdict in
            let value = verdict.value.map(Measure.short) ?? "not measured"
            return
                "<p class=\"\(verdict.isHeld ? "held" : "failed")\">\(verdict.isHeld ? "Held" : "Failed"): "
                + "\(text(verdict.threshold)) (\(value))</p>"
        }
        return (warnings + verdicts).joined(separator: "\n")
    }

    private var headline: String {
        let names = [
            "latency.p50", "latency.p99", "join.p50", "join.p99", "loss.max", "leaks", "packets.rate",
            "server.cpu_per_packet", "server.resident_per_viewer", "viewers",
        ]
        let cards = names.compactMap { name in
            report.value(of: name).map { number in
                "<div class=\"card\"><b>\(text(number.unit.text(number.value)))</b>\(text(name))</div>"
            }
        }
        return "<div class=\"cards\">\(cards.joined())</div>"
    }

    private var latencyCharts: String {
        let names = ["latency.video", "latency.audio"].filter { (report.distributions[$0]?.count ?? 0) > 0 }
        var lines = names.compactMap { name in report.distributions[name].map { line($0, name: name) } }
        if let before = baseline?.distributions["latency"], before.count > 0 {
            lines.append(line(before, name: "baseline"))
        }
        return LineChart(
            title: "Latency from publisher to viewer",
            xLabel: "milliseconds",
            yLabel: "percent of packets at or below",
            lines: lines,
            isLogarithmic: true
        ).svg
    }

    private func line(_ distribution: Distribution, name: String) -> LineChart.Line {
        var seen = 0.0
        let points = distribution.steps.map { step in
            seen += step.count > 1 ? step[1] : 0
            return (x: max(step.first ?? 0, 1e-3), y: 100 * seen / Double(max(1, distribution.count)))
        }
        return LineChart.Line(name: name, points: points)
    }

    private var seriesCharts: String {
        func line(_ name: String, _ value: (LoadReport.Second) -> Double?) -> LineChart.Line {
            LineChart.Line(
                name: name,
                points: report.seconds.compactMap { second in value(second).map { (second.second, $0) } }
            )
        }
        let charts: [(String, String, [LineChart.Line])] = [
            (
                "Latency", "milliseconds",
                [
                    line("p50") { $0.latencyP50Milliseconds }, line("p99") { $0.latencyP99Milliseconds },
                ]
            ),
            ("Packets received", "thousands a second", [line("packets") { Double($0.packets) / 1_000 }]),
            ("Viewers", "watching", [line("viewers") { Double($0.viewers) }]),
            (
                "CPU", "cores",
                [line("server") { $0.serverCores }, line("generator") { $0.generatorCores }]
            ),
            (
                "Lost packets and freezes", "a second",
                [line("lost") { Double($0.lost) }, line("freezes") { Double($0.freezes) }]
            ),
        ]
        return charts.map { title, label, lines in
            LineChart(
                title: title,
                xLabel: "seconds",
                yLabel: label,
                lines: lines.filter { !$0.points.isEmpty }
            )
            .svg
        }
        .joined()
    }

    private func table(names: [String]) -> String {
        let found = report.distributions.filter { name, distribution in
            distribution.count > 0 && names.contains { name == $0 || name.hasPrefix($0 + ".") }
        }
        guard !found.isEmpty else { return "" }
        let head = (Distribution.printed + ["count"]).map { "<th>\($0)</th>" }.joined()
        let rows = found.sorted { $0.key < $1.key }.map { name, distribution in
            let cells = Distribution.printed.map { statistic in
                "<td>\(text(distribution.unit.text(distribution.statistic(statistic) ?? 0)))</td>"
            }
            return "<tr><th>\(text(name))</th>\(cells.joined())<td>\(distribution.count)</td></tr>"
        }
        return "<table><tr><th></th>\(head)</tr>\(rows.joined())</table>"
    }

    private var refusals: String {
        guard !report.refusals.isEmpty else { return "" }
        let rows = report.refusals.sorted { $0.key < $1.key }.map {
            "<li>\($0.value) times: \(text($0.key))</li>"
        }
        return "<h3>Refused</h3><ul>\(rows.joined())</ul>"
    }

    private var consents: String {
        guard let leaks = report.numbers["leaks"] else { return "" }
        let found = table(names: ["withdrawal", "grant", "resumption"])
        return "<section><h2>Consent</h2><p class=\"\(leaks.value == 0 ? "held" : "failed")\">"
            + "\(Measure.short(leaks.value)) leaked packets</p>\(found)</section>"
    }

    private var numbers: String {
        let rows = report.numbers.sorted { $0.key < $1.key }.map { name, number in
            let before = baseline?.value(of: name).map { "<td>\(text($0.unit.text($0.value)))</td>" }
            return
                "<tr><th>\(text(name))</th><td>\(text(number.unit.text(number.value)))</td>\(before ?? "")</tr>"
        }
        let head = baseline == nil ? "" : "<tr><th></th><th>this run</th><th>baseline</th></tr>"
        return "<table>\(head)\(rows.joined())</table>"
    }

    private var options: String {
        let rows = report.options.sorted { $0.key < $1.key }.map {
            "<tr><th>\(text($0.key))</th><td>\(text($0.value))</td></tr>"
        }
        return "<table>\(rows.joined())</table>"
    }

    private func text(_ text: String) -> String { HTMLText.escaped(text) }

    private static let style = """
        :root{color-scheme:light dark;--line:#8884;--a:#2a6fdb;--b:#d9480f;--c:#2b8a3e;--d:#862e9c}
        body{font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:2rem auto;padding:0 1rem}
        h2{margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}figure{display:inline-block;width:100%;max-width:520px;\
        margin:.5rem .5rem 1rem 0;vertical-align:top}svg{width:100%}text{font-size:11px;fill:currentColor}.middle{\
        text-anchor:middle}.end{text-anchor:end}.grid{stroke:var(--line)}.line{fill:none;stroke-width:1.8}
        .l0{stroke:var(--a);background:var(--a)}.l1{stroke:var(--b);background:var(--b)}.l2{stroke:var(--c);\
        background:var(--c)}.l3{stroke:var(--d);background:var(--d)}.k{display:inline-block;width:.8em;height:.8em;\
        margin:0 .3em 0 1em}.legend{margin:0}table{border-collapse:collapse;margin:.5rem 0}th,td{padding:.15rem .7rem;\
        text-align:right;border-bottom:1px solid var(--line)}th:first-child{text-align:left;font-weight:500}
        .cards{display:flex;flex-wrap:wrap;gap:.6rem}.card{border:1px solid var(--line);border-radius:.5rem;\
        padding:.5rem .9rem}.card b{display:block;font-size:1.3rem}.warning,.failed{background:#d9480f22;padding:.4rem .8rem;\
        border-left:4px solid #d9480f}.held{background:#2b8a3e22;padding:.4rem .8rem;border-left:4px solid #2b8a3e}
        """
}
