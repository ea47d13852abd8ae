import Disclosures
import NaiveDecisions
import Primitives

/// What happened in a run, in the order in which it happened, and what of it must not have happened.
///
/// Knows nothing of the authority: the log as it was written, what was acknowledged, and every emission, each of
/// which the naive evaluator judges by the log as it was at that moment.
struct DisclosureHistory {
    private var log: [ConsentEvent] = []
    /// Refusals that were acknowledged, with the length of the log at that moment.
    private var acknowledgedRefusals: [(statement: ConsentStatement, length: Int)] = []
    private(set) var emissions = 0

    mutating func wrote(_ event: ConsentEvent) { log.append(event) }

    mutating func acknowledged(_ contents: [ConsentEvent.Content]) {
        for case .statement(let statement) in contents where statement.state.refuses {
            acknowledgedRefusals.append((statement, log.count))
        }
    }

    /// Something was emitted; answers what is wrong with that if none of `clocks` permits it.
    mutating func emitted(_ request: DisclosureRequest, at clocks: [ClockReading]) -> String? {
        emissions += 1
        let evaluator = NaiveEvaluator(events: log)
        let answers = clocks.lazy.map { evaluator.answer(request, now: $0) }
        let isPermitted = answers.contains { answer in
            if case .permit = answer { return true }
            return false
        }
        if !isPermitted {
            return "emitted without a permit: \(evaluator.answer(request, now: clocks[0])) for \(request)"
        }
        for (statement, length) in acknowledgedRefusals where isRefused(request, by: statement) {
            let isSpokenOver = log.dropFirst(length).contains { $0.statement?.key == statement.key }
            // Another word on the same key may have been written between the two and count.
            let isLast = log.last { $0.statement?.key == statement.key }?.statement == statement
            if isLast, !isSpokenOver { return "emitted after an acknowledged refusal: \(statement)" }
        }
        return nil
    }

    private func isRefused(_ request: DisclosureRequest, by statement: ConsentStatement) -> Bool {
        statement.participant == request.participant && statement.purpose == request.audience.purpose
            && request.audience.recipientClass != .authority
            && (statement.recipient == nil || statement.recipient == request.audience.recipient)
            && (statement.stream == nil || statement.stream == request.stream)
            && (statement.session == nil || statement.session == request.session)
            && (statement.media.isEmpty || statement.media.contains(request.media))
    }
}
