import Primitives

/// What the rules about one person say of a request at one moment of civil time.
enum Judgement {
    /// Permitted before `until`, on the ground of the event `sequence`.
    case permit(until: WallClockTime?, sequence: UInt64)
    case deny(DenyReason)

    var denyReason: DenyReason? {
        if case .deny(let reason) = self { return reason }
        return nil
    }
}

extension RoomConsent {
    /// Applies the rules that need no more than one person's records, the room's terms and a moment.
    ///
    /// A refusal that applies beats every grant; otherwise purpose, recipient, scope, media, time, notice,
    /// controller, guardian and region have to hold in one and the same grant, and of several such grants the one
    /// that ends first governs. The order of records never matters. What another relay carries along with a stream
    /// takes away from that, and adds nothing.
    func judge(_ request: DisclosureRequest, at time: WallClockTime) -> Judgement {
        guard let person = participants[request.participant] else { return .deny(.noRecord) }
        if request.audience.recipientClass == .authority { return person.judgeDemands(request, at: time) }
        if person.status?.isDeactivated == true { return .deny(.invalidated) }
        let purpose = request.audience.purpose
        if person.holds.values.contains(where: { $0.covers(purpose, stream: request.stream) }) {
            return .deny(.hold)
        }
        let age = room.effectiveAge(of: person.status)
        var refusal: (precedence: Int, reason: DenyReason)?
        var closest = Mismatch.noRecord
        var governing: (until: WallClockTime?, sequence: UInt64)?
        for record in person.records.values {
            let statement = record.statement
            if statement.state.refuses {
                if statement.applies(to: request, room),
                    statement.refusal.precedence > refusal?.precedence ?? 0
                {
                    refusal = statement.refusal
                }
            } else if let mismatch = room.mismatch(record, person, age, with: request, at: time) {
                closest = max(closest, mismatch)
            } else {
                let candidate = (statement.validity.until, record.sequence)
                if governing.map({ isMoreRestrictive(candidate, than: $0) }) ?? true { governing = candidate }
            }
        }
        if let refusal { return .deny(refusal.reason) }
        if age == .from13To17, let needed = purpose.minorPermission, !room.rules.minors.contains(needed) {
            return .deny(.minor)
        }
        guard let governing else { return .deny(closest.denyReason) }
        if request.carried?.contains(CarriedConsent(purpose)) == false { return .deny(.notCarried) }
        return .permit(until: governing.until, sequence: governing.sequence)
    }
}

/// Whether a grant ends earlier than another; of those that end together, the newer one.
private func isMoreRestrictive(
    _ left: (until: WallClockTime?, sequence: UInt64),
    than right: (until: WallClockTime?, sequence: UInt64)
) -> Bool {
    switch (left.until, right.until) {
    case (let leftEnd?, let rightEnd?) where leftEnd != rightEnd: leftEnd < rightEnd
    case (_?, nil): true
    case (nil, _?): false
    default: left.sequence > right.sequence
    }
}

extension RoomConsent.Room {
    func effectiveAge(of status: PrincipalStatus?) -> AgeBand {
        let age = status?.ageBand ?? .unknown
        guard age == .unknown else { return age }
        return rules.treatsUnknownAgeAsChild ? .under13 : .adult
    }

    /// Whether a refusal of recording is one of the live room too: the room said so before the person joined.
    fileprivate func barsWhoRefusesRecording(_ request: DisclosureRequest) -> Bool {
        guard request.audience.purpose == .liveRoom, let since = recordedOnlySince,
            let joinedAt = request.joinedAt
        else { return false }
        return since <= joinedAt
    }

    /// The first rule by which a record that is no refusal does not permit `request`; `nil` if it permits.
    fileprivate func mismatch(
        _ record: ConsentRecord,
        _ person: RoomConsent.Participant,
        _ age: AgeBand,
        with request: DisclosureRequest,
        at time: WallClockTime
    ) -> Mismatch? {
        let statement = record.statement
        if let mismatch = statement.mismatch(with: request) { return mismatch }
        guard statement.validity.contains(time) else { return .expired }
        if let ended = person.ended, ended.isAfter(record) { return .invalidated }
        if let since = controllerSince, since.isAfter(record) { return .controllerChanged }
        if let requirement = requirements[statement.purpose], !requirement.accepts(record) {
            return .outdatedNotice
        }
        if age == .under13 {
            // Third parties are named to who answers for a child, one by one.
            guard statement.source == .guardian, !statement.coversWholeClass,
                let guardian = person.status?.guardian, statement.entity == guardian
            else { return .guardian }
        }
        return isInRegion(statement, request) ? nil : .region
    }

