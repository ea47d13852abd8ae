import Disclosures
import Partners
import Primitives

/// A partner as operators see it.
struct PartnerDocument: Encodable {
    let partner: Partner
    /// The secret, where it was made just now.
    var key: PartnerKey?

    private enum CodingKeys: String, CodingKey {
        case id
        case state
        case keyNumber = "key_number"
        case key
        case listedAt = "listed_at"
    }

    func encode(to encoder: any Encoder) throws {
        try PartnerTermsDocument(partner.terms).encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(partner.id, forKey: .id)
        try container.encode(partner.state.rawValue, forKey: .state)
        try container.encode(partner.keyNumber, forKey: .keyNumber)
        try container.encodeIfPresent(key?.text, forKey: .key)
        try container.encodeIfPresent(partner.listedAt?.rfc3339, forKey: .listedAt)
    }
}

/// A partner as everybody sees it: whom participants choose, and whom to turn to.
struct PublicPartner: Encodable {
    let id: String
    let state: String
    let legalName: String
    let contact: String
    let purposes: [String]
    /// RFC 3339: since when it is one of "any partner that the operator lists".
    let listedAt: String?
    /// Who operates the relay, where one partner was asked for.
    let relayOperator: String?

    private enum CodingKeys: String, CodingKey {
        case id
        case state
        case legalName = "legal_name"
        case contact
        case purposes
        case listedAt = "listed_at"
        case relayOperator = "operator"
    }

    init(_ partner: Partner, relayOperator: String? = nil) {
        id = partner.id
        state = partner.state.rawValue
        legalName = partner.terms.legalName
        contact = partner.terms.contact
        purposes = partner.terms.purposes.map(\.rawValue).sorted()
        listedAt = partner.listedAt?.rfc3339
        self.relayOperator = relayOperator
    }
}

struct PartnerListDocument<Entry: Encodable>: Encodable {
    /// Who operates the relay; absent where it is not configured.
    var relayOperator: String?
    let partners: [Entry]

    private enum CodingKeys: String, CodingKey {
        case relayOperator = "operator"
        case partners
    }
}

/// The body of `POST /v1/partners`: an identifier and terms.
struct NewPartnerDocument: Decodable {
    let id: String
    let terms: Partner.Terms

    private enum CodingKeys: String, CodingKey {
        case id
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(
            of: decoder,
            known: PartnerTermsDocument.CodingKeys.allCases.map(\.rawValue) + [CodingKeys.id.rawValue]
        )
        id = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .id)
        terms = try PartnerTermsDocument(from: decoder).terms
    }
}

/// The body of `PUT /v1/partners/{partner}`: terms and state.
struct PartnerUpdateDocument: Decodable {
    let terms: Partner.Terms
    let state: Partner.State

    private enum CodingKeys: String, CodingKey {
        case state
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(
            of: decoder,
            known: PartnerTermsDocument.CodingKeys.allCases.map(\.rawValue) + [CodingKeys.state.rawValue]
        )
        let container = try decoder.container(keyedBy: CodingKeys.self)
        state =
            try named(.state, in: container, known(Partner.State.self)) { Partner.State(rawValue: $0) }
            ?? .active
        terms = try PartnerTermsDocument(from: decoder).terms
    }
}

/// The body of `POST /v1/partners/{partner}/grants`.
struct GrantRequestDocument: Decodable {
    /// How long a session may last on one grant, in seconds.
    static let lifetimes = 60...86_400
    static let usualLifetime = 3_600

    let room: RoomName
    let purpose: Purpose
    let origin: WebOrigin?
    let region: Region?
    let lifetimeSeconds: Int

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case room
        case purpose
        case origin
        case region
        case lifetimeSeconds = "lifetime_seconds"
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        room = try container.decode(RoomName.self, forKey: .room)
        purpose =
            try named(.purpose, in: container, "known are live_embed, rebroadcast") { text in
                Purpose(rawValue: text).flatMap { [.liveEmbed, .rebroadcast].contains($0) ? $0 : nil }
            } ?? .liveEmbed
        origin = try named(.origin, in: container, "an origin is https://host or https://host:port") {
            WebOrigin($0)
        }
        region = try named(.region, in: container, regionForm) { Region($0) }
        lifetimeSeconds =
            try container.decodeIfPresent(Int.self, forKey: .lifetimeSeconds) ?? Self.usualLifetime
        guard Self.lifetimes.contains(lifetimeSeconds) else {
            throw DecodingError.dataCorruptedError(
                forKey: .lifetimeSeconds,
                in: container,
                debugDescription: "a session on one grant lasts \(Self.lifetimes.lowerBound) to"
                    + " \(Self.lifetimes.upperBound) seconds"
            )
        }
    }
}

/// The answer that carries a new grant.
struct GrantDocument: Encodable {
    var grant: String
    var partner: String
    var room: String
    var purpose: String
    /// RFC 3339: when it is too late to redeem it.
    var redeemBy: String
    /// RFC 3339: when the session ends that it opens.
    var expiresAt: String
    /// What an iframe may load.
    var embedURL: String?

    private enum CodingKeys: String, CodingKey {
        case grant
        case partner
        case room
        case purpose
        case redeemBy = "redeem_by"
        case expiresAt = "expires_at"
        case embedURL = "embed_url"
    }
}

/// The answer to a renewal.
struct RenewedDocument: Encodable {
    /// RFC 3339.
    var expiresAt: String

    private enum CodingKeys: String, CodingKey {
        case expiresAt = "expires_at"
    }
}
