import Disclosures
import Primitives
import RoomControl

/// The body of `POST /v1/tokens`.
struct TokenRequestDocument: Decodable {
    /// With recipients of full length the token stays within what the relay reads.
    static let maximumGrants = 32

    let access: AccessToken
    /// `nil` for the configured lifetime.
    let lifetimeSeconds: Int?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case kind
        case room
        case participant
        case name
        case replace
        case grants
        case purpose
        case recipient
        case region
        case guardian
        case lifetimeSeconds = "lifetime_seconds"
    }

    private struct Grant: Decodable {
        let grant: CarriedGrant

        private enum CodingKeys: String, CodingKey, CaseIterable {
            case purpose
            case recipient
            case notice
            case evidence
        }

        init(from decoder: any Decoder) throws {
            try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
            let container = try decoder.container(keyedBy: CodingKeys.self)
            grant = CarriedGrant(
                try container.decodeAudience(purpose: .purpose, recipient: .recipient),
                notice: try container.decodeIfPresent(NoticeReferenceDocument.self, forKey: .notice)?
                    .reference,
                evidence: try named(.evidence, in: container, evidenceForm, fileNumber)
            )
        }
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        lifetimeSeconds = try container.decodeIfPresent(Int.self, forKey: .lifetimeSeconds)
        let room = try container.decode(RoomName.self, forKey: .room)
        let common: [CodingKeys] = [.kind, .room, .lifetimeSeconds]
        func refuseAllBut(_ keys: [CodingKeys]) throws {
            try refuseUnknownMembers(of: decoder, known: (common + keys).map { $0.rawValue })
        }
        switch try container.decode(String.self, forKey: .kind) {
        case "publish":
            try refuseAllBut([.participant, .name, .replace, .grants])
            let participant = try container.decode(ParticipantID.self, forKey: .participant)
            let name = try container.decodeIfPresent(String.self, forKey: .name) ?? participant.text
            guard isScreenName(name) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .name,
                    in: container,
                    debugDescription: "a name has 1 to 64 characters and no control characters"
                )
            }
            let grants = try container.decodeIfPresent([Grant].self, forKey: .grants) ?? []
            guard grants.count <= Self.maximumGrants else {
                throw DecodingError.dataCorruptedError(
                    forKey: .grants,
                    in: container,
                    debugDescription: "has \(grants.count) lines; a token holds at most \(Self.maximumGrants)"
                )
            }
            access = .publish(
                PublishToken(
                    room: room,
                    participant: participant,
                    name: name,
                    replace: try container.decodeIfPresent(Bool.self, forKey: .replace) ?? false,
                    grants: grants.map { $0.grant }
                )
            )
        case "view":
            try refuseAllBut([.purpose, .recipient, .region])
            let audience =
                container.contains(.purpose)
                ? try container.decodeAudience(purpose: .purpose, recipient: .recipient) : .roomViewers
            guard audience.comesByViewing else {
                throw DecodingError.dataCorruptedError(
                    forKey: .purpose,
                    in: container,
                    debugDescription: "a view token is of the purpose live_room, live_embed or rebroadcast"
                )
            }
            let region = try named(.region, in: container, regionForm) { Region($0) }
            access = .view(ViewToken(room: room, audience: audience, region: region))
        case "guardian":
            try refuseAllBut([.participant, .guardian])
            let guardian = try container.decode(String.self, forKey: .guardian)
            guard isScreenName(guardian) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .guardian,
                    in: container,
                    debugDescription: "a name has 1 to 64 characters and no control characters"
                )
            }
            access = .guardian(
                GuardianToken(
                    room: room,
                    participant: try container.decode(ParticipantID.self, forKey: .participant),
                    guardian: guardian
                )
            )
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .kind,
                in: container,
                debugDescription: "unknown kind; known are publish, view, guardian"
            )
        }
    }
}

extension KeyedDecodingContainer {
    /// The audience in two members of an object.
    fileprivate func decodeAudience(purpose: Key, recipient: Key) throws -> Audience {
        let name = try decode(String.self, forKey: purpose)
        guard let known = Purpose(rawValue: name) else {
            throw DecodingError.dataCorruptedError(
                forKey: purpose,
                in: self,
                debugDescription: "unknown purpose; known are "
                    + Purpose.allCases.map { $0.rawValue }.joined(separator: ", ")
            )
        }
        let recipientName = try decodeIfPresent(String.self, forKey: recipient)
        guard let audience = Audience(purpose: known, recipient: recipientName) else {
            throw DecodingError.dataCorruptedError(
                forKey: recipient,
                in: self,
                debugDescription: known.namesRecipient
                    ? "\(name) names a recipient: 1 to 64 characters of a-z A-Z 0-9 - _ ."
                    : "\(name) has no recipient"
            )
        }
        return audience
    }
}

/// The body of `POST …/guest-token`; absent for a viewer.
struct GuestRequestDocument: Decodable {
    enum Kind: String, Decodable {
        case view
        case publish
    }

    let kind: Kind?
    /// The screen name of a publisher.
    let name: String?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case kind
        case name
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        kind = try container.decodeIfPresent(Kind.self, forKey: .kind)
        name = try container.decodeIfPresent(String.self, forKey: .name)
    }
}

/// The answer that carries a new token.
struct TokenDocument: Encodable {
    var token: String
    var kind: String
    var room: String
    var participant: String?
    /// RFC 3339.
    var expiresAt: String

    private enum CodingKeys: String, CodingKey {
        case token
        case kind
        case room
        case participant
        case expiresAt = "expires_at"
    }
}
