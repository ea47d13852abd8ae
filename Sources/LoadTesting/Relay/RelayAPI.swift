import Foundation
import Primitives
import RelayRuntime

/// The relay's own API, as far as a run needs it: tokens, consents, metrics.
package struct RelayAPI: Sendable {
    /// Of consent, what a run changes.
    package enum Choice: String, Sendable {
        case grant
        case withdraw
    }

    /// Whom a change is about.
    package enum Recipients: Sendable, Hashable {
        /// The room's own viewers.
        case room
        /// Viewers on the site of a partner.
        case partner(String)

        fileprivate var fields: [String: String] {
            switch self {
            case .room: ["purpose": "live_room"]
            case .partner(let partner): ["purpose": "live_embed", "recipient": partner]
            }
        }
    }

    /// The relay's word that a change is durable and effective.
    package struct Acknowledgement: Sendable {
        /// From this moment no packet leaves that the change withholds.
        package var effectiveAt: WallClockTime
        package var epoch: UInt64
        /// When the request was sent and when the answer was there.
        package var sentAt: WallClockTime
        package var answeredAt: WallClockTime

        package var milliseconds: Double {
            Double(answeredAt.nanosecondsSince1970 - sentAt.nanosecondsSince1970) / 1_000_000
        }
    }

    /// Without a slash at the end.
    package let base: String
    private let client: SignalingClient

    package init(base: String, client: SignalingClient) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.client = client
    }

    package func whip(_ room: String) -> String { "\(base)/v1/rooms/\(room)/whip" }
    package func whep(_ room: String) -> String { "\(base)/v1/rooms/\(room)/whep" }

    /// Any request; whatever status comes is an answer.
    ///
    /// Throws `SignalingError`.
    package func request(
        _ method: String,
        _ path: String,
        token: String? = nil,
        type: String? = nil,
        body: String? = nil
    ) async throws(SignalingError) -> SignalingResponse {
        try await client.request(method, base + path, token: token, type: type, body: body)
    }

    /// A token to view a room as one of its recipients.
    ///
    /// Throws `SignalingError`.
    package func viewToken(
        room: String,
        for recipients: Recipients = .room,
        operatorToken: String
    ) async throws -> String {
        var fields = ["kind": "view", "room": room]
        if recipients != .room { fields.merge(recipients.fields) { $1 } }
        return try await token(fields, operatorToken)
    }

    /// A token to publish as a participant and to decide their consents.
    ///
    /// Throws `SignalingError`.
    package func publishToken(
        room: String,
        participant: String,
        name: String,
        operatorToken: String
    ) async throws -> String {
        try await token(
            ["kind": "publish", "room": room, "participant": participant, "name": name],
            operatorToken
        )
    }

    /// A grant for one viewer of a partner, by the partner's key or an operator's token.
    ///
    /// Throws `SignalingError`.
    package func grant(partner: String, room: String, token: String) async throws -> String {
        try await secret("grant", "/v1/partners/\(partner)/grants", ["room": room], token)
    }

    private func token(_ fields: [String: String], _ operatorToken: String) async throws -> String {
        try await secret("token", "/v1/tokens", fields, operatorToken)
    }

    /// Has something minted and answers the member of the answer that it is.
    private func secret(
        _ member: String,
        _ path: String,
        _ fields: [String: String],
        _ token: String
    ) async throws -> String {
        let response = try await request(
            "POST",
            path,
            token: token,
            type: "application/json",
            body: try Self.text(fields)
        )
        guard response.status == 201 || response.status == 200 else { throw response.refusal }
        let document = try? JSONSerialization.jsonObject(with: Data(response.body.utf8))
        guard let secret = (document as? [String: Any])?[member] as? String else {
            throw SignalingError.unusableAnswer("no \(member) in the answer of POST \(path)")
        }
        return secret
    }

    private static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    /// Changes what a participant agrees to for `recipients` and `others` at once, with the participant's token.
    ///
    /// Throws `SignalingError`.
    package func change(
        _ choice: Choice,
        for recipients: Recipients = .room,
        and others: [Recipients] = [],
        room: String,
        participant: String,
        token: String
    ) async throws -> Acknowledgement {
        struct Document: Decodable {
            var effectiveAt: String
            var epoch: UInt64

            private enum CodingKeys: String, CodingKey {
                case effectiveAt = "effective_at"
                case epoch
            }
        }
        let changes = ([recipients] + others).map { one in
            one.fields.merging(["choice": choice.rawValue]) { $1 }
        }
        let body = try Self.text(["changes": changes])
        let sentAt = SystemClock.wall
        let response = try await request(
            "PUT",
            "/v1/rooms/\(room)/participants/\(participant)/consents",
            token: token,
            type: "application/json",
            body: body
        )
        let answeredAt = SystemClock.wall
        guard response.status == 200 else { throw response.refusal }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(response.body.utf8)),
            let effectiveAt = WallClockTime(rfc3339InUTC: document.effectiveAt)
        else { throw SignalingError.unusableAnswer("no effective_at in \(response.body.prefix(200))") }
        return Acknowledgement(
            effectiveAt: effectiveAt,
            epoch: document.epoch,
            sentAt: sentAt,
            answeredAt: answeredAt
        )
    }

    /// The relay's counters by their name with labels.
    ///
    /// Throws `SignalingError`.
    package func metrics(operatorToken: String) async throws -> [String: Double] {
        let response = try await request("GET", "/metrics", token: operatorToken)
        guard response.status == 200 else { throw response.refusal }
        var metrics: [String: Double] = [:]
        for line in response.body.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...])
            else { continue }
            metrics[String(line[..<space])] = value
        }
        return metrics
    }
}
