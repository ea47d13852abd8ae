/// What an endpoint has been told so far, for the operator.
package struct WebhookStatus: Sendable, Equatable {
    /// Since the relay started, beside what waits.
    package struct Counts: Sendable, Equatable {
        package internal(set) var delivered = 0 as UInt64
        package internal(set) var failedAttempts = 0 as UInt64
        package internal(set) var deadLettered = 0 as UInt64
        /// Dead-lettered because too many waited already.
        package internal(set) var overflowed = 0 as UInt64
        /// Not kept at all, because the endpoint is disabled.
        package internal(set) var suppressed = 0 as UInt64
    }

    package let name: String
    /// Without path and query, which may be secrets.
    package let host: String
    package let types: [String]
    package let rooms: [String]
    /// False after the endpoint answered 410.
    package let isEnabled: Bool
    package let waiting: Int
    package let deadLetters: Int
    package let counts: Counts
    /// The status of the last answer, or what went wrong instead.
    package let lastAnswer: String?
}
