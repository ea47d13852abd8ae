import Disclosures
import Primitives
import Testing

/// Builds statements, logs and requests with few words.
struct ConsentFixtures {
    let alice: ParticipantID
    let bob: ParticipantID

    init() throws {
        alice = try #require(ParticipantID("alice"))
        bob = try #require(ParticipantID("bob"))
    }

    static let noon = WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
    static let now = ClockReading(wall: noon, monotonic: MonotonicTime(nanoseconds: 5_000_000_000))

    static func seconds(_ count: Int64) -> WallClockTime {
        noon.advanced(byNanoseconds: count * 1_000_000_000)
    }

    func statement(
        _ state: ConsentState = .given,
        of participant: ParticipantID? = nil,
        _ purpose: Purpose = .liveRoom,
        to recipient: String? = nil,
        stream: String? = nil,
        media: Set<MediaType> = [.audio, .video],
        from: Int64? = nil,
        until: Int64? = nil,
        source: ConsentSource = .page
    ) -> ConsentStatement {
        ConsentStatement(
            participant: participant ?? alice,
            purpose: purpose,
            recipient: recipient,
            stream: stream,
            state: state,
            media: media,
            validity: ValidityWindow(from: from.map(Self.seconds), until: until.map(Self.seconds)),
            source: source,
            givenAt: Self.noon
        )
    }

    func log(_ statements: ConsentStatement...) -> RoomConsent { log(statements) }

    func log(_ statements: [ConsentStatement]) -> RoomConsent {
        RoomConsent(
            folding: statements.enumerated().map { index, statement in
                ConsentEvent(sequence: UInt64(index) + 1, time: Self.noon, statement: statement)
            }
        )
    }

    func request(
        _ media: MediaType = .video,
        to audience: Audience = .roomViewers,
        stream: String = "cam"
    ) -> DisclosureRequest {
        DisclosureRequest(participant: alice, media: media, audience: audience, stream: stream)
    }

    func embed(_ partner: String) throws -> Audience {
        try #require(Audience(purpose: .liveEmbed, recipient: partner))
    }
}
