import Disclosures
import Primitives

/// A log, read from its beginning for every question.
struct NaiveLog {
    let events: [ConsentEvent]

    var rules: RoomRules {
        let all = events.compactMap { event -> RoomRules? in
            if case .rules(let rules) = event.content { return rules }
            return nil
        }
        return all.last ?? .initial
    }

    func finding(_ request: DisclosureRequest, at time: WallClockTime) -> NaiveEvaluator.Finding {
        if request.audience.recipientClass == .authority { return compelled(request, at: time) }
        let status = statuses(of: request.participant).last?.status
        if status?.isDeactivated == true { return .deny(.invalidated) }
        if isHeld(request) { return .deny(.hold) }
        let current = records(of: request.participant)
        if let reason = refusal(current, request) { return .deny(reason) }
        let age = age(of: status)
        if age == .from13To17, isForAdultsUnlessAllowed(request.audience.purpose) { return .deny(.minor) }
        let finding = bestGrant(current, request, status, age, at: time)
        guard case .permit = finding, let carried = request.carried else { return finding }
        return isCarried(request.audience.purpose, carried.rawValue) ? finding : .deny(.notCarried)
    }

    // MARK: - What the log says

    /// The statements that nobody has replaced, with the lifted ones left out.
    private func records(of participant: ParticipantID) -> [(event: ConsentEvent, said: ConsentStatement)] {
        let own = events.compactMap { event in
            event.statement.flatMap { $0.participant == participant ? (event, $0) : nil }
        }
        return own.filter { event, said in
            said.state != .unknown
                && !own.contains { $0.0.sequence > event.sequence && isAboutTheSame($0.1, said) }
        }
        .map { event, said in (event: event, said: whole(said, event, own)) }
    }

    /// A refusal with all that was refused before it without anything in between that took it back.
    private func whole(
        _ said: ConsentStatement,
        _ event: ConsentEvent,
        _ own: [(ConsentEvent, ConsentStatement)]
    ) -> ConsentStatement {
        guard said.state.refuses else { return said }
        let earlier = own.filter { $0.0.sequence < event.sequence && isAboutTheSame($0.1, said) }
            .sorted { $0.0.sequence > $1.0.sequence }
        var media = said.media
        var refusesAll = said.media.isEmpty
        for (_, before) in earlier {
            guard before.state.refuses else { break }
            media.formUnion(before.media)
            refusesAll = refusesAll || before.media.isEmpty
        }
        return said.with(media: refusesAll ? [] : media)
    }

    private func isAboutTheSame(_ left: ConsentStatement, _ right: ConsentStatement) -> Bool {
        func voice(_ source: ConsentSource) -> String {
            switch source {
            case .page, .api, .token: "person"
            case .guardian, .recordPreference, .globalPrivacyControl: source.rawValue
            }
        }
        return left.purpose == right.purpose && left.recipientClass == right.recipientClass
            && left.recipient == right.recipient && left.stream == right.stream
            && left.session == right.session && voice(left.source) == voice(right.source)
    }

    private func statuses(
        of participant: ParticipantID
    ) -> [(event: ConsentEvent, status: PrincipalStatus)] {
        events.compactMap { event in
            if case .principal(let status) = event.content, status.participant == participant {
                return (event, status)
            }
            return nil
        }
    }

    private func isHeld(_ request: DisclosureRequest) -> Bool {
        let holds = events.compactMap { event -> ProcessingHold? in
            if case .hold(let hold) = event.content, hold.participant == request.participant { return hold }
            return nil
        }
        return Set(holds.map(\.id)).contains { id in
            guard let last = holds.last(where: { $0.id == id }), !last.isLifted else { return false }
            let isForPurpose = last.purposes.isEmpty || last.purposes.contains(request.audience.purpose)
            return isForPurpose && (last.stream ?? request.stream) == request.stream
        }
    }

    private func age(of status: PrincipalStatus?) -> AgeBand {
        switch status?.ageBand {
        case nil, .unknown: rules.treatsUnknownAgeAsChild ? .under13 : .adult
        case .under13: .under13
        case .from13To17: .from13To17
        case .adult: .adult
        }
    }

    private func isForAdultsUnlessAllowed(_ purpose: Purpose) -> Bool {
        switch purpose {
        case .recording, .replayRoom, .download, .transcription, .analysis: !rules.minors.contains(.recording)
        case .liveEmbed, .rebroadcast: !rules.minors.contains(.embeds)
        case .liveRoom, .aggregate, .identify: false
        }
    }

