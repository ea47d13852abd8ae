import Hummingbird
import Primitives
import RoomControl

extension RelayRoutes {
    /// A participant's events and consents.
    func registerParticipants(on endpoints: Endpoints) {
        endpoints.add(
            "/v1/rooms/{room}/participants/{participant}/events",
            answersHead: false,
            [.get: followParticipant]
        )
        endpoints.add(
            "/v1/rooms/{room}/participants/{participant}/consents",
            [.get: showConsents, .put: changeConsents]
        )
    }

    @Sendable private func followParticipant(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        _ = try await bearer.participantActor(of: request, room: room, participant: participant)
        let seat = try eventStreams.seats.take(owner: "p \(room.text)/\(participant.text)")
        let events = try await service.participantEvents(
            room,
            participant,
            after: EventStreams.lastEvent(of: request)
        )
        return eventStreams.response(events: events, names: nil, seat: seat, over: context.channel)
    }

    @Sendable private func showConsents(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        _ = try await bearer.participantActor(of: request, room: room, participant: participant)
        let overview = try await service.consents(room, participant)
        return .json(overview, headers: [.eTag: "\"\(overview.epoch)\""])
    }

    @Sendable private func changeConsents(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        let requester = try await bearer.participantActor(of: request, room: room, participant: participant)
        let document = try await bodies.json(of: request, as: ConsentChangesDocument.self)
        let (changes, actor) = try judge(document.changes, by: requester, request)
        try await requireEpoch(request, room, participant)
        let acknowledgement = try await service.changeConsents(room, participant, changes, by: actor)
        // The change stands whether or not the overview can be had.
        let overview = try? await service.consents(room, participant)
        return .json(
            ConsentChangedDocument(acknowledgement: acknowledgement, overview: overview),
            headers: [.eTag: "\"\(acknowledgement.epoch)\""]
        )
    }

    /// A participant decides everything but `revoke`; an operator may only take away, and what they take away
    /// is recorded as revoked.
    ///
    /// Nobody gives consent in someone else's place.
    private func judge(
        _ changes: [ConsentChange],
        by requester: ParticipantActor,
        _ request: Request
    ) throws(RelayProblem) -> ([ConsentChange], ConsentActor) {
        switch requester {
        case .participant:
            guard changes.allSatisfy({ $0.choice != .revoke }) else {
                throw RelayProblem(
                    "choice-not-yours",
                    status: 403,
                    detail: "revoke is the operator's; a participant takes consent back with withdraw"
                )
            }
            // Browsers set this field themselves, so that a page of ours is told from a program.
            let onPage = request.headers[.secFetchSite] == "same-origin"
            return (changes, onPage ? .participantOnPage : .participantByAPI)
        case .relayOperator:
            guard changes.allSatisfy({ $0.choice == .revoke || $0.choice == .withdraw }) else {
                throw RelayProblem(
                    "choice-not-yours",
                    status: 403,
                    detail: "an operator can revoke consent but not give or refuse it for a participant"
                )
            }
            let revocations = changes.map { change in
                var change = change
                change.choice = .revoke
                return change
            }
            return (revocations, .operatorByAPI)
        }
    }

    /// `If-Match` is optional: a withdrawal must not fail because the page was out of date.
    ///
    /// Where it is sent, it must be the current epoch (RFC 9110 13.1.1), else 412.
    private func requireEpoch(
        _ request: Request,
        _ room: RoomName,
        _ participant: ParticipantID
    ) async throws {
        guard let condition = request.headers[.ifMatch], condition != "*" else { return }
        let epoch = try await service.consents(room, participant).epoch
        let tags = condition.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }
        guard tags.contains("\"\(epoch)\"") else {
            throw RelayProblem(
                "precondition-failed",
                status: 412,
                detail: "the consents are at epoch \(epoch), not at the one in If-Match; read them again"
            )
        }
    }
}
