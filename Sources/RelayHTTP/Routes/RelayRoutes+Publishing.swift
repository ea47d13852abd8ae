import HTTPTypes
import Hummingbird
import Primitives
import RoomControl

/// The rel by which a publisher that nobody receives yet finds where to consent.
let consentControlRelation = "https://w3id.org/dpv#hasConsentControl"

extension RelayRoutes {
    static let sdpType = "application/sdp"
    static let fragmentType = "application/trickle-ice-sdpfrag"

    /// The WHIP endpoint (RFC 9725 4.2).
    func registerPublishing(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/rooms/{room}/whip",
            accepts: [.acceptPost: Self.sdpType],
            [.post: publish, .get: emptyEndpoint]
        )
    }

    @Sendable private func publish(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let room = try room(context)
        let (token, verified) = try await bearer.publishToken(of: request, room: room)
        try admitHandshake(request, context, token: verified)
        let offer = try await bodies.text(of: request, type: Self.sdpType)
        try await refuseErased(.participant(verified), token.participant)
        let answer = try await service.publish(
            PublishRequest(
                room: room,
                participant: token.participant,
                displayName: token.name,
                offer: offer,
                replacesLiveSession: token.replace,
                grants: token.grants,
                grantedAt: WallClockTime(nanosecondsSince1970: Int64(verified.issuedAt) * 1_000_000_000),
                sendsPrivacyControl: sendsPrivacyControl(request),
                origin: origin(request, context, token: verified)
            )
        )
        var response = created(answer, for: request)
        if answer.awaitsConsent {
            let resource = Self.path(of: token.participant, in: room) + "/consents"
            response.headers.append(
                link("/rooms/\(room.text)", consentControlRelation, "type=\"text/html\"", request)
            )
            response.headers.append(
                link(resource, consentControlRelation, "type=\"application/json\"", request)
            )
        }
        return response
    }

    /// RFC 9725 4.2: the endpoint answers GET with success and no content.
    @Sendable func emptyEndpoint(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        _ = try room(context)
        return Response(status: .noContent, headers: [.acceptPost: Self.sdpType])
    }

    /// The 201 of a new session.
    func created(_ answer: SessionAnswer, for request: Request) -> Response {
        Response(
            status: .created,
            headers: [
                .contentType: Self.sdpType,
                .location: urls.absolute(Self.path(of: answer.session), for: request),
                .eTag: answer.entityTag,
                .acceptPatch: Self.fragmentType,
                .cacheControl: "no-store",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.sdp))
        )
    }

    /// A `Link` field (RFC 8288).
    func link(_ path: String, _ relation: String, _ parameters: String, _ request: Request) -> HTTPField {
        HTTPField(
            name: .link,
            value: "<\(urls.absolute(path, for: request))>; rel=\"\(relation)\"; \(parameters)"
        )
    }
}
