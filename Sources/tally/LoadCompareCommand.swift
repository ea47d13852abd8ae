import ArgumentParser
import LoadTesting

/// `tally load compare`: two reports side by side.
struct LoadCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Put two reports of tally load side by side."
    )

    @Argument(help: "The report that counts as before.")
    var before: String

    @Argument(help: "The report that counts as after.")
    var after: String

    @Option(
        help:
            "End with status 1 if this holds for the report after, for example 'latency.p99>1.1x'. Repeatable."
    )
    var failIf: [String] = []

    func validate() throws {
        do {
            for text in failIf { _ = try Threshold(text) }
        } catch {
            throw ValidationError(error.description)
        }
    }

    func run() throws {
        let (first, second) = (try LoadReport.read(path: before), try LoadReport.read(path: after))
        print(ReportComparison(before: first, after: second).text)
        let verdicts = try failIf.map { try Threshold($0).judge(second, baseline: first) }
        for verdict in verdicts where !verdict.isHeld {
            print("FAILED: \(verdict.threshold)\(verdict.value == nil ? " (not measured)" : "")")
        }
        guard verdicts.allSatisfy(\.isHeld) else { throw ExitCode.failure }
    }
}
