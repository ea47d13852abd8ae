import COpenSSL

/// libssl's queue of errors, one a thread: emptied before each call and read right after it.
enum LibraryErrors {
    /// An alert of the peer stands in the queue as this number plus the alert's (`SSL_AD_REASON_OFFSET`).
    private static let alertOffset = 1_000

    static func clear() {
        ERR_clear_error()
    }

    /// Empties the queue and says what its newest entry means.
    static func drain() -> DTLSFailure {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0 else { return .protocolError("no reason given") }
        let reason = Int(ERR_GET_REASON(code))
        if (alertOffset...(alertOffset + 255)).contains(reason) {
            return .alert(UInt8(truncatingIfNeeded: reason - alertOffset))
        }
        guard let text = ERR_reason_error_string(code) else { return .protocolError("reason \(reason)") }
        return .protocolError(String(cString: text))
    }
}