    /// The byte's bits, as its documentation lists them.
    private func isCarried(_ purpose: Purpose, _ byte: UInt8) -> Bool {
        let bits: [[Purpose]] = [
            [.liveRoom], [.recording], [.liveEmbed], [.rebroadcast], [.replayRoom, .download],
            [.transcription], [.analysis, .aggregate], [.identify],
        ]
        return bits.enumerated().contains { number, purposes in
            purposes.contains(purpose) && byte & (1 << UInt8(number)) != 0
        }
    }

    // MARK: - Refusals

    private func refusal(
        _ current: [(event: ConsentEvent, said: ConsentStatement)],
        _ request: DisclosureRequest
    ) -> DenyReason? {
        let refusing = current.map(\.said).filter { said in
            [.refused, .withdrawn, .revoked, .invalidated].contains(said.state)
                && touches(said, request)
                && (said.stream.map { $0 == request.stream } ?? true)
                && (said.session == nil || request.session == nil || said.session == request.session)
                && (said.media.isEmpty || said.media.contains(request.media))
        }
        let people = refusing.filter { $0.source != .globalPrivacyControl }
        for (state, reason) in [
            (ConsentState.revoked, DenyReason.revoked), (.withdrawn, .withdrawn),
            (.invalidated, .invalidated), (.refused, .refused),
        ] where people.contains(where: { $0.state == state }) {
            return reason
        }
        return refusing.isEmpty ? nil : .gpc
    }

    private func touches(_ said: ConsentStatement, _ request: DisclosureRequest) -> Bool {
        if said.purpose == request.audience.purpose {
            if let named = said.recipient {
                return named == request.audience.recipient
                    && said.recipientClass == request.audience.recipientClass
            }
            return [request.audience.recipientClass, said.purpose.recipientClass]
                .contains(said.recipientClass)
        }
        // In a room that was recorded-only before they came, who refuses recording is not shown live.
        guard said.purpose == .recording, said.recipient == nil, request.audience.purpose == .liveRoom,
            let joined = request.joinedAt, let declared = recordedOnlySince
        else { return false }
        return declared <= joined
    }

    private var recordedOnlySince: WallClockTime? {
        var since: WallClockTime?
        for event in events {
            guard case .rules(let rules) = event.content else { continue }
            if !rules.isRecordedOnly { since = nil } else if since == nil { since = event.time }
        }
        return since
    }

    // MARK: - Grants

    private func bestGrant(
        _ current: [(event: ConsentEvent, said: ConsentStatement)],
        _ request: DisclosureRequest,
        _ status: PrincipalStatus?,
        _ age: AgeBand,
        at time: WallClockTime
    ) -> NaiveEvaluator.Finding {
        let audience = request.audience
        let grants = current.filter { item in
            [.given, .renewed].contains(item.said.state)
                && ![.recordPreference, .globalPrivacyControl].contains(item.said.source)
        }
        let reaches = { (said: ConsentStatement) in
            said.purpose == audience.purpose && said.recipientClass == audience.recipientClass
                && (said.recipient == audience.recipient || said.recipient == nil && said.coversWholeClass)
        }
        let isInScope = { (said: ConsentStatement) in
            (said.stream ?? request.stream) == request.stream
                && (said.session == nil || said.session == request.session)
        }
        let ofPurpose = grants.filter { $0.said.purpose == audience.purpose }
        let ofRecipient = ofPurpose.filter { reaches($0.said) }
        let ofScope = ofRecipient.filter { isInScope($0.said) }
        let ofMedia = ofScope.filter { $0.said.media.contains(request.media) }
        let valid = ofMedia.filter { item in
            let window = item.said.validity
            return (window.from ?? time) <= time && window.until.map { time < $0 } ?? true
        }
        let participating = valid.filter { !isFromBeforeTheEnd($0, request.participant) }
        let ofController = participating.filter { !isFromBeforeTheController($0) }
        let ofNotice = ofController.filter { notices(for: audience.purpose).accept($0.event, $0.said) }
        let ofGuardian = ofNotice.filter { item in
            age != .under13
                || (item.said.source == .guardian && !item.said.coversWholeClass
                    && status?.guardian != nil && item.said.entity == status?.guardian)
        }
        let ofRegion = ofGuardian.filter { isInRegion($0.said, request) }

        let latest = WallClockTime(nanosecondsSince1970: .max)
        let ranked = ofRegion.sorted { left, right in
            let ends = (left.said.validity.until ?? latest, right.said.validity.until ?? latest)
            return ends.0 == ends.1 ? left.event.sequence > right.event.sequence : ends.0 < ends.1
        }
        if let first = ranked.first {
            return .permit(until: first.said.validity.until, grant: first.event.sequence)
        }
        let unanswered = current.map(\.said).filter { reaches($0) && isInScope($0) }
        let has = { (state: ConsentState) in unanswered.contains { $0.state == state } }
        let ladder: [(Bool, DenyReason)] = [
            (!ofGuardian.isEmpty, .region), (!ofNotice.isEmpty, .guardian),
            (!ofController.isEmpty, .outdatedNotice), (!participating.isEmpty, .controllerChanged),
            (!valid.isEmpty, .invalidated), (has(.expired) || !ofMedia.isEmpty, .expired),
            (has(.requestDeferred), .deferred), (has(.requested), .requested), (!ofScope.isEmpty, .media),
            (!ofRecipient.isEmpty, .scope), (!ofPurpose.isEmpty, .recipient), (!grants.isEmpty, .purpose),
        ]
        return .deny(ladder.first { $0.0 }?.1 ?? .noRecord)
    }

