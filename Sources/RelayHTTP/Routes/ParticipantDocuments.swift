import Disclosures
import Foundation
import Primitives
import RoomControl

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
        // One person written in two ways is one person.
        approvals = Set(
            try container.decode([String].self, forKey: .approvals)
                .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
                .reduce(into: [String: String]()) { people, name in
                    people[name.lowercased()] = people[name.lowercased()] ?? name
                }.values
        )
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
