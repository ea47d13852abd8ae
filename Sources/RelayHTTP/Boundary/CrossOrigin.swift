import HTTPTypes
import Hummingbird

/// Cross-origin access to the API (Fetch standard): bearer tokens only, never credentials.
struct CrossOrigin: Sendable {
    /// What a page may call; the whole API rather than one endpoint's methods, because clients decide from the
    /// preflight of the endpoint whether the session will take PATCH and DELETE.
    static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    static let requestFields =
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Tally-Reason"
    static let exposedFields =
        "Location, ETag, Link, Accept-Patch, Accept-Post, Idempotency-Replayed, Retry-After, WWW-Authenticate"
    /// Browsers cap it at two hours or less.
    static let preflightSeconds = 7200

    /// Origins that may read answers; `*` for any.
    let origins: [String]

    /// Adds what lets the page of an allowed origin read this answer.
    func allow(_ request: Request, in headers: inout HTTPFields) {
        if origins.contains("*") {
            headers[.accessControlAllowOrigin] = "*"
        } else {
            headers.append(HTTPField(name: .vary, value: "Origin"))
            guard let origin = request.headers[.origin], origins.contains(origin) else { return }
            headers[.accessControlAllowOrigin] = origin
        }
        headers[.accessControlExposeHeaders] = Self.exposedFields
    }

    /// Adds the answer to a preflight.
    static func answerPreflight(in headers: inout HTTPFields) {
        headers[.accessControlAllowMethods] = methods
        headers[.accessControlAllowHeaders] = requestFields
        headers[.accessControlMaxAge] = String(preflightSeconds)
    }
}
