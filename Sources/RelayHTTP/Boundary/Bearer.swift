import Disclosures
import Hummingbird
import Partners
import Primitives
import RoomControl

/// Reads and judges bearer tokens, from the `Authorization` field only (RFC 6750 2.1).
struct Bearer: Sendable {
    let authority: TokenAuthority
    /// Whether somebody answers for a participant now, as the participant's status in the room says.
    let isGuardian: @Sendable (RoomName, ParticipantID, String) async throws -> Bool

    /// The request's token.
    ///
    /// 401 if there is none or it is not valid.
    func token(of request: Request) async throws -> VerifiedToken {
        guard let token = try await tokenIfPresent(of: request) else {
            throw unauthorized(
                "missing-token",
                "send a token of this relay as Authorization: Bearer <token>",
                error: nil
            )
        }
        return token
    }

    /// The request's token, `nil` if it sends none.
    ///
    /// 401 if there is one that is not valid.
    func tokenIfPresent(of request: Request) async throws -> VerifiedToken? {
        let fields = request.headers[values: .authorization]
        guard let field = fields.first else { return nil }
        guard fields.count == 1, let text = bearerText(field) else {
            throw unauthorized(
                "malformed-authorization",
                "the Authorization field is not of the form Bearer <token>",
                error: "invalid_request"
            )
        }
        do {
            return try await authority.verify(text)
        } catch .expired {
            throw unauthorized(
                "expired-token",
                "the token has expired; get a new one",
                error: "invalid_token"
            )
        } catch .invalid {
            throw unauthorized(
                "invalid-token",
                "the token is damaged or not one of this relay",
                error: "invalid_token"
            )
        }
    }

    /// The publish token of a room.
    ///
    /// 403 for another kind or room.
    func publishToken(of request: Request, room: RoomName) async throws -> (PublishToken, VerifiedToken) {
        let token = try await token(of: request)
        guard case .publish(let publish) = token.access else { throw wrongKind(token, needed: "publish") }
        guard publish.room == room else { throw foreignRoom() }
        return (publish, token)
    }

    /// The view token of a room, or a partner's grant for it.
    ///
    /// 403 for another kind or room.
    func viewer(of request: Request, room: RoomName) async throws -> VerifiedToken {
        let token = try await token(of: request)
        switch token.access {
        case .view(let view): guard view.room == room else { throw foreignRoom() }
        case .embed(let grant): guard grant.room == room else { throw foreignRoom() }
        case .publish, .guardian, .relayOperator: throw wrongKind(token, needed: "view")
        }
        return token
    }

    /// A partner's grant for a session of one room and audience.
    ///
    /// 403 for another kind, room or audience.
    func grant(
        of request: Request,
        for owner: SessionOwner
    ) async throws -> (EmbedGrant, VerifiedToken) {
        let token = try await token(of: request)
        guard case .embed(let grant) = token.access else { throw wrongKind(token, needed: "embed") }
        try requireOwnership(token, of: owner)
        return (grant, token)
    }

    /// Who acts for a participant: that participant, who answers for them, or an operator.
    ///
    /// 403 for everyone else.
    func participantActor(
        of request: Request,
        room: RoomName,
        participant: ParticipantID
    ) async throws -> ParticipantActor {
        let token = try await token(of: request)
        switch token.access {
        case .publish(let publish):
            guard publish.room == room else { throw foreignRoom() }
            guard publish.participant == participant else {
                throw forbidden("foreign-participant", "the token is another participant's")
            }
            return .participant(token)
        case .guardian(let guardian):
            guard guardian.room == room else { throw foreignRoom() }
            return try await self.guardian(guardian, token, of: participant)
        case .view, .embed:
            throw wrongKind(token, needed: "publish")
        case .relayOperator:
            return .relayOperator(token)
        }
    }

    /// As above, for what concerns the participant in every room: its token of any room will do.
    func participantActor(
        of request: Request,
        participant: ParticipantID
    ) async throws -> ParticipantActor {
        let token = try await token(of: request)
        switch token.access {
        case .publish(let publish):
            guard publish.participant == participant else {
                throw forbidden("foreign-participant", "the token is another participant's")
            }
            return .participant(token)
        case .guardian(let guardian):
            return try await self.guardian(guardian, token, of: participant)
        case .view, .embed:
            throw wrongKind(token, needed: "publish")
        case .relayOperator:
            return .relayOperator(token)
        }
    }

