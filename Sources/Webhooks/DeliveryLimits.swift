/// How long and how often a delivery is tried, and how many may wait.
package struct DeliveryLimits: Sendable, Equatable {
    /// With the waits below this is some eleven hours: a night without anybody who could repair a receiver.
    package var attempts = 20
    /// From the event to the last attempt; what is older concerns a state that has long passed.
    package var ageSeconds = 24 * 3600
    /// The wait after the first attempt; each further one is twice as long.
    package var firstWaitMilliseconds = 5_000
    /// So that a receiver that is back is told within the hour.
    package var longestWaitMilliseconds = 3_600_000
    /// Deliveries that wait for one endpoint; what comes then is dead-lettered.
    package var waiting = 10_000
    /// Requests to one endpoint at a time.
    package var inFlight = 4
    /// Dead letters kept for one endpoint; the oldest go first.
    package var deadLetters = 10_000
    /// For one request, from the connection to the end of its answer.
    package var requestMilliseconds = 15_000

    package init() {}
}
