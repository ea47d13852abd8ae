import Logging
import Primitives

/// What attempts came to: counted, logged and written.
extension WebhookDispatcher {
    func finish(_ attempt: Attempt, _ changes: inout [WebhookStore.Change]) {
        var status: Int?
        switch attempt.outcome {
        case .answered(let code, _):
            status = code
            lastAnswers[attempt.endpoint] = String(code)
        case .failed(let fault):
            lastAnswers[attempt.endpoint] = fault.rawValue
        }
        var steps: [DeliverySchedule.Step] = []
        schedules[attempt.endpoint]?.finish(
            attempt.number,
            attempt.outcome,
            now: clock(),
            random: &random,
            steps: &steps
        )
        if steps.first != .delivered(attempt.number) {
            counts[attempt.endpoint]?.failedAttempts += 1
            logger.debug(
                "a webhook attempt failed",
                metadata: [
                    "endpoint": "\(attempt.endpoint)", "answer": "\(lastAnswers[attempt.endpoint] ?? "")",
                ]
            )
        }
        for step in steps {
            note(step, of: attempt.endpoint, (attempt.number, status), &changes)
        }
    }

    /// Counts a step and says what it changes in the file.
    func note(
        _ step: DeliverySchedule.Step,
        of endpoint: String,
        _ attempted: (number: Int64, status: Int?)?,
        _ changes: inout [WebhookStore.Change]
    ) {
        switch step {
        case .attempt:
            break
        case .delivered(let number):
            counts[endpoint]?.delivered += 1
            changes.append(.delivered(number))
        case .postpone(let number, let attempts, let until):
            changes.append(
                .postponed(number, attempts: attempts, status: attempted?.status, until: until)
            )
        case .giveUp(let number, let reason):
            counts[endpoint]?.deadLettered += 1
            let isAttempted = attempted?.number == number
            changes.append(
                .givenUp(
                    number,
                    reason,
                    status: isAttempted ? attempted?.status : nil,
                    attempted: isAttempted
                )
            )
            logger.warning(
                "a webhook delivery was given up",
                metadata: ["endpoint": "\(endpoint)", "reason": "\(reason.rawValue)"]
            )
        case .disable:
            changes.append(.disabled(endpoint: endpoint))
            logger.warning(
                "a webhook endpoint answered 410 and is disabled",
                metadata: ["endpoint": "\(endpoint)"]
            )
        }
    }

    func apply(_ changes: [WebhookStore.Change]) async {
        guard !changes.isEmpty else { return }
        do {
            try await store.apply(changes, at: clock())
        } catch {
            // The file then says less than has happened: after a restart some are told once more.
            logger.error("webhook results could not be written", metadata: ["error": "\(type(of: error))"])
        }
    }
}
