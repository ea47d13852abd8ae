import ConsentAuthority
import Disclosures
import Primitives

extension SimulatedRoom {
    // MARK: - People

    mutating func arrive(_ audience: Audience) {
        let id = AudienceID(nextID)
        nextID += 1
        audiences[id] = audience
        for track in tracks.keys {
            gates[GateKey(track: track, audience: id)] = DisclosureGate(track: track, audience: id)
        }
        var effects: [ConsentEffect] = []
        authority.audienceArrived(
            id,
            audience,
            region: Self.region(of: audience),
            now: now,
            effects: &effects
        )
        execute(effects)
    }

    mutating func start(_ participant: ParticipantID, _ media: MediaType) {
        let id = TrackID(nextID)
        nextID += 1
        tracks[id] = Track(
            participant: participant,
            media: media,
            session: "s\(id.rawValue)",
            joinedAt: now.wall
        )
        for audience in audiences.keys {
            gates[GateKey(track: id, audience: audience)] = DisclosureGate(track: id, audience: audience)
        }
        var effects: [ConsentEffect] = []
        authority.trackStarted(
            id,
            participant: participant,
            media: media,
            stream: "cam",
            session: "s\(id.rawValue)",
            now: now,
            effects: &effects
        )
        execute(effects)
    }

    mutating func act(effects: inout [ConsentEffect]) {
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            guard let track = tracks.keys.min(by: { $0.rawValue < $1.rawValue }), let ended = tracks[track]
            else { return }
            authority.trackEnded(track, effects: &effects)
            execute(effects)
            effects = []
            tracks[track] = nil
            gates = gates.filter { $0.key.track != track }
            start(ended.participant, chance(50) ? .audio : .video)
        case 1:
            guard let id = audiences.keys.min(by: { $0.rawValue < $1.rawValue }), let left = audiences[id]
            else { return }
            authority.audienceLeft(id, effects: &effects)
            execute(effects)
            effects = []
            audiences[id] = nil
            gates = gates.filter { $0.key.audience != id }
            arrive(left)
        default: submit(effects: &effects)
        }
    }

    private mutating func submit(effects: inout [ConsentEffect]) {
        guard let participant = participants.randomElement(using: &random) else { return }
        let contents: [ConsentEvent.Content]
        let kind = Int.random(in: 0..<100, using: &random)
        switch kind {
        case 0..<70:
            contents = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                .statement(randomStatement(participant))
            }
        case 70..<76: contents = [.principal(randomStatus(participant))]
        case 76..<81: contents = [.hold(randomHold(participant))]
        case 81..<86: contents = [.demand(randomDemand(participant))]
        case 86..<92: contents = [.notice(randomNotice())]
        case 92..<98: contents = [.rules(randomRules())]
        default: contents = [.controller(ControllerChange(controller: "c\(unique())", reason: "sale"))]
        }
        guard let subject = contents.first?.subject else { return }
        let ticket = authority.submit(contents, about: subject, now: now, effects: &effects)
        let submission = Submission(ticket: ticket, subject: subject, contents: contents, time: now.monotonic)
        submissions.append(submission)
        outstanding.append(submission)
        counts["submit", default: 0] += 1
        counts["\(subject == .room ? "room" : kind < 70 ? "statement" : "person") event", default: 0] += 1
    }

    /// A number of its own for each content, so that the checker can tell them apart.
    private mutating func unique() -> Int {
        scheduled += 1
        return scheduled
    }

    private mutating func randomStatement(_ participant: ParticipantID) -> ConsentStatement {
        let states: [ConsentState] = [
            .given, .given, .given, .given, .renewed, .withdrawn, .withdrawn, .refused, .revoked, .requested,
            .unknown,
        ]
        let state = states.randomElement(using: &random) ?? .given
        let targets: [(Purpose, String?)] = [
            (.liveRoom, nil), (.liveRoom, nil), (.liveEmbed, "a"), (.liveEmbed, "b"), (.recording, "vault"),
            (.rebroadcast, "tv"),
        ]
        let (purpose, name) = targets.randomElement(using: &random) ?? (.liveRoom, nil)
        let isWhole = purpose == .liveEmbed && state.permits && chance(20)
        let isUnnamed = isWhole || (!state.permits && chance(30))
        let media: [Set<MediaType>] = [[.audio, .video], [.audio, .video], [.video], [.audio]]
        func bound(_ range: ClosedRange<Int64>) -> WallClockTime {
            now.wall.advanced(byNanoseconds: Int64.random(in: range, using: &random) * 1_000_000)
        }
        let from = chance(10) ? bound(-500...1000) : nil
        let until = chance(30) ? bound(1500...6000) : nil
        var source = ConsentSource.page
        if let guardian = guardians[participant], !guardian.isEmpty, chance(50) { source = .guardian }
        if !state.permits, purpose.sharesWithThirdParties, chance(10) { source = .globalPrivacyControl }
        return ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipient: isUnnamed ? nil : name,
            coversWholeClass: isWhole,
            stream: chance(20) ? "cam" : nil,
            session: chance(5) ? session(of: participant) : nil,
            state: state,
            media: media.randomElement(using: &random) ?? [.video],
            validity: state.permits ? ValidityWindow(from: from, until: until) : .always,
            source: source,
            givenAt: now.wall.advanced(byNanoseconds: Int64(unique())),
            entity: source == .guardian ? guardians[participant] : nil,
            notice: chance(85) ? newestNotice?.reference : nil,
            terms: ConsentTerms(
                geographicRestrictions: chance(10) ? Set([Region("EU")].compactMap(\.self)) : []
            )
        )
    }

    private func session(of participant: ParticipantID) -> String? {
        let own = tracks.filter { $0.value.participant == participant }
        return own.min { $0.key.rawValue < $1.key.rawValue }?.value.session
    }

    private mutating func randomStatus(_ participant: ParticipantID) -> PrincipalStatus {
        let guardian = "g\(unique())"
        guardians[participant] = guardian
        let ages: [AgeBand] = [.adult, .adult, .unknown, .under13, .from13To17]
        return PrincipalStatus(
            participant: participant,
            ageBand: ages.randomElement(using: &random) ?? .adult,
            guardian: guardian,
            isDeactivated: chance(25)
        )
    }

    private mutating func randomHold(_ participant: ParticipantID) -> ProcessingHold {
        ProcessingHold(
            id: chance(50) ? "h1" : "h2",
            participant: participant,
            purposes: chance(50) ? [] : [.liveEmbed, .recording],
            reason: "dispute \(unique())",
            isLifted: chance(65)
        )
    }

    private mutating func randomDemand(_ participant: ParticipantID) -> LegalDemand {
        let end = now.wall.advanced(byNanoseconds: Int64.random(in: 500...5000, using: &random) * 1_000_000)
        return LegalDemand(
            id: chance(50) ? "d1" : "d2",
            participant: participant,
            authority: "court",
            basis: "order \(unique())",
            purposes: [.liveRoom],
            media: chance(70) ? [.audio, .video] : [.video],
            validity: ValidityWindow(until: chance(50) ? end : nil),
            approvals: ["judge", "counsel"],
            isLifted: chance(25)
        )
    }

    private mutating func randomNotice() -> NoticeVersion {
        let version = "\(unique())"
        let digest = String((version + String(repeating: "0", count: 64)).prefix(64))
        let notice = NoticeVersion(
            id: "privacy",
            version: version,
            language: "en",
            sha256: digest,
            controller: chance(95) ? newestNotice?.controller ?? "north" : "south \(version)",
            change: chance(60) ? .material : .editorial,
            purposes: chance(50) ? Set(Purpose.allCases) : [.liveRoom, .recording]
        )
        newestNotice = notice
        return notice
    }

    private mutating func randomRules() -> RoomRules {
        RoomRules(
            consentRule: chance(40) ? .allParty : .perStream,
            isRecordedOnly: chance(20),
            minors: chance(60) ? Set(MinorPermission.allCases) : [],
            treatsUnknownAgeAsChild: chance(10),
            relayRegion: Region(chance(80) ? "DE" : "US"),
            storageRegion: Region("DE"),
            retentionSeconds: 1_000_000 + Int64(unique())
        )
    }

    // MARK: - Consumers

    /// A consumer emits what it reads through a pass of one open gate, and holds it for a while.
    mutating func read() {
        let open = gates.filter { key, gate in
            if fault == .readsPastTheLease { return everOpened.contains(key) }
            return gate.withPass(now: now.monotonic) { _ in true } ?? false
        }
        let keys = open.keys.sorted { left, right in
            (left.track.rawValue, left.audience.rawValue) < (right.track.rawValue, right.audience.rawValue)
        }
        guard let gate = keys.randomElement(using: &random), let request = request(gate) else { return }
        counts["read", default: 0] += 1
        checkHeartbeat()
        if let violation = history.emitted(request, at: possibleClocks) { fail(violation) }
        scheduled += 1
        holdings[scheduled] = Holding(gate: gate, since: now.monotonic)
        after(Int64.random(in: 0...100, using: &random), .consumerLetsGo(holder: scheduled))
    }

    /// The civil clock as it is, and as it would be without the jumps that gates do not know of yet.
    private var possibleClocks: [ClockReading] {
        [now]
            + clocks.map { clock in
                let elapsed = now.monotonic.nanoseconds(since: clock.monotonic)
                return ClockReading(
                    wall: clock.wall.advanced(byNanoseconds: elapsed),
                    monotonic: now.monotonic
                )
            }
    }
}
