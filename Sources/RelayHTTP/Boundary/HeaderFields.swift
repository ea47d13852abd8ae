import HTTPTypes

extension HTTPField.Name {
    /// Names that `HTTPTypes` does not have; all are valid tokens.
    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no field name") }
        return name
    }

    static let acceptPatch = named("Accept-Patch")
    static let acceptPost = named("Accept-Post")
    static let xForwardedFor = named("X-Forwarded-For")
    static let lastEventIdentifier = named("Last-Event-ID")
    static let secFetchSite = named("Sec-Fetch-Site")
    static let secGPC = named("Sec-GPC")
    static let tallyReason = named("Tally-Reason")
    static let crossOriginResourcePolicy = named("Cross-Origin-Resource-Policy")
    static let link = named("Link")
    static let idempotencyKey = named("Idempotency-Key")
    static let idempotencyReplayed = named("Idempotency-Replayed")
    static let referrerPolicy = named("Referrer-Policy")
    static let permissionsPolicy = named("Permissions-Policy")
    static let crossOriginOpenerPolicy = named("Cross-Origin-Opener-Policy")
    static let accelBuffering = named("X-Accel-Buffering")
}
