import Disclosures
import Primitives

/// What one decision costs with as many records as an active participant has.
enum DecideMeasurement {
    private static let rounds = 1_000_000
    private static let partners = 12

    static func run() {
        guard let alice = ParticipantID("alice"), let last = Audience(purpose: .liveEmbed, recipient: "p1")
        else { return }
        let noon = WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
        let now = ClockReading(wall: noon, monotonic: MonotonicTime(nanoseconds: 1_000_000_000))
        let events = (0..<partners).map { index in
            ConsentEvent(
                sequence: UInt64(index) + 1,
                time: noon,
                statement: ConsentStatement(
                    participant: alice,
                    purpose: .liveEmbed,
                    recipient: "p\(index)",
                    state: .given,
                    media: MediaType.live,
                    source: .page,
                    givenAt: noon
                )
            )
        }
        let state = RoomConsent(folding: events)
        let request = DisclosureRequest(participant: alice, media: .video, audience: last, stream: "cam")
        let clock = ContinuousClock()
        let began = clock.now
        var permits = 0
        for _ in 0..<rounds where decide(request, state, now: now).denyReason == nil { permits += 1 }
        let nanoseconds = (clock.now - began).inSeconds * 1e9 / Double(rounds)
        precondition(permits == rounds)
        print("decide: \(Int(nanoseconds)) ns with \(partners) records")
    }
}
