import Foundation

/// Measures the rules of consent: `ConsentRules compare [CASES]`, `fold`, `decide`, `withdrawals`; all without.
@main
struct RuleBenchmark {
    /// What the comparison asks unless told otherwise.
    private static let usualCases = 10_000_000

    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        switch words.first {
        case "compare":
            let cases = words.dropFirst().first.flatMap { Int($0) } ?? usualCases
            await RuleComparison.run(cases: cases)
        case "fold": try await FoldMeasurement.run()
        case "decide": DecideMeasurement.run()
        case "withdrawals": try await WithdrawalBurst.run()
        case nil:
            try await FoldMeasurement.run()
            DecideMeasurement.run()
            try await WithdrawalBurst.run()
            await RuleComparison.run(cases: usualCases)
        case let word?:
            print("unknown: \(word); known are compare [CASES], fold, decide, withdrawals")
            exit(64)
        }
    }
}

extension Duration {
    /// In seconds, with fractions.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
