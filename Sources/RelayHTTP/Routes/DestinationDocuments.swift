import Disclosures
import Partners
import Primitives
import RoomControl
import Webhooks

/// A destination as operators see it: its secrets are kept, and not shown.
struct DestinationDocument: Encodable {
    struct Webhook: Encodable {
        let url: String
        let acknowledgeWithinSeconds: Int

        private enum CodingKeys: String, CodingKey {
            case url
            case acknowledgeWithinSeconds = "acknowledge_within_seconds"
        }
    }

    let id: String
    let partner: String
    let url: String
    let hasToken: Bool
    let region: String?
    let webhook: Webhook?
    let state: String
    let reason: String?

    private enum CodingKeys: String, CodingKey {
        case id
        case partner
        case url
        case hasToken = "has_token"
        case region
        case webhook
        case state
        case reason
    }

    init(_ destination: Destination) {
        id = destination.id
        partner = destination.terms.partner
        url = destination.terms.url.text
        hasToken = destination.terms.token != nil
        region = destination.terms.region?.code
        webhook = destination.terms.webhook.map { webhook in
            Webhook(url: webhook.url.text, acknowledgeWithinSeconds: webhook.acknowledgementSeconds)
        }
        state = destination.state.rawValue
        reason = destination.reason
    }
}

struct DestinationListDocument: Encodable {
    let destinations: [DestinationDocument]
}

/// The body of `POST /v1/destinations` and, without an identifier, of `PUT /v1/destinations/{destination}`.
struct DestinationRequestDocument: Decodable {
    struct Webhook: Decodable {
        let url: String
        /// Kept as it is where it is left out.
        let secret: HiddenText?
        let acknowledgeWithinSeconds: Int

        private enum CodingKeys: String, CodingKey, CaseIterable {
            case url
            case secret
            case acknowledgeWithinSeconds = "acknowledge_within_seconds"
        }

        init(from decoder: any Decoder) throws {
            try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
            let container = try decoder.container(keyedBy: CodingKeys.self)
            url = try container.decode(String.self, forKey: .url)
            secret = try container.decodeIfPresent(String.self, forKey: .secret).map { HiddenText($0) }
            acknowledgeWithinSeconds =
                try container.decodeIfPresent(Int.self, forKey: .acknowledgeWithinSeconds) ?? 5
        }
    }

    let id: String?
    let partner: String?
    let url: String
    /// Kept as it is where it is left out; `null` takes it away.
    let token: HiddenText?
    let namesToken: Bool
    let region: Region?
    let webhook: Webhook?
    let state: Destination.State?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case partner
        case url
        case token
        case region
        case webhook
        case state
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decodeIfPresent(String.self, forKey: .id)
        partner = try container.decodeIfPresent(String.self, forKey: .partner)
        url = try container.decode(String.self, forKey: .url)
        namesToken = container.contains(.token)
        token = try container.decodeIfPresent(String.self, forKey: .token).map { HiddenText($0) }
        region = try named(.region, in: container, regionForm) { Region($0) }
        webhook = try container.decodeIfPresent(Webhook.self, forKey: .webhook)
        state = try named(.state, in: container, "known are active, suspended") { text in
            Destination.State(rawValue: text).flatMap { $0 == .cutOff ? nil : $0 }
        }
    }

    /// The terms that this makes of those that there are.
    ///
    /// 422 for a URL or a secret that is none, and for a webhook without a secret; 400 for a body without a partner.
    func terms(after present: Destination.Terms?) throws(RelayProblem) -> Destination.Terms {
        guard let partner = partner ?? present?.partner else {
            throw RelayProblem("malformed-json", status: 400, detail: "partner is missing")
        }
        var terms = Destination.Terms(
            partner: partner,
            url: try Self.server("url", url),
            token: namesToken ? token : present?.token,
            region: region
        )
        if let webhook {
            let secret = webhook.secret ?? present?.webhook?.secret
            guard let secret, (try? SigningSecret(secret.text)) != nil else {
                throw Self.refusal(
                    "webhook.secret is what the webhook is signed by, whsec_ and base64 of 24 to 64 bytes"
                )
            }
            terms.webhook = Destination.Webhook(
                url: try Self.server("webhook.url", webhook.url),
                secret: secret,
                acknowledgementSeconds: webhook.acknowledgeWithinSeconds
            )
        }
        return terms
    }

    private static func server(_ member: String, _ text: String) throws(RelayProblem) -> ServerURL {
        guard let url = ServerURL(text) else {
            throw refusal(
                "\(member) is https://host/path without a user and a fragment; http is for this machine only"
            )
        }
        return url
    }

    static func refusal(_ detail: String) -> RelayProblem {
        RelayProblem("malformed-destination", status: 422, detail: detail)
    }
}

/// The body of `POST /v1/rooms/{room}/pushes`.
struct PushRequestDocument: Decodable {
    let destination: String
    let stream: String?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case destination
        case stream
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        destination = try container.decode(String.self, forKey: .destination)
        stream = try named(.stream, in: container, streamForm) { streamName($0) }
    }
}

struct PushListDocument: Encodable {
    let pushes: [PushStatus]
}
