import Hummingbird
import RoomControl

extension RelayProblem {
    /// The body of every refusal (RFC 9457).
    private struct Document: Encodable {
        var type: String
        var title: String
        var status: Int
        var detail: String
    }

    /// `application/problem+json` with `Retry-After` where that can help; never cached.
    func answer(adding headers: HTTPFields = [:]) -> JSONAnswer {
        let status = HTTPResponse.Status(code: min(max(status, 400), 599))
        let title = status.reasonPhrase.isEmpty ? code : status.reasonPhrase
        var fields = headers
        if let retryAfterSeconds { fields[.retryAfter] = String(max(retryAfterSeconds, 0)) }
        let document = Document(
            type: "urn:tally:problem:\(code)",
            title: title,
            status: status.code,
            detail: detail
        )
        return JSONAnswer(document, status: status, type: "application/problem+json", headers: fields)
    }
}

/// A refusal that needs header fields of its own (`Allow`, `WWW-Authenticate`, `Accept-Post`).
struct RefusedRequest: Error {
    var problem: RelayProblem
    var headers: HTTPFields

    var answer: JSONAnswer { problem.answer(adding: headers) }
}
