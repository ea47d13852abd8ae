import Hummingbird
import RoomControl

/// Registers endpoints with all that belongs to one: HEAD, OPTIONS, and 405 with `Allow` for every other method.
struct Endpoints {
    typealias Handler = @Sendable (Request, RelayRequestContext) async throws -> Response

    /// Those with a route at every path; any other finds nothing there.
    static let methods: [HTTPRequest.Method] =
        [.get, .head, .post, .put, .patch, .delete, .options, .trace]
        + ["QUERY", "CONNECT"].compactMap { HTTPRequest.Method($0) }

    let router: Router<RelayRequestContext>

    /// One endpoint.
    ///
    /// `answersHead` is false for streams, which have no end.
    func add(
        _ path: RouterPath,
        accepts: HTTPFields = [:],
        answersHead: Bool = true,
        _ handlers: [HTTPRequest.Method: Handler]
    ) {
        var handlers = handlers
        if answersHead, handlers[.head] == nil, let get = handlers[.get] {
            handlers[.head] = { try await get($0, $1).createHeadResponse() }
        }
        let allowed = Self.methods.filter { handlers[$0] != nil || $0 == .options }
            .map { $0.rawValue }.joined(separator: ", ")
        handlers[.options] = { _, _ in
            var headers = accepts
            headers[.allow] = allowed
            CrossOrigin.answerPreflight(in: &headers)
            return Response(status: .noContent, headers: headers)
        }
        for method in Self.methods {
            let handler = handlers[method]
            router.on(path, method: method) { request, context -> Response in
                guard let handler else {
                    throw RefusedRequest(
                        problem: RelayProblem(
                            "method-not-allowed",
                            status: 405,
                            detail: "this resource takes \(allowed)"
                        ),
                        headers: [.allow: allowed]
                    )
                }
                return try await handler(request, context)
            }
        }
    }
}