    /// A token names a guardian; only the status on record makes them one.
    private func guardian(
        _ guardian: GuardianToken,
        _ token: VerifiedToken,
        of participant: ParticipantID
    ) async throws -> ParticipantActor {
        guard guardian.participant == participant else {
            throw forbidden("foreign-participant", "the token is for another participant")
        }
        guard try await isGuardian(guardian.room, participant, guardian.guardian) else {
            throw forbidden("not-guardian", "nobody of this name answers for the participant now")
        }
        return .guardian(token, guardian.guardian)
    }

    /// 401 without a valid token, 403 for a token of another room.
    func requireRoom(_ request: Request, _ room: RoomName) async throws {
        switch try await token(of: request).access {
        case .publish(let publish): guard publish.room == room else { throw foreignRoom() }
        case .view(let view): guard view.room == room else { throw foreignRoom() }
        case .guardian(let guardian): guard guardian.room == room else { throw foreignRoom() }
        case .embed(let grant): guard grant.room == room else { throw foreignRoom() }
        case .relayOperator: break
        }
    }

    /// 401 without a valid token, 403 for a token that is not an operator's.
    @discardableResult
    func requireOperator(_ request: Request) async throws -> VerifiedToken {
        let token = try await token(of: request)
        guard case .relayOperator = token.access else { throw wrongKind(token, needed: "operator") }
        return token
    }

    /// Checks a token that came along with a session's unguessable URL: it must be the session's own, or an
    /// operator's.
    ///
    /// 403 if not.
    func requireOwnership(_ token: VerifiedToken, of owner: SessionOwner) throws {
        switch (token.access, owner) {
        case (.relayOperator, _):
            return
        case (.publish(let publish), .publisher(let room, let participant)):
            guard publish.room == room else { throw foreignRoom() }
            guard publish.participant == participant else {
                throw forbidden("foreign-participant", "the token is another participant's")
            }
        case (.view(let view), .viewer(let room, let audience)):
            guard view.room == room else { throw foreignRoom() }
            guard view.audience == audience else {
                throw forbidden("foreign-audience", "the token is another audience's")
            }
        case (.embed(let grant), .viewer(let room, let audience)):
            guard grant.room == room else { throw foreignRoom() }
            guard grant.audience == audience else {
                throw forbidden("foreign-audience", "the grant is another audience's")
            }
        default:
            throw wrongKind(token, needed: "publish or view")
        }
    }

    private func bearerText(_ field: String) -> String? {
        let parts = field.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    /// A partner's own key, as its server sends it; `nil` for what is no such key.
    func partnerKey(of request: Request) -> String? {
        let fields = request.headers[values: .authorization]
        guard fields.count == 1, let text = fields.first.flatMap({ bearerText($0) }),
            text.hasPrefix(PartnerKey.prefix)
        else { return nil }
        return text
    }

    func unauthorized(_ code: String, _ detail: String, error: String?) -> RefusedRequest {
        var challenge = "Bearer realm=\"tally\""
        if let error { challenge += ", error=\"\(error)\", error_description=\"\(detail)\"" }
        return RefusedRequest(
            problem: RelayProblem(code, status: 401, detail: detail),
            headers: [.wwwAuthenticate: challenge]
        )
    }

    func forbidden(_ code: String, _ detail: String) -> RefusedRequest {
        RefusedRequest(
            problem: RelayProblem(code, status: 403, detail: detail),
            headers: [.wwwAuthenticate: "Bearer realm=\"tally\", error=\"insufficient_scope\""]
        )
    }

    private func foreignRoom() -> RefusedRequest {
        forbidden("foreign-room", "the token is for another room")
    }

    private func wrongKind(_ token: VerifiedToken, needed: String) -> RefusedRequest {
        forbidden(
            "wrong-token-kind",
            "this takes a token of kind \(needed), and the one sent is of kind \(token.access.kind)"
        )
    }
}

/// Who acts on a participant's events and consents.
enum ParticipantActor {
    case participant(VerifiedToken)
    /// Who answers for the participant, by name.
    case guardian(VerifiedToken, String)
    case relayOperator(VerifiedToken)

    /// The room that the token is for; `nil` for an operator's.
    var room: RoomName? {
        switch self {
        case .participant(let token), .guardian(let token, _), .relayOperator(let token):
            switch token.access {
            case .publish(let publish): publish.room
            case .guardian(let guardian): guardian.room
            case .view, .embed, .relayOperator: nil
            }
        }
    }
}
