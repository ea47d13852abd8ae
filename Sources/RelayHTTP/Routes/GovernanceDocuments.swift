import Disclosures
import Primitives
import RoomControl

/// Reads one member of a JSON object as a value spelt in text, and says what it takes if it is not one.
private func named<Key: CodingKey, Value>(
    _ key: Key,
    in container: KeyedDecodingContainer<Key>,
    _ what: String,
    _ parse: (String) -> Value?
) throws -> Value? {
    guard let text = try container.decodeIfPresent(String.self, forKey: key) else { return nil }
    guard let value = parse(text) else {
        throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: what)
    }
    return value
}

/// The same for a list; an absent one is empty.
private func namedList<Key: CodingKey, Value: Hashable>(
    _ key: Key,
    in container: KeyedDecodingContainer<Key>,
    _ what: String,
    _ parse: (String) -> Value?
) throws -> Set<Value> {
    let texts = try container.decodeIfPresent([String].self, forKey: key) ?? []
    return try Set(
        texts.map { text in
            guard let value = parse(text) else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: what)
            }
            return value
        }
    )
}

private func known<Value: CaseIterable & RawRepresentable>(_: Value.Type) -> String
where Value.RawValue == String {
    "known are " + Value.allCases.map(\.rawValue).joined(separator: ", ")
}

private let regionForm = "a region is an ISO 3166 code such as DE or US-CA, EU or EEA"
private let timeForm = "not a time of the form 2026-01-31T12:00:00Z (RFC 3339)"

/// The rules of a room, as `GET` and `PUT …/rules` carry them.
struct RulesDocument: Codable {
    let rules: RoomRules

    init(_ rules: RoomRules) {
        self.rules = rules
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case consentRule = "consent_rule"
        case recordedOnly = "recorded_only"
        case minors
        case unknownAgeIsChild = "unknown_age_is_child"
        case relayRegion = "relay_region"
        case storageRegion = "storage_region"
        case retentionSeconds = "retention_seconds"
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let rule = try named(.consentRule, in: container, known(RoomRules.ConsentRule.self)) {
            RoomRules.ConsentRule(rawValue: $0)
        }
        rules = RoomRules(
            consentRule: rule ?? .perStream,
            isRecordedOnly: try container.decodeIfPresent(Bool.self, forKey: .recordedOnly) ?? false,
            minors: try namedList(.minors, in: container, known(MinorPermission.self)) {
                MinorPermission(rawValue: $0)
            },
            treatsUnknownAgeAsChild: try container.decodeIfPresent(Bool.self, forKey: .unknownAgeIsChild)
                ?? false,
            relayRegion: try named(.relayRegion, in: container, regionForm) { Region($0) },
            storageRegion: try named(.storageRegion, in: container, regionForm) { Region($0) },
            retentionSeconds: try container.decodeIfPresent(Int64.self, forKey: .retentionSeconds)
        )
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rules.consentRule.rawValue, forKey: .consentRule)
        try container.encode(rules.isRecordedOnly, forKey: .recordedOnly)
        try container.encode(rules.minors.map(\.rawValue).sorted(), forKey: .minors)
        try container.encode(rules.treatsUnknownAgeAsChild, forKey: .unknownAgeIsChild)
        try container.encodeIfPresent(rules.relayRegion?.code, forKey: .relayRegion)
        try container.encodeIfPresent(rules.storageRegion?.code, forKey: .storageRegion)
        try container.encodeIfPresent(rules.retentionSeconds, forKey: .retentionSeconds)
    }
}

/// The body of `PUT …/controller`.
struct ControllerDocument: Decodable {
    let change: ControllerChange

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case controller
        case reason
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        change = ControllerChange(
            controller: try container.decode(String.self, forKey: .controller),
            reason: try container.decode(String.self, forKey: .reason)
        )
    }
}

