import Disclosures
import Hummingbird
import Partners
import Primitives
import RoomControl

extension RelayRoutes {
    /// Servers that rooms are re-broadcast to, and what is pushed there: for operators.
    func registerDestinations(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/destinations",
            accepts: [.acceptPost: "application/json"],
            [.get: listDestinations, .post: addDestination]
        )
        endpoints.add(
            "/v1/destinations/{destination}",
            [.get: showDestination, .put: updateDestination, .delete: removeDestination]
        )
        endpoints.add(
            "/v1/rooms/{room}/pushes",
            accepts: [.acceptPost: "application/json"],
            [.get: listPushes, .post: startPush]
        )
        endpoints.add("/v1/rooms/{room}/pushes/{push}", [.get: showPush, .delete: endPush])
    }

    // MARK: Destinations

    @Sendable private func listDestinations(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let (page, next) = try PageRequest(request).page(of: partners.destinations.destinations) { $0.id }
        var response = Response.json(
            DestinationListDocument(destinations: page.map { DestinationDocument($0) })
        )
        if let next { response.headers.append(nextLink("/v1/destinations?\(next)", request)) }
        return response
    }

    @Sendable private func showDestination(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        return .json(DestinationDocument(try destination(context)))
    }

    @Sendable private func addDestination(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let document = try bodies.json(in: body, of: request, as: DestinationRequestDocument.self)
            guard let id = document.id else {
                throw RelayProblem("malformed-json", status: 400, detail: "id is missing")
            }
            let terms = try document.terms(after: nil)
            try check(terms)
            let destination = try await attempt { () async throws(DestinationRegistryError) in
                let added = try await partners.destinations.add(id, terms)
                guard document.state == .suspended else { return added }
                return try await partners.destinations.update(id, terms: terms, state: .suspended)
            }
            return JSONAnswer(
                DestinationDocument(destination),
                status: .created,
                headers: [.location: urls.absolute("/v1/destinations/\(id)", for: request)]
            )
        }
    }

    @Sendable private func updateDestination(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let present = try destination(context)
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let document = try bodies.json(in: body, of: request, as: DestinationRequestDocument.self)
            guard document.id == nil || document.id == present.id else {
                throw DestinationRequestDocument.refusal("id is another one than in the path")
            }
            let terms = try document.terms(after: present.terms)
            try check(terms)
            let destination = try await attempt { () async throws(DestinationRegistryError) in
                try await partners.destinations.update(
                    present.id,
                    terms: terms,
                    state: document.state ?? present.state
                )
            }
            return JSONAnswer(DestinationDocument(destination))
        }
    }

    @Sendable private func removeDestination(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let id = try destination(context).id
        try await attempt { () async throws(DestinationRegistryError) in
            try await partners.destinations.remove(id)
        }
        return Response(status: .noContent)
    }

    /// The destination in the path; 404 if there is none.
    private func destination(_ context: RelayRequestContext) throws(RelayProblem) -> Destination {
        let name = context.parameters.get("destination")
        guard let destination = name.flatMap({ partners.destinations.destination($0) }) else {
            throw RelayProblem(DestinationRegistryError.unknown)
        }
        return destination
    }

    /// Refuses terms that name no partner who may have re-broadcasts there.
    private func check(_ terms: Destination.Terms) throws(RelayProblem) {
        guard let partner = partners.partner(terms.partner) else { throw unknownPartner }
        guard partner.terms.purposes.contains(.rebroadcast) else {
            throw RelayProblem(
                "not-for-partner",
                status: 403,
                detail: "the partner is not registered for rebroadcast; add that to its purposes first"
            )
        }
        guard let region = terms.region, !partner.terms.regions.isEmpty else { return }
        guard partner.terms.regions.contains(where: { $0.contains(region) }) else {
            throw RelayProblem(
                "foreign-region",
                status: 403,
                detail: "the partner does not show rooms in \(region)"
            )
        }
    }

    private func attempt<Value>(
        _ body: () async throws(DestinationRegistryError) -> Value
    ) async throws(RelayProblem) -> Value {
        do {
            return try await body()
        } catch {
            switch error {
            case .exists:
                throw RelayProblem(
                    "destination-exists",
                    status: 409,
                    detail: "there is a destination of this identifier; change it with PUT"
                )
            case .tooMany:
                throw RelayProblem(
                    "too-many-destinations",
                    status: 503,
                    detail: "the relay has as many destinations as it may"
                )
            case .unknown, .malformed, .changedMeanwhile, .unavailable:
                throw RelayProblem(error)
            }
        }
    }

    // MARK: Pushes

    @Sendable private func listPushes(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let room = try room(context)
        let pushes = await service.pushes(of: room).sorted { $0.id < $1.id }
        let (page, next) = try PageRequest(request).page(of: pushes) { $0.id }
        var response = Response.json(PushListDocument(pushes: page))
        if let next { response.headers.append(nextLink("/v1/rooms/\(room.text)/pushes?\(next)", request)) }
        return response
    }

    @Sendable private func startPush(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let room = try room(context)
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let document = try bodies.json(in: body, of: request, as: PushRequestDocument.self)
            let push = try await service.startPush(
                room,
                to: document.destination,
                stream: document.stream.map { StreamID($0) }
            )
            return JSONAnswer(
                push,
                status: .created,
                headers: [
                    .location: urls.absolute("/v1/rooms/\(room.text)/pushes/\(push.id)", for: request)
                ]
            )
        }
    }

    @Sendable private func showPush(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let id = context.parameters.get("push")
        guard let push = await service.pushes(of: try room(context)).first(where: { $0.id == id }) else {
            throw RelayProblem.unknownPush
        }
        return .json(push)
    }

    @Sendable private func endPush(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        try await service.endPush(context.parameters.get("push") ?? "", of: try room(context))
        return Response(status: .noContent)
    }
}
