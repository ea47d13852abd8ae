import Foundation
import FoundationXML
import Testing

@testable import LoadTesting

@Suite struct LoadReportTests {
    static func report(latency: [Int64] = [1_000_000, 2_000_000, 30_000_000]) -> LoadReport {
        var histogram = ValueHistogram()
        for value in latency { histogram.record(value) }
        var report = LoadReport(
            startedAt: "2026-11-23T00:00:00.000000000Z",
            machine: MachineFacts(),
            options: ["viewers": "3", "codec": "vp8"],
            distributions: ["latency": .times(histogram), "freeze": .times(ValueHistogram())],
            numbers: [
                "leaks": .init(0, .count), "packets": .init(1_000, .count),
                "examined": .init(0.05, .share), "server.cpu_per_packet": .init(1.5, .microseconds),
            ],
            refusals: ["HTTP 429: too many": 2],
            warnings: ["<the generator> was the bottleneck"]
        )
        report.seconds = (0..<5).map { second in
            LoadReport.Second(
                second: Double(second),
                isMeasured: second > 1,
                viewers: second,
                packets: UInt64(second) * 1_000,
                bits: UInt64(second) * 8_000_000,
                lost: 0,
                freezes: 0,
                latencyP50Milliseconds: 1,
                latencyP99Milliseconds: 2,
                latencyMaximumMilliseconds: 3,
                serverCores: second == 0 ? nil : 0.25,
                generatorCores: 0.5,
                flips: 0
            )
        }
        return report
    }

    @Test func readsBackItsDocument() throws {
        let report = Self.report()
        #expect(try LoadReport(json: report.json()) == report)
    }

