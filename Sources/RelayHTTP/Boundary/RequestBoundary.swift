import Hummingbird
import Logging
import Metrics
import NIOHTTP1
import RoomControl

/// The outermost layer: makes every failure a problem document, adds what every answer carries, holds each
/// address to its rate and keeps a log that names no person.
struct RequestBoundary: RouterMiddleware {
    typealias Context = RelayRequestContext

    let crossOrigin: CrossOrigin
    let limiter: HandshakeLimiter
    let addresses: ClientAddress
    let metrics: any MetricsFactory
    /// Whether answers travel over TLS and may ask browsers to insist on it.
    let overTLS: Bool
    private let pseudonyms = AddressPseudonyms()

    init(
        crossOrigin: CrossOrigin,
        limiter: HandshakeLimiter,
        addresses: ClientAddress,
        metrics: any MetricsFactory,
        overTLS: Bool
    ) {
        self.crossOrigin = crossOrigin
        self.limiter = limiter
        self.addresses = addresses
        self.metrics = metrics
        self.overTLS = overTLS
    }

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let started = ContinuousClock.now
        // As the router splits it: what it serves as the API is held to the API's rates, however it is spelt.
        let isAPI = request.uri.path.split(separator: "/").first == "v1"
        var problemCode: String?
        var response: Response
        do {
            if isAPI, let wait = limiter.request(address: addresses.key(for: request, context)) {
                throw RelayProblem(
                    "too-many-requests",
                    status: 429,
                    detail: "too many requests from this address",
                    retryAfterSeconds: wait
                )
            }
            guard !request.uri.path.contains("//") else {
                throw RelayProblem(
                    "not-found",
                    status: 404,
                    detail: "there is nothing at this path: a part of it is empty"
                )
            }
            response = try await next(request, context)
        } catch {
            let refusal = try refusal(for: error, request, context)
            problemCode = refusal.problem.code
            response = refusal.answer.response
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        if overTLS { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        if isAPI { crossOrigin.allow(request, in: &response.headers) }
        record(request, context, response, problemCode, ContinuousClock.now - started)
        return response
    }

    private func refusal(
        for error: any Error,
        _ request: Request,
        _ context: Context
    ) throws -> RefusedRequest {
        switch error {
        case let refusal as RefusedRequest:
            return refusal
        case let problem as RelayProblem:
            return RefusedRequest(problem: problem, headers: [:])
        case let error as HTTPError:
            let problem =
                error.status == .notFound
                ? RelayProblem("not-found", status: 404, detail: "there is nothing at this path")
                : RelayProblem(
                    "http-\(error.status.code)",
                    status: error.status.code,
                    detail: error.body ?? error.status.reasonPhrase
                )
            return RefusedRequest(problem: problem, headers: error.headers)
        case is CancellationError:
            return RefusedRequest(
                problem: RelayProblem("cancelled", status: 503, detail: "the request was given up"),
                headers: [:]
            )
        case let error as HTTPParserError:
            // The server answers and closes the connection: there is no telling where the next request begins.
            throw error
        default:
            // The type alone: a message could carry what the client sent.
            context.logger.error("request failed", metadata: ["error": "\(type(of: error))"])
            return RefusedRequest(
                problem: RelayProblem("internal-error", status: 500, detail: "the relay failed; see its log"),
                headers: [:]
            )
        }
    }

    /// Method, route template, status, duration and problem code; no path, address, token or name.
    ///
    /// Who asks too often is told apart by a pseudonym of the hour.
    private func record(
        _ request: Request,
        _ context: Context,
        _ response: Response,
        _ problemCode: String?,
        _ duration: Duration
    ) {
        let route = context.endpointPath.flatMap { $0 == "NotFound" ? nil : $0 } ?? "unmatched"
        let method = Endpoints.methods.contains(request.method) ? request.method.rawValue : "other"
        let dimensions = [
            ("method", method), ("route", route), ("status", String(response.status.code)),
        ]
        Counter(label: "tally_http_requests_total", dimensions: dimensions, factory: metrics).increment()
        Metrics.Timer(
            label: "tally_http_request_seconds",
            dimensions: [("route", route)],
            factory: metrics
        ).recordNanoseconds(nanoseconds(duration))

        let level: Logger.Level =
            response.status.code >= 500 ? .warning : (request.method == .get ? .debug : .info)
        var metadata: Logger.Metadata = [
            "method": "\(method)", "route": "\(route)", "status": "\(response.status.code)",
            "milliseconds": "\(nanoseconds(duration) / 1_000_000)", "problem": "\(problemCode ?? "")",
        ]
        if response.status == .tooManyRequests {
            metadata["client"] = "\(pseudonyms.name(of: addresses.key(for: request, context)))"
        }
        context.logger.log(level: level, "request", metadata: metadata)
    }

    private func nanoseconds(_ duration: Duration) -> Int64 {
        let parts = duration.components
        return parts.seconds &* 1_000_000_000 &+ parts.attoseconds / 1_000_000_000
    }
}