/// The body of `POST …/notices`.
struct NoticeDocument: Decodable {
    let publication: NoticePublication

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case version
        case language
        case text
        case controller
        case change
        case purposes
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // Decoded first, so that a missing one is said to be missing.
        _ = try container.decode(String.self, forKey: .change)
        let change = try named(.change, in: container, known(NoticeVersion.Change.self)) {
            NoticeVersion.Change(rawValue: $0)
        }
        publication = NoticePublication(
            id: try container.decode(String.self, forKey: .id),
            version: try container.decode(String.self, forKey: .version),
            language: try container.decode(String.self, forKey: .language),
            text: try container.decode(String.self, forKey: .text),
            controller: try container.decode(String.self, forKey: .controller),
            change: change ?? .material,
            purposes: try namedList(.purposes, in: container, known(Purpose.self)) { Purpose(rawValue: $0) }
        )
    }
}

/// A published notice in lists and answers; its text stands at `/v1/notices/{sha256}`.
struct NoticeSummary: Encodable {
    let notice: NoticeVersion

    private enum CodingKeys: String, CodingKey {
        case id
        case version
        case language
        case sha256
        case controller
        case change
        case purposes
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(notice.id, forKey: .id)
        try container.encode(notice.version, forKey: .version)
        try container.encode(notice.language, forKey: .language)
        try container.encode(notice.sha256, forKey: .sha256)
        try container.encode(notice.controller, forKey: .controller)
        try container.encode(notice.change.rawValue, forKey: .change)
        try container.encode(notice.purposes.map(\.rawValue).sorted(), forKey: .purposes)
    }
}

/// What an operator says of a participant as a person.
struct StatusDocument: Decodable {
    let principalClass: PrincipalStatus.PrincipalClass
    let ageBand: AgeBand
    let guardian: String?
    let isDeactivated: Bool

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case principalClass = "class"
        case ageBand = "age_band"
        case guardian
        case deactivated
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        principalClass =
            try named(.principalClass, in: container, known(PrincipalStatus.PrincipalClass.self)) {
                PrincipalStatus.PrincipalClass(rawValue: $0)
            } ?? .guest
        ageBand =
            try named(.ageBand, in: container, known(AgeBand.self)) { AgeBand(rawValue: $0) } ?? .unknown
        guardian = try container.decodeIfPresent(String.self, forKey: .guardian)
        isDeactivated = try container.decodeIfPresent(Bool.self, forKey: .deactivated) ?? false
    }
}

/// The body of `PUT …/holds/{id}`.
struct HoldDocument: Decodable {
    let purposes: Set<Purpose>
    let stream: String?
    let reason: String
    let isLifted: Bool

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case purposes
        case stream
        case reason
        case lifted
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        purposes = try namedList(.purposes, in: container, known(Purpose.self)) { Purpose(rawValue: $0) }
        stream = try container.decodeIfPresent(String.self, forKey: .stream)
        reason = try container.decode(String.self, forKey: .reason)
        isLifted = try container.decodeIfPresent(Bool.self, forKey: .lifted) ?? false
    }
}

/// The body of `PUT …/demands/{id}`.
struct DemandDocument: Decodable {
    let authority: String
    let basis: String
    let purposes: Set<Purpose>
    let media: Set<MediaType>
    let stream: String?
    let validity: ValidityWindow
    let approvals: Set<String>
    let isLifted: Bool

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case authority
        case basis
        case purposes
        case media
        case stream
        case from
        case until
        case approvals
        case lifted
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        authority = try container.decode(String.self, forKey: .authority)
        basis = try container.decode(String.self, forKey: .basis)
        purposes = try namedList(.purposes, in: container, known(Purpose.self)) { Purpose(rawValue: $0) }
        media = try namedList(.media, in: container, known(MediaType.self)) { MediaType(rawValue: $0) }
        stream = try container.decodeIfPresent(String.self, forKey: .stream)
        validity = ValidityWindow(
            from: try named(.from, in: container, timeForm) { WallClockTime(rfc3339: $0) },
            until: try named(.until, in: container, timeForm) { WallClockTime(rfc3339: $0) }
        )
        approvals = Set(try container.decode([String].self, forKey: .approvals))
        isLifted = try container.decodeIfPresent(Bool.self, forKey: .lifted) ?? false
    }
}

