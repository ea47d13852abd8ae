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
        try await admitReader(request, of: participant, in: room, .events)
        let seat = try eventStreams.seats.take(
            owner: "p \(room.text)/\(participant.text)",
            isViewer: false
        )
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
        try await admitReader(request, of: participant, in: room, .consents)
        let overview = try await service.consents(room, participant)
        return .json(overview, headers: [.eTag: "\"\(overview.epoch)\""])
    }

    @Sendable private func changeConsents(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        let requester = try await bearer.participantActor(of: request, room: room, participant: participant)
        let body = try await bodies.collect(request)
        // A body may come long after its head: who was erased meanwhile says nothing more.
        try await refuseErased(requester, participant)
        let isNarrowing = (try? bodies.json(in: body, of: request, as: ConsentChangesDocument.self))?
            .isNarrowing
        return try await idempotentRequests.answer(
            request,
            principal: requester.principal,
            body: body,
            isRepeatable: isNarrowing ?? false
        ) {
            let document = try bodies.json(in: body, of: request, as: ConsentChangesDocument.self)
            let (changes, actor) = try judge(document.changes, by: requester, request)
            let acknowledgement: ConsentAcknowledgement
            do {
                acknowledgement = try await service.changeConsents(
                    room,
                    participant,
                    changes,
                    by: actor,
                    sendsPrivacyControl: sendsPrivacyControl(request),
                    ifEpoch: epochs(in: request)
                )
            } catch let problem as RelayProblem {
                let isTelling = requester.isOperator && problem.code == "already-answered"
                throw isTelling ? RelayProblem.answeredAlready : problem
            }
            // The change stands whether or not the overview can be had. An operator reads it with a reason only.
            let overview = requester.isOperator ? nil : try? await service.consents(room, participant)
            return JSONAnswer(
                ConsentChangedDocument(
                    acknowledgement: acknowledgement,
                    overview: overview,
                    receipts: acknowledgement.statements.map { sequence in
                        receiptURL(sequence, of: participant, in: room, for: request)
                    }
                ),
                headers: [.eTag: "\"\(acknowledgement.epoch)\""]
            )
        }
    }

    /// A participant, or a child's guardian, gives and takes back; an operator may ask and take away, and what
    /// they take away is recorded as revoked.
    ///
    /// Nobody gives consent in someone else's place.
    private func judge(
        _ changes: [ConsentChange],
        by requester: ParticipantActor,
        _ request: Request
    ) throws(RelayProblem) -> ([ConsentChange], ConsentActor) {
        switch requester {
        case .participant:
            try refuse([.request, .revoke], in: changes, "those are the operator's")
            return (changes, participantActor(request))
        case .guardian(_, let name):
            try refuse([.request, .revoke], in: changes, "those are the operator's")
            return (changes, .guardian(name))
        case .relayOperator:
            try refuse([.grant, .refuse, .defer], in: changes, "those are the participant's own")
            let judged = changes.map { change in
                var change = change
                if change.choice == .withdraw { change.choice = .revoke }
                return change
            }
            return (judged, .operatorByAPI)
        }
    }

    private func refuse(
        _ choices: Set<ConsentChange.Choice>,
        in changes: [ConsentChange],
        _ reason: String
    ) throws(RelayProblem) {
        guard let change = changes.first(where: { choices.contains($0.choice) }) else { return }
        throw RelayProblem(
            "choice-not-yours",
            status: 403,
            detail: "\(change.choice.rawValue) is not for this token: \(reason)"
        )
    }

    /// Browsers set this field themselves, so that a page of ours is told from a program.
    func participantActor(_ request: Request) -> ConsentActor {
        request.headers[.secFetchSite] == "same-origin" ? .participantOnPage : .participantByAPI
    }

    /// Global Privacy Control, section 3.2: the field has the value 1 or says nothing.
    func sendsPrivacyControl(_ request: Request) -> Bool {
        request.headers[.secGPC] == "1"
    }

    /// `If-Match` is optional: a withdrawal must not fail because the page was out of date.
    ///
    /// Where it is sent, one of its tags must be the present epoch (RFC 9110 13.1.1); `nil` for any epoch, empty
    /// if no tag is one.
    func epochs(in request: Request) -> Set<UInt64>? {
        guard let condition = request.headers[.ifMatch], condition != "*" else { return nil }
        return Set(
            condition.split(separator: ",").compactMap { part in
                let tag = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
                guard tag.count > 2, tag.first == "\"", tag.last == "\"" else { return nil }
                let digits = String(tag.dropFirst().dropLast())
                // "+7" and "07" are other tags.
                return UInt64(digits).flatMap { String($0) == digits ? $0 : nil }
            }
        )
    }
}

extension RelayProblem {
    /// For an operator, who is told what the participant said only for a reason.
    fileprivate static let answeredAlready = RelayProblem(
        "already-answered",
        status: 409,
        detail: "the participant has answered; asking again would take that back"
    )
}
