/// What a run of grants and withdrawals under load has shown.
package struct FlipReport: Sendable, Codable {
    package var viewers: Int
    package var flips: Int
    package var seed: UInt64
    package var seconds: Double
    /// Packets of the broadcaster's received while withheld, by kernel time, with no tolerance.
    package var leaks: Int
    /// The first of them.
    package var examples: [Leak]
    package var withdrawals: Int
    package var withdrawalMillisecondsP50: Double
    package var withdrawalMillisecondsP99: Double
    package var withdrawalMillisecondsMaximum: Double
    package var grantMillisecondsP50: Double
    package var grantMillisecondsP99: Double
    /// Grants that stood long enough to tell, and those after which every viewer had video within 1 s.
    package var grantsJudged: Int
    package var grantsResumed: Int
    /// Single viewers' resumptions of the grants judged.
    package var viewerResumptions: Int
    package var viewerResumptionsInTime: Int
    package var resumptionMillisecondsP50: Double
    package var resumptionMillisecondsP99: Double
    package var packetsReceived: UInt64
    package var packetsExamined: Int
    package var packetsUndecryptable: UInt64
    package var packetsLost: Int
    package var packetsOfBroadcaster: Int
    package var packetsWhileWithheld: Int
    /// Viewers whose session ended before the run did.
    package var viewersLost: Int

    /// Of all packets sent to the viewers, the share that was looked at.
    package var shareExamined: Double {
        let all = Double(packetsReceived) + Double(packetsLost)
        return all > 0 ? Double(packetsExamined) / all : 0
    }

    package var shareResumed: Double {
        grantsJudged > 0 ? Double(grantsResumed) / Double(grantsJudged) : 0
    }

    /// Nothing leaked, media came back, and enough was seen to say so.
    package var isPassed: Bool {
        leaks == 0 && shareResumed >= 0.99 && packetsOfBroadcaster > 0 && viewersLost == 0
    }

    /// The report as lines for people.
    package var text: String {
        func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        func percent(_ share: Double) -> String { "\((share * 10_000).rounded() / 100) %" }
        return """
            viewers \(viewers), flips \(flips) (seed \(seed)), \(rounded(seconds)) s
            leaks: \(leaks)
            packets: \(packetsReceived) received, \(packetsExamined) decrypted and examined \
            (\(percent(shareExamined)) of what was sent), \(packetsUndecryptable) undecryptable, \
            \(packetsLost) lost; \(packetsOfBroadcaster) of the broadcaster, \(packetsWhileWithheld) other while withheld
            withdrawals: \(withdrawals), acknowledged after p50 \(rounded(withdrawalMillisecondsP50)) ms, \
            p99 \(rounded(withdrawalMillisecondsP99)) ms, at most \(rounded(withdrawalMillisecondsMaximum)) ms
            grants: acknowledged after p50 \(rounded(grantMillisecondsP50)) ms, p99 \(rounded(grantMillisecondsP99)) ms
            resumed within 1 s for all viewers: \(grantsResumed) of \(grantsJudged) grants (\(percent(shareResumed))); \
            viewers: \(viewerResumptionsInTime) of \(viewerResumptions), \
            p50 \(rounded(resumptionMillisecondsP50)) ms, p99 \(rounded(resumptionMillisecondsP99)) ms
            viewers lost: \(viewersLost)
            """
    }
}
