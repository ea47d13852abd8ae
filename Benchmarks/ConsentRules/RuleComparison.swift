import Disclosures
import Foundation
import NaiveDecisions

/// Asks `decide` and the naive evaluator the same random questions, on every core.
enum RuleComparison {
    /// Logs that a task asks about before it reports.
    private static let logsPerTask = 5000 as UInt64

    static func run(cases: Int) async {
        let logs = UInt64(cases / DifferentialRun.questionsPerLog) + 1
        let clock = ContinuousClock()
        let began = clock.now
        var total = DifferentialRun()
        await withTaskGroup(of: DifferentialRun.self) { group in
            var next = 0 as UInt64
            func addTask() {
                guard next < logs else { return }
                let seeds = next..<min(logs, next + logsPerTask)
                next = seeds.upperBound
                group.addTask {
                    var run = DifferentialRun()
                    for seed in seeds where !run.run(seed: seed) { break }
                    return run
                }
            }
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { addTask() }
            for await run in group {
                total.add(run)
                if total.disagreement == nil { addTask() }
            }
        }
        let seconds = (clock.now - began).inSeconds
        print("compare: \(total.cases) cases in \(String(format: "%.1f", seconds)) s")
        for (reason, count) in total.answers.sorted(by: { $0.value > $1.value }) {
            print("  \(reason?.rawValue ?? "permit") \(count)")
        }
        if let disagreement = total.disagreement {
            print("disagreement: \(disagreement)")
            exit(1)
        }
        print("no disagreement")
    }
}