    private func isFromBeforeTheEnd(
        _ item: (event: ConsentEvent, said: ConsentStatement),
        _ participant: ParticipantID
    ) -> Bool {
        guard let end = statuses(of: participant).last(where: { $0.status.isDeactivated })?.event else {
            return false
        }
        return item.event.sequence < end.sequence || item.said.givenAt < end.time
    }

    private func isFromBeforeTheController(_ item: (event: ConsentEvent, said: ConsentStatement)) -> Bool {
        var known: String?
        var change: ConsentEvent?
        for event in events {
            switch event.content {
            case .controller(let new):
                if new.controller != known { change = event }
                known = new.controller
            case .notice(let notice):
                if let before = known, before != notice.controller { change = event }
                known = notice.controller
            case .statement, .rules, .principal, .demand, .hold, .erased: break
            }
        }
        guard let change else { return false }
        return item.event.sequence < change.sequence || item.said.givenAt < change.time
    }

    private func notices(for purpose: Purpose) -> NaiveNotices {
        NaiveNotices(
            publications: events.compactMap { event in
                if case .notice(let notice) = event.content, notice.purposes.contains(purpose) {
                    return (event.sequence, notice)
                }
                return nil
            }
        )
    }

    private func isInRegion(_ said: ConsentStatement, _ request: DisclosureRequest) -> Bool {
        let isStored = [.recording, .replayRoom, .download, .transcription].contains(said.purpose)
        func isAllowed(_ place: Region?, _ allowed: Set<Region>) -> Bool {
            if allowed.isEmpty { return true }
            return place.map { place in allowed.contains { $0.contains(place) } } ?? false
        }
        let allowed = said.terms.geographicRestrictions
        guard isAllowed(rules.relayRegion, allowed), isAllowed(request.recipientRegion, allowed) else {
            return false
        }
        return !isStored
            || isAllowed(rules.storageRegion, allowed)
                && isAllowed(rules.storageRegion, said.terms.storageLocations)
    }

    // MARK: - Demands

    private func compelled(
        _ request: DisclosureRequest,
        at time: WallClockTime
    ) -> NaiveEvaluator.Finding {
        let all = events.compactMap { event -> (sequence: UInt64, demand: LegalDemand)? in
            if case .demand(let demand) = event.content, demand.participant == request.participant {
                return (event.sequence, demand)
            }
            return nil
        }
        let standing = all.filter { item in
            !item.demand.isLifted && item.demand.approvals.count >= 2
                && !all.contains { $0.sequence > item.sequence && $0.demand.id == item.demand.id }
        }
        let ofPurpose = standing.filter { $0.demand.purposes.contains(request.audience.purpose) }
        let ofAuthority = ofPurpose.filter { $0.demand.authority == request.audience.recipient }
        let ofStream = ofAuthority.filter { ($0.demand.stream ?? request.stream) == request.stream }
        let ofMedia = ofStream.filter { $0.demand.media.contains(request.media) }
        let valid = ofMedia.filter { $0.demand.validity.contains(time) }
        let latest = WallClockTime(nanosecondsSince1970: .max)
        let first = valid.min { left, right in
            let ends = (left.demand.validity.until ?? latest, right.demand.validity.until ?? latest)
            return ends.0 == ends.1 ? left.sequence > right.sequence : ends.0 < ends.1
        }
        if let first { return .permit(until: first.demand.validity.until, grant: first.sequence) }
        if !ofMedia.isEmpty { return .deny(.expired) }
        if !ofStream.isEmpty { return .deny(.media) }
        if !ofAuthority.isEmpty { return .deny(.scope) }
        if !ofPurpose.isEmpty { return .deny(.recipient) }
        return .deny(standing.isEmpty ? .noRecord : .purpose)
    }
}
