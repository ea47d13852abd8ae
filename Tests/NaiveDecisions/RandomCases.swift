import Disclosures
import Primitives

/// Random logs and questions, made so that every rule is met often: few people, recipients and moments.
package struct RandomCases {
    package var random: SeededRandom
    /// The moment of the question; bounds of time lie on whole seconds around it.
    package static let now = ClockReading(
        wall: WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000),
        monotonic: MonotonicTime(nanoseconds: 5_000_000_000_000)
    )

    private let people: [ParticipantID]
    private let regions: [Region]
    private static let digests = ["a", "b", "c"].map { String(repeating: $0, count: 64) }

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        people = ["alice", "alice", "alice", "bob"].compactMap { ParticipantID($0) }
        regions = ["EU", "DE", "US"].compactMap { Region($0) }
    }

    // MARK: - Small choices

    package mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    package mutating func pick<Value>(_ values: [Value], _ otherwise: Value) -> Value {
        values.randomElement(using: &random) ?? otherwise
    }

    package mutating func moment(_ range: ClosedRange<Int64>) -> WallClockTime {
        let seconds = Int64.random(in: range, using: &random)
        return Self.now.wall.advanced(byNanoseconds: seconds * 1_000_000_000)
    }

    private mutating func person() -> ParticipantID? { people.randomElement(using: &random) }

    private mutating func region(_ percent: Int) -> Region? {
        chance(percent) ? regions.randomElement(using: &random) : nil
    }

    private mutating func window(_ percent: Int) -> ValidityWindow {
        let from = chance(percent) ? moment(-12...2) : nil
        return ValidityWindow(from: from, until: chance(percent) ? moment(-6...6) : nil)
    }

    private mutating func purposes() -> Set<Purpose> {
        let all = Purpose.allCases
        return chance(40) ? Set(all) : [purpose(), purpose(), purpose()]
    }

    private mutating func purpose() -> Purpose {
        let common: [Purpose] = [.liveRoom, .liveRoom, .liveEmbed, .recording, .recording, .replayRoom]
        return chance(75) ? pick(common, .liveRoom) : pick(Purpose.allCases, .identify)
    }

    private mutating func media() -> Set<MediaType> {
        pick([[.video], [.audio, .video], [.audio, .video, .chat], [.audio]], [.video])
    }

    private mutating func recipient(_ recipientClass: RecipientClass) -> String? {
        recipientClass.isNamed ? pick(["x", "x", "y"], "x") : nil
    }

    // MARK: - Events

    /// A log of at most `limit` events, mostly statements; one in ten has a clock that was set back.
    package mutating func log(limit: Int = 12) -> [ConsentEvent] {
        let count = Int.random(in: 0...limit, using: &random)
        var time = -20 as Int64
        return (0..<count).compactMap { index in
            time += Int64.random(in: 0...4, using: &random)
            if chance(2) { time -= 6 }
            let at = Self.now.wall.advanced(byNanoseconds: time * 1_000_000_000)
            guard let content = content(at: at) else { return nil }
            return ConsentEvent(sequence: UInt64(index) + 1, time: at, content: content)
        }
    }

    package mutating func content(at time: WallClockTime) -> ConsentEvent.Content? {
        guard let person = person() else { return nil }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<76: return .statement(statement(of: person, at: time))
        case 76..<81: return .notice(notice())
        case 81..<87: return .rules(rules())
        case 87..<93: return .principal(status(of: person))
        case 93..<96: return .demand(demand(on: person))
        case 96..<98: return .hold(hold(of: person))
        case 98:
            return .controller(
                ControllerChange(controller: pick(["north", "south"], "north"), reason: "sale")
            )
        default: return .erased
        }
    }

    package mutating func statement(
        of participant: ParticipantID,
        at time: WallClockTime,
        states: [ConsentState]? = nil
    ) -> ConsentStatement {
        let purpose = purpose()
        let classes = purpose.recipientClasses.filter { $0 != .authority }.sorted {
            $0.rawValue < $1.rawValue
        }
        let recipientClass = chance(80) ? purpose.recipientClass : pick(classes, purpose.recipientClass)
        let usual = ConsentState.allCases + Array(repeating: .given, count: 16) + [.renewed, .renewed]
        let state = pick(states ?? usual, .given)
        let isWhole = purpose.admitsWholeClass && state.permits && chance(30)
        let isUnnamed = isWhole || (!state.permits && chance(40))
        let source = pick(
            [.page, .page, .page, .token, .guardian, .guardian, .recordPreference, .globalPrivacyControl],
            ConsentSource.page
        )
        return ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: isUnnamed ? nil : recipient(recipientClass),
            coversWholeClass: isWhole,
            stream: chance(20) ? pick(["cam", "screen"], "cam") : nil,
            session: chance(10) ? pick(["s1", "s2"], "s1") : nil,
            state: state,
            media: state.permits || chance(60) ? media() : [],
            validity: window(25),
            source: source,
            givenAt: chance(90) ? time : time.advanced(byNanoseconds: -3_000_000_000),
            entity: source == .guardian ? pick(["mum", "mum", "dad"], "mum") : nil,
            notice: chance(60)
                ? NoticeReference(id: "n", version: "1", sha256: pick(Self.digests, "a")) : nil,
            terms: terms()
        )
    }

    private mutating func terms() -> ConsentTerms {
        guard chance(25) else { return .unstated }
        return ConsentTerms(
            retentionSeconds: chance(30) ? Int64.random(in: 0...20, using: &random) : nil,
            storageLocations: chance(30) ? [pick(regions, regions[0])] : [],
            geographicRestrictions: chance(40) ? [pick(regions, regions[0])] : []
        )
    }

    private mutating func notice() -> NoticeVersion {
        NoticeVersion(
            id: "n",
            version: pick(["1", "2"], "1"),
            language: pick(["en", "en", "de"], "en"),
            sha256: pick(Self.digests, "a"),
            controller: pick(["north", "north", "north", "south"], "north"),
            change: pick([.editorial, .material], .material),
            purposes: purposes()
        )
    }

    private mutating func rules() -> RoomRules {
        RoomRules(
            consentRule: pick([.perStream, .allParty], .perStream),
            isRecordedOnly: chance(30),
            minors: chance(40) ? Set([pick(MinorPermission.allCases, .embeds)]) : [],
            treatsUnknownAgeAsChild: chance(15),
            relayRegion: region(70),
            storageRegion: region(70),
            retentionSeconds: chance(20) ? Int64.random(in: 0...30, using: &random) : nil
        )
    }

    private mutating func status(of participant: ParticipantID) -> PrincipalStatus {
        PrincipalStatus(
            participant: participant,
            principalClass: pick(PrincipalStatus.PrincipalClass.allCases, .guest),
            ageBand: pick(AgeBand.allCases, .adult),
            guardian: chance(70) ? pick(["mum", "mum", "dad"], "mum") : nil,
            isDeactivated: chance(20)
        )
    }

    private mutating func demand(on participant: ParticipantID) -> LegalDemand {
        LegalDemand(
            id: pick(["d1", "d2"], "d1"),
            participant: participant,
            authority: pick(["x", "x", "y"], "x"),
            basis: "warrant",
            purposes: purposes(),
            media: media(),
            stream: chance(20) ? "cam" : nil,
            validity: window(30),
            approvals: chance(90) ? ["judge", "counsel"] : ["judge"],
            isLifted: chance(15)
        )
    }

    private mutating func hold(of participant: ParticipantID) -> ProcessingHold {
        ProcessingHold(
            id: pick(["h1", "h2"], "h1"),
            participant: participant,
            purposes: chance(50) ? [] : [purpose()],
            stream: chance(40) ? pick(["cam", "screen"], "cam") : nil,
            reason: "dispute",
            isLifted: chance(50)
        )
    }

    // MARK: - Questions

    /// A question; `epoch` is the log's, which some questions miss.
    package mutating func request(epoch: UInt64) -> DisclosureRequest? {
        guard let person = person() else { return nil }
        let purpose = purpose()
        let classes = purpose.recipientClasses.sorted { $0.rawValue < $1.rawValue }
        let recipientClass =
            chance(80) ? purpose.recipientClass : pick(classes, purpose.recipientClass)
        let audience = Audience(
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient(recipientClass)
        )
        guard let audience else { return nil }
        return DisclosureRequest(
            participant: person,
            media: pick([.video, .video, .audio, .chat], .video),
            audience: audience,
            stream: pick(["cam", "cam", "screen"], "cam"),
            session: chance(80) ? pick(["s1", "s1", "s2"], "s1") : nil,
            recipientRegion: region(60),
            joinedAt: chance(70) ? moment(-20...0) : nil,
            carried: carried(),
            captured: chance(purpose.isOfStoredMedia ? 85 : 5) ? captured() : nil,
            onAir: chance(70) ? onAir() : nil,
            expectedEpoch: chance(5) ? pick([epoch, epoch, epoch + 1], epoch) : nil
        )
    }

    private mutating func carried() -> CarriedConsent? {
        chance(20) ? CarriedConsent(rawValue: UInt8.random(in: .min ... .max, using: &random)) : nil
    }

    private mutating func captured() -> CapturedMedia {
        let from = moment(-18...0)
        let length = Int64.random(in: 0...8, using: &random) * 1_000_000_000
        let first = UInt64.random(in: 1...8, using: &random)
        return CapturedMedia(
            recorder: pick(["x", "x", "y"], "x"),
            from: from,
            until: from.advanced(byNanoseconds: length),
            epochs: chance(20) ? first...(first + UInt64.random(in: 0...2, using: &random)) : nil,
            recorderRegion: region(60)
        )
    }

    private mutating func onAir() -> [TrackOnAir] {
        (0..<Int.random(in: 0...2, using: &random)).compactMap { _ in
            let carried = carried()
            return person().map {
                TrackOnAir(
                    participant: $0,
                    media: .video,
                    stream: "cam",
                    session: "s1",
                    carried: carried
                )
            }
        }
    }
}
