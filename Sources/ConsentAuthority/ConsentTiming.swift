/// The times that the door keeps, in one place.
package enum ConsentTiming {
    /// How long a gate stays open without renewal: what a stalled authority can at most disclose.
    package static let leaseMilliseconds = 2000 as Int64
    /// How often an open gate's lease is renewed: four chances before it lapses.
    package static let renewalMilliseconds = 500 as Int64
    /// How old the start of the newest committed heartbeat may be for a gate to be opened or renewed.
    package static let heartbeatFreshnessMilliseconds = 1000 as Int64
    /// How often a heartbeat is written: several chances within its freshness, at a bearable write rate.
    package static let heartbeatMilliseconds = 250 as Int64
    /// How long a consumer may take to let go of what it read through an earlier pass, before it is cut off.
    package static let graceLimitMilliseconds = 1000 as Int64
}

/// How much one room's authority holds at a time.
package enum ConsentLimits {
    /// Statements or other contents of one request: every purpose with dozens of recipients.
    package static let contentsPerRequest = 256
    /// Requests written in one append; what waits longer goes into the next.
    package static let requestsPerAppend = 4096
    /// Requests that wait for the log; past it the log counts as unavailable.
    package static let waitingRequests = 16_384
    /// Requests of one participant, or about the room, that wait for the log: nobody clicks faster, and each costs
    /// every decision.
    package static let waitingPerSubject = 64
    /// Fences of one subject that wait to be written; past it everything of the participant, or every grant under
    /// an earlier notice, is refused.
    package static let fencesPerSubject = 64
}
