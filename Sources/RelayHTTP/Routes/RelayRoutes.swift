import HTTPTypes
import Hummingbird
import Partners
import Primitives
import RoomControl
import Webhooks

/// What all routes share; the routes themselves stand in extensions, one file for each part of the surface.
struct RelayRoutes: Sendable {
    let service: any RelayService
    let configuration: TallyConfiguration
    let tokens: TokenAuthority
    let bearer: Bearer
    let bodies: RequestBodies
    let limiter: HandshakeLimiter
    let addresses: ClientAddress
    let eventStreams: EventStreams
    let idempotentRequests: IdempotentRequests
    let urls: PublicURL
    let metrics: PrometheusMetrics
    let receipts: ReceiptIssuer
    let partners: PartnerRegistry
    let grantLimiter: GrantLimiter
    /// `nil` where no endpoint is configured.
    let webhooks: WebhookDispatcher?

    func register(on endpoints: Endpoints) {
        registerPublishing(on: endpoints)
        registerViewing(on: endpoints)
        registerSessions(on: endpoints)
        registerParticipants(on: endpoints)
        registerReceipts(on: endpoints)
        registerGovernance(on: endpoints)
        registerRights(on: endpoints)
        registerProfiles(on: endpoints)
        registerRooms(on: endpoints)
        registerTokens(on: endpoints)
        registerPartners(on: endpoints)
        registerGrants(on: endpoints)
        registerDestinations(on: endpoints)
        registerLedger(on: endpoints)
        registerWebhooks(on: endpoints)
        registerDocument(on: endpoints)
        registerOperations(on: endpoints)
        registerPages(on: endpoints)
        registerEmbeds(on: endpoints)
    }

    /// The room in the path; 404 for a name that no room can have.
    func room(_ context: RelayRequestContext) throws(RelayProblem) -> RoomName {
        guard let room = context.parameters.get("room").flatMap({ RoomName($0) }) else {
            throw RelayProblem(
                "unknown-room",
                status: 404,
                detail: "a room's name is 1 to 64 characters of a-z A-Z 0-9 - _ . "
                    + "and starts with a letter or digit"
            )
        }
        return room
    }

    /// The participant in the path; 404 for an identifier that nobody can have.
    func participant(_ context: RelayRequestContext) throws(RelayProblem) -> ParticipantID {
        guard let participant = context.parameters.get("participant").flatMap({ ParticipantID($0) }) else {
            throw RelayProblem(
                "unknown-participant",
                status: 404,
                detail: "a participant's identifier is 1 to 64 characters of a-z A-Z 0-9 - _ . "
                    + "and starts with a letter or digit"
            )
        }
        return participant
    }

    /// Counts a handshake; 429 if its token or address starts too many.
    func admitHandshake(
        _ request: Request,
        _ context: RelayRequestContext,
        token: VerifiedToken?
    ) throws(RelayProblem) {
        let address = addresses.key(for: request, context)
        if let wait = limiter.handshake(tokenID: token?.id, address: address) {
            throw RelayProblem(
                "too-many-handshakes",
                status: 429,
                detail: "more than \(configuration.limits.handshakesPerSecond) sessions or tokens a second "
                    + "were asked for with this token or from this address",
                retryAfterSeconds: wait
            )
        }
    }

    func origin(
        _ request: Request,
        _ context: RelayRequestContext,
        token: VerifiedToken
    ) -> SessionOrigin {
        SessionOrigin(tokenID: token.id, address: addresses.key(for: request, context))
    }

    /// The `Link` to the next page of a list (RFC 8288).
    func nextLink(_ path: String, _ request: Request) -> HTTPField {
        HTTPField(name: .link, value: "<\(urls.absolute(path, for: request))>; rel=\"next\"")
    }

    static func path(of session: SessionID) -> String { "/v1/sessions/\(session.text)" }

    static func path(of participant: ParticipantID, in room: RoomName) -> String {
        "/v1/rooms/\(room.text)/participants/\(participant.text)"
    }
}