    /// The names are a promise to programs that read the document.
    @Test func theDocumentsNamesAreAsDescribed() throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Self.report().json()) as? [String: Any]
        )
        #expect(object["schema"] as? String == "tally-load/1")
        #expect(
            Set(object.keys) == [
                "schema", "started_at", "machine", "options", "distributions", "numbers", "seconds", "leaks",
                "refusals", "warnings", "verdicts",
            ]
        )
        let distributions = try #require(object["distributions"] as? [String: [String: Any]])
        let latency = try #require(distributions["latency"])
        #expect(
            Set(latency.keys) == [
                "unit", "count", "min", "mean", "p50", "p90", "p99", "p999", "max", "steps",
            ]
        )
        #expect(latency["unit"] as? String == "ms")
        let numbers = try #require(object["numbers"] as? [String: [String: Any]])
        #expect(numbers["server.cpu_per_packet"]?["unit"] as? String == "us")
        let seconds = try #require(object["seconds"] as? [[String: Any]])
        #expect(
            Set(seconds[1].keys) == [
                "second", "is_measured", "viewers", "packets", "bits", "lost", "freezes",
                "latency_p50_milliseconds", "latency_p99_milliseconds", "latency_maximum_milliseconds",
                "server_cores", "generator_cores", "flips",
            ]
        )
        #expect(seconds[0]["server_cores"] == nil)
    }

    @Test func refusesWhatIsNoReport() {
        for text in ["", "[]", "{}", #"{"schema":"tally-load/2"}"#, #"{"schema":"tally-load/1"}"#] {
            #expect(throws: LoadReportError.self) { try LoadReport(json: Data(text.utf8)) }
        }
        #expect(throws: LoadReportError.self) { try LoadReport.read(path: "/nowhere/report.json") }
    }

    @Test func answersNumbersByTheirNames() {
        let report = Self.report()
        #expect(report.value(of: "latency.p50")?.unit == .milliseconds)
        #expect(abs((report.value(of: "latency.p50")?.value ?? 0) - 2) < 0.002)
        #expect(report.value(of: "latency.max")?.value == 30)
        #expect(report.value(of: "latency.p99.9")?.value == report.value(of: "latency.p999")?.value)
        #expect(report.value(of: "latency.count")?.value == 3)
        #expect(report.value(of: "freeze.p50") == nil, "no value of none")
        #expect(report.value(of: "freeze.count")?.value == 0)
        #expect(report.value(of: "nothing") == nil)
    }

    @Test func namesEveryFigureInItsText() {
        var report = Self.report()
        report.verdicts = [LoadReport.Verdict(threshold: "latency.max>1ms", value: 30, isHeld: false)]
        for part in [
            "latency", "server.cpu_per_packet", "1.5 us", "429", "warning: <the",
            "FAILED: latency.max>1ms (30 ms)",
        ] {
            #expect(report.text.contains(part), "\(part)")
        }
    }

    // MARK: Thresholds

    @Test(arguments: [
        ("latency.max>20ms", false), ("latency.max>0.03s", true), ("latency.max>=30ms", false),
        ("latency.max > 31000 us", true), ("leaks>0", true), ("leaks==0", false), ("leaks!=0", true),
        ("examined<5%", true), ("examined<0.06", false), ("packets<1001", false),
        ("server.cpu_per_packet>2us", true), ("server.cpu_per_packet>1400ns", false),
        // What was not measured, or is of another kind, does not hold.
        ("withdrawal.p99>1s", false), ("packets>5ms", false), ("freeze.p99>1s", false),
    ])
    func judgesThresholds(_ text: String, _ isHeld: Bool) throws {
        let verdict = try Threshold(text).judge(Self.report(), baseline: nil)
        #expect(verdict.isHeld == isHeld)
        #expect(verdict.threshold == text)
    }

    @Test func judgesAgainstABaseline() throws {
        let before = Self.report(latency: [10_000_000])
        let after = Self.report(latency: [10_500_000])
        #expect(try Threshold("latency.max>1.1x").judge(after, baseline: before).isHeld)
        #expect(try !Threshold("latency.max>1.01x").judge(after, baseline: before).isHeld)
        #expect(try !Threshold("latency.max>1.1x").judge(after, baseline: nil).isHeld)
        #expect(try Threshold("latency.max>1.1x").needsBaseline)
    }

    @Test(arguments: [
        "", "latency", "latency>", ">5", "latency.p99>fast", "latency.p99>5min", "a>nan", "a=5",
    ])
    func aBadThresholdIsRefused(_ text: String) {
        #expect(throws: LoadPlanError.self) { try Threshold(text) }
    }

    // MARK: Comparison

    @Test func comparesReportsSideBySide() throws {
        var after = Self.report(latency: [2_000_000, 4_000_000, 60_000_000])
        after.options["viewers"] = "4"
        after.numbers["new"] = .init(1, .count)
        let comparison = ReportComparison(before: Self.report(), after: after)
        let line = try #require(comparison.lines.first { $0.name == "latency.max" })
        #expect(line.ratio == 2)
        #expect(comparison.lines.first { $0.name == "new" }?.before == nil)
        #expect(comparison.differences == ["viewers: 3 and 4"])
        #expect(comparison.text.contains("+100 %"))
        #expect(comparison.text.contains("viewers: 3 and 4"))
        #expect(!comparison.lines.contains { $0.name == "freeze.p50" })
    }

    // MARK: What the system says

    @Test func readsAProcess() throws {
        let stat = "12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0 100 200 300"
        let usage = try #require(
            ProcessUsage(
                stat: stat,
                memory: "1000 200 30 1 0 400 0",
                taskStatus: [
                    "Name:\ta\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t2\n",
                    "voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n",
                ],
                ticksPerSecond: 100,
                pageBytes: 4_096
            )
        )
        #expect(usage.cpuNanoseconds == 2_000_000_000)
        #expect(usage.residentBytes == 819_200)
        #expect(usage.voluntarySwitches == 12)
        #expect(usage.involuntarySwitches == 3)
        #expect(usage.threads == 2)
        #expect(ProcessUsage(process: getpid()).map { $0.residentBytes > 0 && $0.threads > 0 } == true)
        #expect(ProcessUsage(process: -1) == nil)
    }

    @Test func countsDropsOfOurSocketsOnly() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
              1: 00000000:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 17
              2: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2 2 0 5
            """
        #expect(SocketDrops.count(table: table, ports: [8_080]) == 17)
        #expect(SocketDrops.count(table: table, ports: [53, 8_080]) == 22)
        #expect(SocketDrops.count(table: "", ports: [53]) == 0)
    }
}

@Suite struct LoadPageTests {
    @Test func thePageNeedsNothingElse() throws {
        var report = LoadReportTests.report()
        report.distributions["latency.video"] = report.distributions["latency"]
        report.verdicts = [LoadReport.Verdict(threshold: "a<b", value: 1, isHeld: true)]
        let html = LoadPage(report, baseline: LoadReportTests.report(latency: [5_000_000])).html
        for absent in ["<script", "http://", "https://", "<link", "<img", "url(", "<the"] {
            #expect(!html.contains(absent), "\(absent)")
        }
        #expect(html.contains("&lt;the generator&gt; was the bottleneck"))
        #expect(html.contains("a&lt;b"))
        #expect(html.contains("baseline"))
        #expect(html.components(separatedBy: "<svg").count == 7)
        #expect(html.contains("polyline"))
        let document = try XMLDocument(
            xmlString: String(html.dropFirst("<!DOCTYPE html>\n".count)).replacing(
                "<meta charset=\"utf-8\">",
                with: ""
            )
            .replacing(#/<meta name[^>]*>/#, with: "")
        )
        #expect(try document.nodes(forXPath: "//section").count == 9)
    }

    @Test func axesHaveRoundTicks() {
        let axis = Axis(0, 97, isLogarithmic: false, pixels: 0...100)
        #expect(axis.ticks == [0, 20, 40, 60, 80])
        #expect(axis.place(97) == 100)
        let logarithmic = Axis(0.5, 300, isLogarithmic: true, pixels: 0...100)
        #expect(logarithmic.ticks == [0.5, 1, 2, 5, 10, 20, 50, 100, 200])
        #expect(logarithmic.place(0.5) == 0)
        let point = Axis(3, 3, isLogarithmic: false, pixels: 0...100)
        #expect(point.place(3) == 0)
        #expect(point.ticks.count < 20)
    }

    @Test func aReportOfNothingIsAPageToo() {
        let report = LoadReport(startedAt: "", machine: MachineFacts(), options: [:])
        #expect(LoadPage(report).html.contains("</html>"))
    }
}
