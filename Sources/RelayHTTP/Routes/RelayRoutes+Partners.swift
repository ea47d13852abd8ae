import Disclosures
import Hummingbird
import Partners
import Primitives
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
        let (isOperator, filter) = (try await isOperator(request), try PartnerFilter(request))
        let listed = partners.partners.filter { partner in
            (isOperator || partner.state == .active) && filter.takes(partner)
        }
        let (page, next) = try PageRequest(request).page(of: listed) { $0.id }
        var response =
            if isOperator {
                Response.json(PartnerListDocument(partners: page.map { PartnerDocument(partner: $0) }))
            } else {
                Response.json(
                    PartnerListDocument(
                        relayOperator: operatorName,
                        partners: page.map { PublicPartner($0) }
                    )
                )
            }
        if let next {
            response.headers.append(nextLink("/v1/partners?\(next)\(filter.query)", request))
        }
        return response
    }

    private func isOperator(_ request: Request) async throws -> Bool {
        guard case .relayOperator? = try await bearer.tokenIfPresent(of: request)?.access else {
            return false
        }
        return true
    }

    /// Who operates the relay; `nil` where it is not configured.
    private var operatorName: String? {
        let name = configuration.relayOperator.name
        return name.isEmpty ? nil : name
    }

    @Sendable private func showPartner(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let isOperator = try await isOperator(request)
        let partner = try partner(context)
        // Also one that is suspended: who was received by it has to find out whom to turn to.
        return isOperator
            ? .json(PartnerDocument(partner: partner))
            : .json(PublicPartner(partner, relayOperator: operatorName))
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

/// Which partners a list has: `?room=` and `?purpose=`.
private struct PartnerFilter {
    private let room: RoomName?
    private let purpose: Purpose?

    /// 400 for a room or a purpose that no partner can have.
    init(_ request: Request) throws(RelayProblem) {
        let parameters = request.uri.queryParameters
        room = try Self.read(parameters["room"], "room is the name of a room") { RoomName($0) }
        purpose = try Self.read(parameters["purpose"], "purpose is live_embed or rebroadcast") { text in
            Purpose(rawValue: text).flatMap { [.liveEmbed, .rebroadcast].contains($0) ? $0 : nil }
        }
    }

    private static func read<Value>(
        _ text: Substring?,
        _ form: String,
        _ parse: (String) -> Value?
    ) throws(RelayProblem) -> Value? {
        guard let text else { return nil }
        guard let value = parse(String(text)) else {
            throw RelayProblem("malformed-query", status: 400, detail: form)
        }
        return value
    }

    func takes(_ partner: Partner) -> Bool {
        (room.map { partner.terms.rooms.isEmpty || partner.terms.rooms.contains($0) } ?? true)
            && (purpose.map { partner.terms.purposes.contains($0) } ?? true)
    }

    /// For the address of the next page.
    var query: String {
        (room.map { "&room=\($0.text)" } ?? "") + (purpose.map { "&purpose=\($0.rawValue)" } ?? "")
    }
}
