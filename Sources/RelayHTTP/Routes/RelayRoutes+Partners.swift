import Hummingbird
import Partners
import RoomControl

extension RelayRoutes {
    /// The registry of partners: operators set it, everybody reads who there is.
    func registerPartners(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/partners",
            accepts: [.acceptPost: "application/json"],
            [.get: listPartners, .post: addPartner]
        )
        endpoints.add(
            "/v1/partners/{partner}",
            [.get: showPartner, .put: updatePartner, .delete: removePartner]
        )
        endpoints.add("/v1/partners/{partner}/key", [.post: rotatePartnerKey])
    }

    @Sendable private func listPartners(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        if case .relayOperator? = try await bearer.tokenIfPresent(of: request)?.access {
            return .json(
                PartnerListDocument(partners: partners.partners.map { PartnerDocument(partner: $0) })
            )
        }
        let active = partners.partners.filter { $0.state == .active }
        let name = configuration.relayOperator.name
        return .json(
            PartnerListDocument(
                relayOperator: name.isEmpty ? nil : name,
                partners: active.map { PublicPartner($0) }
            )
        )
    }

    @Sendable private func showPartner(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        return .json(PartnerDocument(partner: try partner(context)))
    }

    @Sendable private func addPartner(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        // Not kept for repetition: the answer holds a secret that is shown once.
        try await bearer.requireOperator(request)
        let body = try await bodies.collect(request)
        let document = try bodies.json(in: body, of: request, as: NewPartnerDocument.self)
        let (partner, key) = try await attempt { () async throws(PartnerRegistryError) in
            try await partners.add(document.id, document.terms)
        }
        return .json(
            PartnerDocument(partner: partner, key: key),
            status: .created,
            headers: [.location: urls.absolute("/v1/partners/\(partner.id)", for: request)]
        )
    }

    @Sendable private func updatePartner(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let id = try partner(context).id
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let document = try bodies.json(in: body, of: request, as: PartnerUpdateDocument.self)
            let partner = try await attempt { () async throws(PartnerRegistryError) in
                try await partners.update(id, terms: document.terms, state: document.state)
            }
            return JSONAnswer(PartnerDocument(partner: partner))
        }
    }

    @Sendable private func rotatePartnerKey(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let id = try partner(context).id
        let (partner, key) = try await attempt { () async throws(PartnerRegistryError) in
            try await partners.rotateKey(id)
        }
        return .json(PartnerDocument(partner: partner, key: key))
    }

    @Sendable private func removePartner(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let id = try partner(context).id
        try await attempt { () async throws(PartnerRegistryError) in try await partners.remove(id) }
        return Response(status: .noContent)
    }

    /// The partner in the path; 404 if there is none.
    func partner(_ context: RelayRequestContext) throws(RelayProblem) -> Partner {
        guard let partner = context.parameters.get("partner").flatMap({ partners.partner($0) }) else {
            throw unknownPartner
        }
        return partner
    }

    var unknownPartner: RelayProblem {
        RelayProblem("unknown-partner", status: 404, detail: "this relay has no such partner")
    }

    private func attempt<Value>(
        _ body: () async throws(PartnerRegistryError) -> Value
    ) async throws(RelayProblem) -> Value {
        do {
            return try await body()
        } catch {
            throw problem(error)
        }
    }

    private func problem(_ error: PartnerRegistryError) -> RelayProblem {
        switch error {
        case .unknown:
            unknownPartner
        case .exists:
            RelayProblem(
                "partner-exists",
                status: 409,
                detail: "there is a partner of this identifier; change it with PUT"
            )
        case .changedMeanwhile:
            RelayProblem(
                "partner-changed",
                status: 409,
                detail: "somebody else changed the partner at the same time; read it and try again"
            )
        case .tooMany:
            RelayProblem("too-many-partners", status: 503, detail: "the registry of partners is full")
        case .malformed(let fault):
            RelayProblem(
                "malformed-partner",
                status: 422,
                detail: "the partner cannot be set: \(fault.rawValue)"
            )
        case .unavailable:
            RelayProblem(
                "partners-unavailable",
                status: 503,
                detail: "the registry of partners cannot be written; what was taken away is in force",
                retryAfterSeconds: 2
            )
        }
    }
}
