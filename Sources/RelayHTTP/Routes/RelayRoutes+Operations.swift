import Hummingbird
import LedgerStore
import RoomControl
import Webhooks

extension RelayRoutes {
    /// For supervisors and monitoring; not part of the versioned API.
    func registerOperations(on endpoints: Endpoints) {
        endpoints.add("/healthz", [.get: { _, _ in .plain("ok\n") }])
        endpoints.add("/readyz", [.get: ready])
        endpoints.add("/metrics", [.get: showMetrics])
    }

    @Sendable private func ready(_ request: Request, _ context: RelayRequestContext) async throws -> Response
    {
        guard await service.isReady() else {
            throw RelayProblem(
                "not-ready",
                status: 503,
                detail: "the relay takes no new sessions now: it starts, drains or cannot write its log",
                retryAfterSeconds: 2
            )
        }
        // The account is kept all the same, so sessions are served; why it is not published is the operator's.
        let health = try? await service.ledgerHealth()
        let ledger =
            health?.failure == nil ? "" : "the ledger is not published at the moment: see /v1/ledger\n"
        return .plain("ready\n" + ledger)
    }

    /// Prometheus exposition format 0.0.4; carries no room, participant or address.
    @Sendable private func showMetrics(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        if !configuration.metrics.isPublic { try await bearer.requireOperator(request) }
        var text = await service.metricsText()
        if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
        if let webhooks { text += (try? await webhooks.metricsText()) ?? "" }
        return .plain(text + metrics.text(), type: "text/plain; version=0.0.4; charset=utf-8")
    }
}

extension Response {
    fileprivate static func plain(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
