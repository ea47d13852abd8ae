import Disclosures
import Primitives

/// Asks `decide` and the naive evaluator the same questions about the same random logs.
package struct DifferentialRun {
    /// Questions about each log.
    package static let questionsPerLog = 20

    /// Questions asked.
    package private(set) var cases = 0
    /// How often each reason came up; `nil` is a permit.
    package private(set) var answers: [DenyReason?: Int] = [:]
    /// The first disagreement, with its seed.
    package private(set) var disagreement: String?

    package init() {}

    /// Asks about the log of `seed`; answers whether the two agree.
    @discardableResult
    package mutating func run(seed: UInt64) -> Bool {
        var cases = RandomCases(seed: seed)
        let log = cases.log()
        let state = RoomConsent(folding: log)
        let naive = NaiveEvaluator(events: log)
        for _ in 0..<Self.questionsPerLog {
            guard let request = cases.request(epoch: state.epoch) else { continue }
            let decision = decide(request, state, now: RandomCases.now)
            let expected = naive.answer(request, now: RandomCases.now)
            self.cases += 1
            answers[decision.denyReason, default: 0] += 1
            if NaiveEvaluator.Answer(decision) != expected {
                disagreement = "seed \(seed): \(decision), expected \(expected), of \(request) in \(log)"
                return false
            }
        }
        return true
    }

    /// Adds what another run has seen.
    package mutating func add(_ other: DifferentialRun) {
        cases += other.cases
        answers.merge(other.answers, uniquingKeysWith: +)
        disagreement = disagreement ?? other.disagreement
    }
}

extension NaiveEvaluator.Answer {
    /// What of a decision the naive evaluator gives too.
    package init(_ decision: Decision) {
        switch decision {
        case .permit(let permit): self = .permit(notAfter: permit.notAfter, grant: permit.grant)
        case .deny(let reason): self = .deny(reason)
        }
    }
}
