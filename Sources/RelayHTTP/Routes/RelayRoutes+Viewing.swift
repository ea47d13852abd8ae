import Hummingbird
import RoomControl

extension RelayRoutes {
    /// The events that a viewing session has: the core ones of the WHEP extension and the relay's own.
    static let viewerEvents = [
        "active", "inactive", "layers", "viewercount", "reconnect", "withheld", "slots", "overload", "ended",
    ]
    static let serverSentEventsRelation = "urn:ietf:params:whep:ext:core:server-sent-events"
    /// A stream's name in `?stream=`; more than any that the relay makes.
    static let maximumStreamBytes = 128

    /// The WHEP endpoint (draft-ietf-wish-whep-02 4.2).
    func registerViewing(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/rooms/{room}/whep",
            accepts: [.acceptPost: Self.sdpType],
            [.post: view, .get: emptyEndpoint]
        )
    }

    @Sendable private func view(_ request: Request, _ context: RelayRequestContext) async throws -> Response {
        let room = try room(context)
        let token = try await bearer.viewer(of: request, room: room)
        try admitHandshake(request, context, token: token)
        let stream = try stream(request)
        let offer = try await bodies.text(of: request, type: Self.sdpType)
        let answer = try await admitted(token, request, room) { audience, region, admission in
            try await service.view(
                ViewRequest(
                    room: room,
                    audience: audience,
                    region: region,
                    admission: admission,
                    stream: stream,
                    offer: offer,
                    origin: origin(request, context, token: token)
                )
            )
        }
        var response = created(answer, for: request)
        response.headers.append(
            link(
                Self.path(of: answer.session) + "/events",
                Self.serverSentEventsRelation,
                "events=\"\(Self.viewerEvents.joined(separator: ","))\"",
                request
            )
        )
        return response
    }

    private func stream(_ request: Request) throws(RelayProblem) -> StreamID? {
        guard let text = request.uri.queryParameters["stream"].map({ String($0) }) else { return nil }
        guard (1...Self.maximumStreamBytes).contains(text.utf8.count) else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "stream has \(text.utf8.count) bytes; it takes 1 to \(Self.maximumStreamBytes)"
            )
        }
        return StreamID(text)
    }
}
