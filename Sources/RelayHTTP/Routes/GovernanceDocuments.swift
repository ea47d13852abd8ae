import Disclosures
import Primitives
import RoomControl

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
        // Rules are set as a whole: nobody is to guess whether null keeps the one that was.
        for key in CodingKeys.allCases where container.contains(key) {
            guard try !container.decodeNil(forKey: key) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key,
                    in: container,
                    debugDescription: "a rule is not null; leave out what is to be as it is by itself"
                )
            }
        }
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
    /// The purposes for which a grant is to name it at present.
    let inForce: Set<Purpose>

    private enum CodingKeys: String, CodingKey {
        case id
        case version
        case language
        case sha256
        case controller
        case change
        case purposes
        case inForce = "in_force"
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
        try container.encode(inForce.map(\.rawValue).sorted(), forKey: .inForce)
    }
}