    private func isInRegion(_ statement: ConsentStatement, _ request: DisclosureRequest) -> Bool {
        let stores = statement.purpose.storesMedia
        let allowed = statement.terms.geographicRestrictions
        if !allowed.isEmpty {
            var places = [rules.relayRegion, request.recipientRegion]
            if stores { places.append(rules.storageRegion) }
            guard places.allSatisfy({ Self.lies($0, in: allowed) }) else { return false }
        }
        let storage = statement.terms.storageLocations
        return !stores || storage.isEmpty || Self.lies(rules.storageRegion, in: storage)
    }

    /// A place that is not known lies nowhere.
    private static func lies(_ place: Region?, in allowed: Set<Region>) -> Bool {
        guard let place else { return false }
        return allowed.contains { $0.contains(place) }
    }
}

extension ConsentStatement {
    /// The reason that this refusal gives; of several the one of the highest precedence is named.
    fileprivate var refusal: (precedence: Int, reason: DenyReason) {
        if source == .globalPrivacyControl { return (1, .gpc) }
        return switch state {
        case .revoked: (5, .revoked)
        case .withdrawn: (4, .withdrawn)
        case .invalidated: (3, .invalidated)
        case .given, .renewed, .unknown, .requested, .requestDeferred, .expired, .refused: (2, .refused)
        }
    }

    /// Whether a refusal touches `request`; what it leaves unsaid it refuses altogether.
    fileprivate func applies(to request: DisclosureRequest, _ room: RoomConsent.Room) -> Bool {
        let isMeant =
            purpose == request.audience.purpose
            ? refuses(request.audience)
            : purpose == .recording && recipient == nil && room.barsWhoRefusesRecording(request)
        return isMeant
            && (stream == nil || stream == request.stream)
            && (session == nil || request.session == nil || session == request.session)
            && (media.isEmpty || media.contains(request.media))
    }

    /// Who names nobody of the purpose's own class refuses every class.
    private func refuses(_ audience: Audience) -> Bool {
        if recipient != nil {
            return recipient == audience.recipient && recipientClass == audience.recipientClass
        }
        return recipientClass == audience.recipientClass || recipientClass == purpose.recipientClass
    }

    /// The first rule by which the statement alone does not permit `request`, whatever the time; `nil` if it does.
    fileprivate func mismatch(with request: DisclosureRequest) -> Mismatch? {
        let isSameRecipient =
            recipientClass == request.audience.recipientClass
            && (recipient == request.audience.recipient || coversWholeClass && recipient == nil)
        guard purpose == request.audience.purpose else { return permits ? .purpose : .noRecord }
        guard isSameRecipient else { return permits ? .recipient : .noRecord }
        guard stream == nil || stream == request.stream, session == nil || session == request.session
        else { return permits ? .scope : .noRecord }
        switch state {
        case .given, .renewed: break
        case .requested: return .requested
        case .requestDeferred: return .deferred
        case .expired: return .expired
        case .unknown, .refused, .withdrawn, .revoked, .invalidated: return .noRecord
        }
        guard !source.onlyNarrows else { return .noRecord }
        return media.contains(request.media) ? nil : .media
    }
}

extension RoomConsent.Participant {
    /// Whether a demand in force compels the disclosure; consent and refusals say nothing about it.
    fileprivate func judgeDemands(_ request: DisclosureRequest, at time: WallClockTime) -> Judgement {
        var closest = Mismatch.noRecord
        var governing: (until: WallClockTime?, sequence: UInt64)?
        for recorded in demands.values {
            if let mismatch = recorded.demand.mismatch(with: request, at: time) {
                closest = max(closest, mismatch)
            } else {
                let candidate = (recorded.demand.validity.until, recorded.sequence)
                if governing.map({ isMoreRestrictive(candidate, than: $0) }) ?? true { governing = candidate }
            }
        }
        guard let governing else { return .deny(closest.denyReason) }
        return .permit(until: governing.until, sequence: governing.sequence)
    }
}

extension LegalDemand {
    fileprivate func mismatch(with request: DisclosureRequest, at time: WallClockTime) -> Mismatch? {
        guard !isLifted, approvals.count >= Self.approvalsNeeded else { return .noRecord }
        guard purposes.contains(request.audience.purpose) else { return .purpose }
        guard authority == request.audience.recipient else { return .recipient }
        guard stream == nil || stream == request.stream else { return .scope }
        guard media.contains(request.media) else { return .media }
        return validity.contains(time) ? nil : .expired
    }
}
