/// Why a request was refused: a stable code, an HTTP status and a sentence for the client (RFC 9457).
package struct RelayProblem: Error, Sendable, Equatable {
    /// Stable identifier, for example `room-not-live`; the last part of the problem's `type`.
    package let code: String
    /// The HTTP status that fits.
    package let status: Int
    /// What was wrong with which value, and what to do.
    package let detail: String
    /// Seconds after which to try again, where that can help.
    package let retryAfterSeconds: Int?

    package init(_ code: String, status: Int, detail: String, retryAfterSeconds: Int? = nil) {
        self.code = code
        self.status = status
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
    }
}
