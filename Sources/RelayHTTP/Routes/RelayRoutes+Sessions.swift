import Hummingbird
import RoomControl

extension RelayRoutes {
    /// More than the relay's own names have; anything longer is none of them.
    static let maximumSessionBytes = 128
    static let maximumEventNames = 16

    /// Session URLs (RFC 9725 4.2, 4.3) and their events (draft-ietf-wish-whep-02).
    ///
    /// The URL is the capability, because not every client authorises its DELETE; a token that is sent along
    /// must be the session's own.
    func registerSessions(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/sessions/{session}",
            accepts: [.acceptPatch: Self.fragmentType],
            [.patch: patch, .delete: end, .get: emptySession]
        )
        endpoints.add(
            "/v1/sessions/{session}/events",
            accepts: [.acceptPost: "application/json"],
            answersHead: false,
            [.post: subscribe, .get: followAll]
        )
        endpoints.add(
            "/v1/sessions/{session}/events/{names}",
            answersHead: false,
            [.get: followSome, .delete: unsubscribe]
        )
    }

    /// The session in the path, authorised.
    ///
    /// 404 for one that does not exist.
    private func session(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> (SessionID, SessionOwner) {
        let text = context.parameters.get("session") ?? ""
        let session = SessionID(text)
        guard (1...Self.maximumSessionBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ isNameByte($0) }), let owner = await service.owner(of: session)
        else { throw unknownSession }
        if let token = try await bearer.tokenIfPresent(of: request) {
            try bearer.requireOwnership(token, of: owner)
        }
        return (session, owner)
    }

    private func viewingSession(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> SessionID {
        let (session, owner) = try await session(request, context)
        guard case .viewer = owner else {
            throw RelayProblem(
                "no-session-events",
                status: 404,
                detail: "a publishing session has no events; its participant has, under "
                    + "/v1/rooms/{room}/participants/{participant}/events"
            )
        }
        return session
    }

    private var unknownSession: RelayProblem {
        RelayProblem("unknown-session", status: 404, detail: "there is no such session, or it has ended")
    }

    @Sendable private func emptySession(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        _ = try await session(request, context)
        return Response(
            status: .noContent,
            headers: [.acceptPatch: Self.fragmentType, .cacheControl: "no-store"]
        )
    }

    @Sendable private func patch(_ request: Request, _ context: RelayRequestContext) async throws -> Response
    {
        let (session, _) = try await session(request, context)
        let fragment = try await bodies.text(of: request, type: Self.fragmentType)
        switch try await service.patch(session, fragment: fragment, ifMatch: request.headers[.ifMatch]) {
        case .accepted:
            return Response(status: .noContent)
        case .restarted(let fragment, let entityTag):
            return Response(
                status: .ok,
                headers: [
                    .contentType: Self.fragmentType, .eTag: entityTag, .cacheControl: "no-store",
                ],
                body: ResponseBody(byteBuffer: ByteBuffer(string: fragment))
            )
        }
    }

    /// 200 with an empty body: OBS takes nothing else for success.
    @Sendable private func end(_ request: Request, _ context: RelayRequestContext) async throws -> Response {
        let (session, _) = try await session(request, context)
        try await service.end(session)
        return Response(status: .ok, headers: [.contentLength: "0"])
    }

    /// Takes the list of event types that a viewer wants and says where they come.
    ///
    /// The URL holds the list, so that nothing is kept for a subscription that nobody reads.
    @Sendable private func subscribe(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let session = try await viewingSession(request, context)
        let wanted = try await bodies.jsonIfPresent(of: request, as: [String].self) ?? []
        // Types that the relay does not know are never sent and so need no place in the list.
        let names = Self.viewerEvents.filter { wanted.contains($0) }
        guard !names.isEmpty || wanted.isEmpty else {
            throw RelayProblem(
                "unknown-events",
                status: 422,
                detail: "none of the event types is known; known are "
                    + Self.viewerEvents.joined(separator: ", ")
            )
        }
        let path =
            Self.path(of: session) + "/events/"
            + (names.isEmpty ? Self.viewerEvents : names)
            .joined(separator: ".")
        return Response(status: .created, headers: [.location: urls.absolute(path, for: request)])
    }

    @Sendable private func followAll(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await follow(request, context, names: nil)
    }

    @Sendable private func followSome(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let names = (context.parameters.get("names") ?? "").split(separator: ".").map { String($0) }
        guard names.count <= Self.maximumEventNames, names.allSatisfy({ Self.viewerEvents.contains($0) })
        else {
            throw RelayProblem(
                "unknown-events",
                status: 404,
                detail: "there is no such list of event types"
            )
        }
        return try await follow(request, context, names: Set(names))
    }

    private func follow(
        _ request: Request,
        _ context: RelayRequestContext,
        names: Set<String>?
    ) async throws -> Response {
        let session = try await viewingSession(request, context)
        let seat = try eventStreams.seats.take(owner: "s " + session.text, isViewer: true)
        let events = try await service.viewerEvents(session, after: EventStreams.lastEvent(of: request))
        return eventStreams.response(events: events, names: names, seat: seat, over: context.channel)
    }

    /// Nothing is kept for a subscription: closing the connection ends it.
    @Sendable private func unsubscribe(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        _ = try await viewingSession(request, context)
        return Response(status: .ok, headers: [.contentLength: "0"])
    }
}

/// The characters of base64url and of names in paths.
private func isNameByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || byte == 0x2D || byte == 0x5F || byte == 0x2E
}
