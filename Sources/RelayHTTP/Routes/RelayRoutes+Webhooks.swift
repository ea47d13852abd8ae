import HTTPTypes
import Hummingbird
import Primitives
import RoomControl
import Webhooks

extension RelayRoutes {
    /// What an operator sees of the systems that are told of events, and does about them.
    func registerWebhooks(on endpoints: Endpoints) {
        endpoints.add("/v1/webhooks", [.get: listWebhooks])
        endpoints.add("/v1/webhooks/{webhook}", [.get: showWebhook, .put: switchWebhook])
        endpoints.add("/v1/webhooks/{webhook}/dead-letters", [.get: listDeadLetters])
        endpoints.add(
            "/v1/webhooks/{webhook}/replays",
            accepts: [.acceptPost: "application/json"],
            [.post: replayDeadLetters]
        )
    }

    @Sendable private func listWebhooks(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let statuses = try await webhooks?.statuses() ?? []
        return .json(WebhookListDocument(webhooks: statuses.map { WebhookDocument($0) }))
    }

    @Sendable private func showWebhook(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let (dispatcher, name) = try webhook(context)
        return .json(try await document(dispatcher, name))
    }

    @Sendable private func switchWebhook(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let (dispatcher, name) = try webhook(context)
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let wish = try bodies.json(in: body, of: request, as: WebhookSwitchDocument.self)
            _ = try await dispatcher.setEnabled(name, wish.isEnabled)
            return JSONAnswer(try await document(dispatcher, name))
        }
    }

    @Sendable private func listDeadLetters(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let (dispatcher, name) = try webhook(context)
        let page = try PageRequest(request)
        // One more than asked for, so that the page knows whether there is another.
        let letters = try await dispatcher.deadLetters(
            of: name,
            after: page.after.flatMap { Int64($0) } ?? 0,
            limit: page.limit + 1
        )
        let shown = letters.prefix(page.limit)
        var response = Response.json(
            DeadLetterListDocument(deadLetters: shown.map { DeadLetterDocument($0) })
        )
        if letters.count > page.limit, let last = shown.last {
            let query = page.query(after: String(last.number))
            response.headers.append(nextLink("/v1/webhooks/\(name)/dead-letters?\(query)", request))
        }
        return response
    }

    @Sendable private func replayDeadLetters(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let (dispatcher, name) = try webhook(context)
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let wish =
                body.readableBytes == 0
                ? nil : try bodies.json(in: body, of: request, as: ReplayRequestDocument.self)
            return JSONAnswer(
                ReplayDocument(replayed: try await dispatcher.replay(name, numbers: wish?.numbers)),
                status: .accepted
            )
        }
    }

    /// The endpoint in the path; 404 for one that is not configured.
    private func webhook(_ context: RelayRequestContext) throws(RelayProblem) -> (WebhookDispatcher, String) {
        let name = context.parameters.get("webhook") ?? ""
        guard let webhooks, webhooks.endpoints.contains(where: { $0.name == name }) else {
            throw RelayProblem(
                "unknown-webhook",
                status: 404,
                detail: "there is no such endpoint in the file that webhooks.file names"
            )
        }
        return (webhooks, name)
    }

    private func document(_ dispatcher: WebhookDispatcher, _ name: String) async throws -> WebhookDocument {
        guard let status = try await dispatcher.statuses().first(where: { $0.name == name }) else {
            throw RelayProblem("unknown-webhook", status: 404, detail: "there is no such endpoint")
        }
        return WebhookDocument(status)
    }
}

extension WebhookDispatcher {
    /// Prometheus text; names endpoints, which are the operator's own words.
    func metricsText() async throws -> String {
        let statuses = try await statuses()
        func series(_ name: String, _ type: String, _ value: (WebhookStatus) -> UInt64) -> String {
            "# TYPE \(name) \(type)\n"
                + statuses.map { "\(name){endpoint=\"\($0.name)\"} \(value($0))\n" }.joined()
        }
        guard !statuses.isEmpty else { return "" }
        return series("tally_webhook_waiting", "gauge") { UInt64($0.waiting) }
            + series("tally_webhook_dead_letters", "gauge") { UInt64($0.deadLetters) }
            + series("tally_webhook_delivered_total", "counter") { $0.counts.delivered }
            + series("tally_webhook_failed_attempts_total", "counter") { $0.counts.failedAttempts }
            + series("tally_webhook_dead_lettered_total", "counter") { $0.counts.deadLettered }
            + "# TYPE tally_webhook_lost_total counter\ntally_webhook_lost_total \(outbox.lost)\n"
    }
}
