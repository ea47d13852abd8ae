import Foundation
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
    func response(adding headers: HTTPFields = [:]) -> Response {
        let status = HTTPResponse.Status(code: min(max(status, 400), 599))
        let title = status.reasonPhrase.isEmpty ? code : status.reasonPhrase
        var fields = headers
        fields[.contentType] = "application/problem+json"
        fields[.cacheControl] = "no-store"
        if let retryAfterSeconds { fields[.retryAfter] = String(max(retryAfterSeconds, 0)) }
        let document = Document(
            type: "urn:tally:problem:\(code)",
            title: title,
            status: status.code,
            detail: detail
        )
        return Response(status: status, headers: fields, body: .json(document))
    }
}

/// A refusal that needs header fields of its own (`Allow`, `WWW-Authenticate`, `Accept-Post`).
struct RefusedRequest: Error {
    var problem: RelayProblem
    var headers: HTTPFields
}

extension ResponseBody {
    /// JSON with sorted keys, so that equal answers are equal bytes.
    static func json(_ value: some Encodable) -> ResponseBody {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only values without floating-point numbers are encoded here, which cannot fail.
        let data = (try? encoder.encode(value)) ?? Data("{}".utf8)
        return ResponseBody(byteBuffer: ByteBuffer(bytes: data))
    }
}

extension Response {
    /// An answer in JSON that is not to be cached.
    static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        var fields = headers
        fields[.contentType] = "application/json"
        fields[.cacheControl] = "no-store"
        return Response(status: status, headers: fields, body: .json(value))
    }
}