/// What is recorded of a participant as a person, as `GET …/status` answers.
struct GovernedParticipantDocument: Encodable {
    let governed: GovernedParticipant

    private enum CodingKeys: String, CodingKey {
        case principalClass = "class"
        case ageBand = "age_band"
        case guardian
        case deactivated
        case holds
        case demands
    }

    private struct Hold: Encodable {
        var id: String
        var purposes: [String]
        var stream: String?
        var reason: String
        var lifted: Bool
    }

    private struct Demand: Encodable {
        var id: String
        var authority: String
        var basis: String
        var purposes: [String]
        var media: [String]
        var stream: String?
        var from: String?
        var until: String?
        var lifted: Bool
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(governed.status.principalClass.rawValue, forKey: .principalClass)
        try container.encode(governed.status.ageBand.rawValue, forKey: .ageBand)
        try container.encodeIfPresent(governed.status.guardian, forKey: .guardian)
        try container.encode(governed.status.isDeactivated, forKey: .deactivated)
        let holds = governed.holds.map { hold in
            Hold(
                id: hold.id,
                purposes: hold.purposes.map(\.rawValue).sorted(),
                stream: hold.stream,
                reason: hold.reason,
                lifted: hold.isLifted
            )
        }
        try container.encode(holds, forKey: .holds)
        let demands = governed.demands.map { demand in
            Demand(
                id: demand.id,
                authority: demand.authority,
                basis: demand.basis,
                purposes: demand.purposes.map(\.rawValue).sorted(),
                media: demand.media.map(\.rawValue).sorted(),
                stream: demand.stream,
                from: demand.validity.from?.rfc3339,
                until: demand.validity.until?.rfc3339,
                lifted: demand.isLifted
            )
        }
        try container.encode(demands, forKey: .demands)
    }
}

/// One entry of a participant's history in a room.
struct HistoryEntry: Encodable {
    let event: ConsentEvent

    private enum CodingKeys: String, CodingKey {
        case sequence
        case time
        case kind
        case purpose
        case recipientClass = "recipient_class"
        case recipient
        case stream
        case state
        case media
        case from
        case until
        case source
        case givenAt = "given_at"
        case entity
        case notice
    }

    private struct Notice: Encodable {
        var id: String
        var version: String
        var sha256: String
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(event.sequence, forKey: .sequence)
        try container.encode(event.time.rfc3339, forKey: .time)
        try container.encode(kind, forKey: .kind)
        guard let statement = event.statement else { return }
        try container.encode(statement.purpose.rawValue, forKey: .purpose)
        try container.encode(statement.recipientClass.rawValue, forKey: .recipientClass)
        try container.encodeIfPresent(statement.recipient, forKey: .recipient)
        try container.encodeIfPresent(statement.stream, forKey: .stream)
        try container.encode(statement.state.rawValue, forKey: .state)
        try container.encode(statement.media.map(\.rawValue).sorted(), forKey: .media)
        try container.encodeIfPresent(statement.validity.from?.rfc3339, forKey: .from)
        try container.encodeIfPresent(statement.validity.until?.rfc3339, forKey: .until)
        try container.encode(statement.source.rawValue, forKey: .source)
        try container.encode(statement.givenAt.rfc3339, forKey: .givenAt)
        try container.encodeIfPresent(statement.entity, forKey: .entity)
        let notice = statement.notice.map { Notice(id: $0.id, version: $0.version, sha256: $0.sha256) }
        try container.encodeIfPresent(notice, forKey: .notice)
    }

    private var kind: String {
        switch event.content {
        case .statement: "statement"
        case .notice: "notice"
        case .rules: "rules"
        case .principal: "status"
        case .demand: "demand"
        case .hold: "hold"
        case .controller: "controller"
        case .erased: "erased"
        }
    }
}
