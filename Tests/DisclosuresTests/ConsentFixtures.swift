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
        source: ConsentSource = .page,
        recipientClass: RecipientClass? = nil,
        wholeClass: Bool = false,
        session: String? = nil,
        givenAt: Int64 = 0,
        entity: String? = nil,
        notice: NoticeReference? = nil,
        terms: ConsentTerms = .unstated
    ) -> ConsentStatement {
        ConsentStatement(
            participant: participant ?? alice,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            coversWholeClass: wholeClass,
            stream: stream,
            session: session,
            state: state,
            media: media,
            validity: ValidityWindow(from: from.map(Self.seconds), until: until.map(Self.seconds)),
            source: source,
            givenAt: Self.seconds(givenAt),
            entity: entity,
            notice: notice,
            terms: terms
        )
    }

    func status(
        _ ageBand: AgeBand = .adult,
        guardian: String? = nil,
        deactivated: Bool = false
    ) -> PrincipalStatus {
        PrincipalStatus(participant: alice, ageBand: ageBand, guardian: guardian, isDeactivated: deactivated)
    }

    func notice(
        _ version: String,
        _ change: NoticeVersion.Change = .material,
        language: String = "en",
        controller: String = "north",
        purposes: Set<Purpose> = [.liveRoom]
    ) -> NoticeVersion {
        NoticeVersion(
            id: "privacy",
            version: version,
            language: language,
            sha256: digest(version + language),
            controller: controller,
            change: change,
            purposes: purposes
        )
    }

    /// Sixty-four digits that differ where `text` does.
    private func digest(_ text: String) -> String {
        let digits = text.utf8.flatMap { Array(String($0, radix: 16).utf8) }
        return String(decoding: (digits + Array(repeating: 0x30, count: 64)).prefix(64), as: UTF8.self)
    }

    /// A log of `contents`, one a second, of which the last is taken at noon.
    func room(_ contents: ConsentEvent.Content...) -> RoomConsent { room(contents) }

    func room(_ contents: [ConsentEvent.Content]) -> RoomConsent {
        RoomConsent(folding: events(contents))
    }

    func events(_ contents: [ConsentEvent.Content]) -> [ConsentEvent] {
        contents.enumerated().map { index, content in
            ConsentEvent(
                sequence: UInt64(index) + 1,
                time: Self.seconds(Int64(index + 1 - contents.count)),
                content: content
            )
        }
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
