/// Why an exchange with a WHIP or WHEP server failed.
package enum SignalingError: Error, Sendable {
    /// The server answered something else than what was asked for.
    case refused(status: Int, detail: String, retryAfterSeconds: Int?)
    /// The server could not be reached, or did not answer in time.
    case unreachable(String)
    /// The server's answer cannot be used.
    case unusableAnswer(String)
    /// A URL of ours or of the server's is none.
    case malformedURL(String)

    /// Whether trying again later can help; a wrong token stays wrong.
    package var isTemporary: Bool {
        switch self {
        case .refused(let status, _, _):
            status == 404 || status == 408 || status == 409 || status == 429 || status >= 500
        case .unreachable: true
        case .unusableAnswer, .malformedURL: false
        }
    }

    /// What the server asked us to wait, if it did.
    package var retryAfterSeconds: Int? {
        guard case .refused(_, _, let seconds) = self else { return nil }
        return seconds
    }
}

extension SignalingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let status, let detail, _):
            detail.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(detail)"
        case .unreachable(let reason): reason
        case .unusableAnswer(let reason): "unusable answer: \(reason)"
        case .malformedURL(let text): "not a usable URL: \(text)"
        }
    }
}
