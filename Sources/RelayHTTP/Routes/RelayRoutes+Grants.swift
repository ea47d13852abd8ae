import Disclosures
import Foundation
import Hummingbird
import Partners
import Primitives
import RoomControl

extension RelayRoutes {
    /// Partners' grants: minted, redeemed once by opening a session, renewed.
    func registerGrants(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/partners/{partner}/grants",
            accepts: [.acceptPost: "application/json"],
            [.post: mintGrant]
        )
        endpoints.add(
            "/v1/partners/{partner}/page-grants",
            accepts: [.acceptPost: "application/json"],
            [.post: mintPageGrant]
        )
        endpoints.add("/v1/sessions/{session}/renewals", [.post: renewSession])
    }

    // MARK: Minting

    /// For the partner's own server, by its key, and for operators.
    @Sendable private func mintGrant(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let partner = try await partner(of: request, context)
        let document = try await bodies.json(of: request, as: GrantRequestDocument.self)
        return try await grant(document, to: partner, request).response
    }

    /// For the framed page itself, where the partner's terms say so.
    ///
    /// A browser shows the page under the partner's sites only (`frame-ancestors`), and says who asks; what is no
    /// browser can say anything, as it could with a grant that it has stolen.
    @Sendable private func mintPageGrant(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let partner = try partner(context)
        // First: who is refused anyway has not used up what the same address needs to view.
        guard partner.terms.allowsPageGrants, request.headers[.secFetchSite] == "same-origin" else {
            throw RelayProblem(
                "no-page-grants",
                status: 403,
                detail: "this partner's pages bring a grant along; its server has them minted"
            )
        }
        try admitHandshake(request, context, token: nil)
        let document = try await bodies.json(of: request, as: GrantRequestDocument.self)
        guard document.purpose == .liveEmbed, document.region == nil else {
            throw RelayProblem(
                "no-page-grants",
                status: 403,
                detail: "a page gets grants for live_embed only, without a region of its own choice"
            )
        }
        return try await grant(document, to: partner, request).response
    }

    /// The partner in the path, if the request is its own server's or an operator's.
    private func partner(of request: Request, _ context: RelayRequestContext) async throws -> Partner {
        if let key = bearer.partnerKey(of: request) {
            guard let partner = partners.partner(holding: key) else {
                throw bearer.unauthorized(
                    "invalid-key",
                    "the key is no partner's present one",
                    error: "invalid_token"
                )
            }
            guard partner.id == context.parameters.get("partner") else {
                throw bearer.forbidden("foreign-partner", "the key is another partner's")
            }
            return partner
        }
        try await bearer.requireOperator(request)
        return try partner(context)
    }

    private func grant(
        _ document: GrantRequestDocument,
        to partner: Partner,
        _ request: Request
    ) async throws -> JSONAnswer {
        guard let audience = Audience(purpose: document.purpose, recipient: partner.id) else {
            throw unknownPartner
        }
        try judge(partner, audience, of: document.room, in: document.region)
        if let origin = document.origin, !partner.terms.origins.contains(origin) {
            throw RelayProblem(
                "foreign-origin",
                status: 403,
                detail: "\(origin) is not a site of this partner; its operator registers them"
            )
        }
        if let wait = grantLimiter.take(partner.id, perMinute: partner.terms.grantsPerMinute) {
            throw RelayProblem(
                "too-many-grants",
                status: 429,
                detail: "the partner has as many grants a minute as it may",
                retryAfterSeconds: wait
            )
        }
        let grant = EmbedGrant(
            room: document.room,
            audience: audience,
            keyNumber: partner.keyNumber,
            origins: document.origin.map { [$0] } ?? partner.terms.origins,
            region: document.region ?? (partner.terms.regions.count == 1 ? partner.terms.regions.first : nil)
        )
        let minted = try await tokens.mint(.embed(grant), lifetimeSeconds: document.lifetimeSeconds)
        let mintedAt = minted.expires - document.lifetimeSeconds
        let page = "/embed/\(partner.id)/\(document.room.text)#grant=\(minted.text)"
        return JSONAnswer(
            GrantDocument(
                grant: minted.text,
                partner: partner.id,
                room: document.room.text,
                purpose: document.purpose.rawValue,
                redeemBy: Self.time(mintedAt + EmbedGrant.redeemableSeconds).rfc3339,
                expiresAt: Self.time(minted.expires).rfc3339,
                embedURL: document.purpose == .liveEmbed ? urls.absolute(page, for: request) : nil
            ),
            status: .created
        )
    }

    // MARK: Redeeming

    /// Runs `body` with the audience that a viewer's token or grant makes it one of.
    ///
    /// A grant is taken as used before anything opens, and given back if nothing does.
    func admitted(
        _ token: VerifiedToken,
        _ request: Request,
        _ room: RoomName,
        _ body: (Audience, Region?, PartnerAdmission?) async throws -> SessionAnswer
    ) async throws -> SessionAnswer {
        switch token.access {
        case .view(let view):
            guard view.audience.isOfPartner, let id = view.audience.recipient else {
                return try await body(view.audience, view.region, nil)
            }
            guard let partner = partners.partner(id) else { throw notAPartner(view.audience) }
            try judge(partner, view.audience, of: room, in: view.region)
            let admission = PartnerAdmission(partner, until: Self.time(token.expires))
            let answer = try await body(view.audience, view.region, admission)
            try await settle(answer.session, admission, view.audience, of: room, in: view.region)
            return answer
        case .embed(let grant):
            let admission = try await redeem(grant, token, request)
            do {
                let answer = try await body(grant.audience, grant.region, admission)
                try await settle(answer.session, admission, grant.audience, of: room, in: grant.region)
                return answer
            } catch {
                // Nothing was shown for it: who waits for somebody to go live may come again with it.
                try? await partners.giveBack(token.id)
                throw error
            }
        case .publish, .guardian, .relayOperator:
            throw bearer.forbidden("wrong-token-kind", "this takes a view token or a partner's grant")
        }
    }

    @Sendable private func renewSession(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let session = SessionID(context.parameters.get("session") ?? "")
        guard let owner = await service.owner(of: session) else {
            throw RelayProblem(
                "unknown-session",
                status: 404,
                detail: "there is no such session, or it has ended"
            )
        }
        let (grant, token) = try await bearer.grant(of: request, for: owner)
        let admission = try await redeem(grant, token, request)
        try await service.renew(session, admission)
        try await settle(session, admission, grant.audience, of: grant.room, in: grant.region)
        return .json(RenewedDocument(expiresAt: admission.expiresAt.rfc3339))
    }

    /// Takes a grant as used; each refusal has a code of its own.
    private func redeem(
        _ grant: EmbedGrant,
        _ token: VerifiedToken,
        _ request: Request
    ) async throws -> PartnerAdmission {
        try refuseForeignPage(request)
        guard let partner = partners.partner(grant.partner) else { throw notAPartner(grant.audience) }
        try judge(partner, grant.audience, of: grant.room, in: grant.region)
        guard grant.keyNumber == partner.keyNumber else {
            throw bearer.unauthorized(
                "grant-revoked",
                "the partner's key was replaced since the grant was minted",
                error: "invalid_token"
            )
        }
        let origins = grant.origins.intersection(partner.terms.origins)
        guard !origins.isEmpty || grant.audience.purpose != .liveEmbed else {
            throw bearer.forbidden(
                "origin-removed",
                "the site that the grant is for is the partner's no longer"
            )
        }
        let now = WallClockTime(nanosecondsSince1970: Int64(Date().timeIntervalSince1970 * 1e9))
        let redeemBy = Self.time(token.issuedAt + EmbedGrant.redeemableSeconds)
        guard now < redeemBy else {
            throw bearer.unauthorized(
                "grant-too-late",
                "a grant is redeemed within \(EmbedGrant.redeemableSeconds) seconds; ask for another one",
                error: "invalid_token"
            )
        }
        let isFirst: Bool
        do {
            isFirst = try await partners.redeem(token.id, forgottenAt: redeemBy, now: now)
        } catch {
            throw RelayProblem(
                "partners-unavailable",
                status: 503,
                detail: "grants cannot be redeemed, since nobody could tell the second time from the first",
                retryAfterSeconds: 2
            )
        }
        guard isFirst else {
            throw bearer.unauthorized(
                "grant-redeemed",
                "the grant was used before; each is for one session",
                error: "invalid_token"
            )
        }
        var admission = PartnerAdmission(partner, until: Self.time(token.expires))
        admission.origins = origins
        return admission
    }

    /// Inside the frame the page is the relay's own: a page of any other site has no business here.
    private func refuseForeignPage(_ request: Request) throws {
        let site = request.headers[.secFetchSite]
        let isForeignSite = site.map { $0 != "same-origin" && $0 != "none" } ?? false
        let isForeignOrigin = request.headers[.origin].map { !urls.isOwn($0, request) } ?? false
        guard !isForeignSite, !isForeignOrigin else {
            throw bearer.forbidden(
                "foreign-page",
                "a grant is redeemed by the framed page of this relay, or by a server"
            )
        }
    }

    /// Ends a session at once whose partner was changed while it was being opened or renewed.
    ///
    /// A change ends the sessions that it finds: one that came about under the terms before, and after that, is found
    /// here.
    private func settle(
        _ session: SessionID,
        _ admission: PartnerAdmission,
        _ audience: Audience,
        of room: RoomName,
        in region: Region?
    ) async throws(RelayProblem) {
        do throws(RelayProblem) {
            guard let partner = partners.partner(admission.partner) else {
                throw RelayProblem(
                    "unknown-partner",
                    status: 403,
                    detail: "the partner was removed while the session was being opened"
                )
            }
            try judge(partner, audience, of: room, in: region)
            guard partner.keyNumber == admission.keyNumber,
                admission.origins.isEmpty || !admission.origins.isDisjoint(with: partner.terms.origins),
                admission.media.isSubset(of: partner.terms.media)
            else {
                throw RelayProblem(
                    "partner-suspended",
                    status: 403,
                    detail: "the partner was changed while the session was being opened"
                )
            }
        } catch {
            try? await service.end(session)
            throw error
        }
    }

    private func judge(
        _ partner: Partner,
        _ audience: Audience,
        of room: RoomName,
        in region: Region?
    ) throws(RelayProblem) {
        guard partner.state == .active else {
            throw RelayProblem(
                "partner-suspended",
                status: 403,
                detail: "the operator of this relay has suspended the partner"
            )
        }
        guard partner.mayReceive(audience.purpose, of: room) else {
            throw RelayProblem(
                "not-for-partner",
                status: 403,
                detail: "the partner may not show \(room) for \(audience.purpose.rawValue)"
            )
        }
        if let region, !partner.terms.regions.isEmpty,
            !partner.terms.regions.contains(where: { $0.contains(region) })
        {
            throw RelayProblem(
                "foreign-region",
                status: 403,
                detail: "the partner does not show rooms in \(region)"
            )
        }
    }

    private func notAPartner(_ audience: Audience) -> RefusedRequest {
        bearer.forbidden("unknown-partner", "\(audience) is no partner of this relay")
    }

    private static func time(_ seconds: Int) -> WallClockTime {
        WallClockTime(nanosecondsSince1970: Int64(seconds) * 1_000_000_000)
    }
}

extension PartnerAdmission {
    /// Under the partner's present terms.
    fileprivate init(_ partner: Partner, until: WallClockTime) {
        self.init(
            partner: partner.id,
            keyNumber: partner.keyNumber,
            origins: partner.terms.origins,
            media: partner.terms.media,
            expiresAt: until,
            maximumViewers: partner.terms.maximumViewers,
            maximumViewersPerRoom: partner.terms.maximumViewersPerRoom
        )
    }
}
