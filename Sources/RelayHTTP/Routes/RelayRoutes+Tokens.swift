import Hummingbird
import Primitives
import RoomControl

extension RelayRoutes {
    /// Tokens from an operator, and from the relay itself where viewing or publishing is open to guests.
    func registerTokens(on endpoints: Endpoints) {
        endpoints.add("/v1/tokens", accepts: [.acceptPost: "application/json"], [.post: mint])
        endpoints.add(
            "/v1/rooms/{room}/guest-token",
            accepts: [.acceptPost: "application/json"],
            [.post: mintGuest]
        )
    }

    @Sendable private func mint(_ request: Request, _ context: RelayRequestContext) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let document = try bodies.json(in: body, of: request, as: TokenRequestDocument.self)
            return try await answer(
                document.access,
                lifetimeSeconds: document.lifetimeSeconds ?? configuration.tokens.lifetimeHours * 3600
            )
        }
    }

    @Sendable private func mintGuest(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let room = try room(context)
        try admitHandshake(request, context, token: nil)
        let document = try await bodies.jsonIfPresent(of: request, as: GuestRequestDocument.self)
        // Judged for viewers too, who need none: what is wrong with a request does not depend on its kind.
        let name = try screenName(document?.name)
        let access: AccessToken
        switch document?.kind ?? .view {
        case .view:
            guard configuration.rooms.openViewing else { throw closed("viewing", "rooms.openViewing") }
            access = .view(ViewToken(room: room))
        case .publish:
            // A page of another site whose name was made to point here (DNS rebinding) names itself in Host.
            guard configuration.rooms.openPublishing, isLoopback(hostName(request)) else {
                throw closed("publishing", "rooms.openPublishing")
            }
            let participant = try guestParticipant()
            access = .publish(
                PublishToken(
                    room: room,
                    participant: participant,
                    name: name
                )
            )
        }
        return try await answer(access, lifetimeSeconds: configuration.tokens.guestMinutes * 60).response
    }

    private func answer(_ access: AccessToken, lifetimeSeconds: Int) async throws -> JSONAnswer {
        let minted: (text: String, expires: Int)
        do {
            minted = try await tokens.mint(access, lifetimeSeconds: lifetimeSeconds)
        } catch let error as TokenMintingError {
            throw RelayProblem("token-refused", status: 422, detail: error.description)
        }
        var document = TokenDocument(
            token: minted.text,
            kind: access.kind,
            room: "",
            expiresAt: WallClockTime(nanosecondsSince1970: Int64(minted.expires) * 1_000_000_000).rfc3339
        )
        switch access {
        case .publish(let token):
            document.room = token.room.text
            document.participant = token.participant.text
        case .view(let token):
            document.room = token.room.text
        case .guardian(let token):
            document.room = token.room.text
            document.participant = token.participant.text
        case .embed(let grant):
            document.room = grant.room.text
        case .relayOperator:
            break
        }
        return JSONAnswer(document, status: .created)
    }

    private func closed(_ what: String, _ key: String) -> RelayProblem {
        RelayProblem(
            "closed-to-guests",
            status: 403,
            detail: "this relay gives no tokens for \(what) to guests (\(key)); ask its operator for one"
        )
    }

    /// A guest who gives no name is Guest.
    private func screenName(_ text: String?) throws(RelayProblem) -> String {
        guard let text, !text.isEmpty else { return "Guest" }
        guard isScreenName(text) else {
            throw RelayProblem(
                "malformed-name",
                status: 422,
                detail: "a name has 1 to 64 characters and no control characters"
            )
        }
        return text
    }

    /// A fresh identifier; base64url can begin with a hyphen, which an identifier cannot.
    private func guestParticipant() throws(RelayProblem) -> ParticipantID {
        guard let participant = ParticipantID("guest-" + randomIdentifier()) else {
            throw RelayProblem("internal-error", status: 500, detail: "no identifier could be made")
        }
        return participant
    }

    private func hostName(_ request: Request) -> String {
        let authority = request.head.authority ?? ""
        if authority.hasPrefix("[") { return String(authority.prefix { $0 != "]" }) + "]" }
        return String(authority.prefix { $0 != ":" })
    }
}
