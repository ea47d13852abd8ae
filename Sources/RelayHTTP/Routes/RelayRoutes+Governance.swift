import Disclosures
import HTTPTypes
import Hummingbird
import Primitives
import RoomControl

extension RelayRoutes {
    private struct Acknowledged: Encodable {
        let acknowledgement: ConsentAcknowledgement

        private enum CodingKeys: String, CodingKey {
            case effectiveAt = "effective_at"
            case epoch
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(acknowledgement.effectiveAt.rfc3339, forKey: .effectiveAt)
            try container.encode(acknowledgement.epoch, forKey: .epoch)
        }
    }

    private struct NoticeList: Encodable {
        var controller: String?
        var notices: [NoticeSummary]
    }

    private struct EndedRooms: Encodable {
        struct Room: Encodable {
            var room: String
            var effectiveAt: String
            var epoch: UInt64

            private enum CodingKeys: String, CodingKey {
                case room
                case effectiveAt = "effective_at"
                case epoch
            }
        }

        let count: Int
        /// `nil` for an operator: in which rooms somebody is, is theirs.
        let rooms: [Room]?
    }

    private struct History: Encodable {
        var events: [HistoryEntry]
    }

    /// What operators set, what participants may read of it, and the end of every grant in one call.
    func registerGovernance(on endpoints: Endpoints) {
        endpoints.add("/v1/rooms/{room}/rules", [.get: showRules, .put: setRules])
        endpoints.add("/v1/rooms/{room}/controller", [.put: setController])
        endpoints.add("/v1/rooms/{room}/notices", [.get: listNotices, .post: publishNotice])
        endpoints.add("/v1/notices/{sha256}", [.get: showNotice])
        endpoints.add(
            "/v1/rooms/{room}/participants/{participant}/status",
            [.get: showStatus, .put: setStatus]
        )
        endpoints.add("/v1/rooms/{room}/participants/{participant}/holds/{id}", [.put: setHold])
        endpoints.add("/v1/rooms/{room}/participants/{participant}/demands/{id}", [.put: setDemand])
        endpoints.add("/v1/rooms/{room}/participants/{participant}/history", [.get: showHistory])
        endpoints.add("/v1/participants/{participant}/consents", [.delete: endEveryGrant])
    }

    // MARK: Rooms

    @Sendable private func showRules(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let room = try room(context)
        try await bearer.requireRoom(request, room)
        let governed = try await service.governance(of: room)
        return .json(RulesDocument(governed.rules), headers: [.eTag: "\"\(governed.epoch)\""])
    }

    @Sendable private func setRules(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        try await govern(request, context) { (document: RulesDocument) in .rules(document.rules) }
    }

    @Sendable private func setController(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        try await govern(request, context) { (document: ControllerDocument) in
            .controller(document.change)
        }
    }

    @Sendable private func listNotices(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let room = try room(context)
        try await bearer.requireRoom(request, room)
        let governed = try await service.governance(of: room)
        return .json(
            NoticeList(
                controller: governed.controller,
                notices: governed.notices.map {
                    NoticeSummary(notice: $0, inForce: governed.inForce[$0] ?? [])
                }
            ),
            headers: [.eTag: "\"\(governed.epoch)\""]
        )
    }

    @Sendable private func publishNotice(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let principal = try await bearer.requireOperator(request).principal
        let room = try room(context)
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: principal, body: body) {
            let publication = try bodies.json(in: body, of: request, as: NoticeDocument.self).publication
            let acknowledgement = try await service.publish(publication, in: room)
            let path = "/v1/notices/\(publication.sha256)"
            return JSONAnswer(
                Acknowledged(acknowledgement: acknowledgement),
                status: .created,
                headers: [
                    .eTag: "\"\(acknowledgement.epoch)\"", .location: urls.absolute(path, for: request),
                ]
            )
        }
    }

    /// A notice is a public document: its address is the digest of its words.
    @Sendable private func showNotice(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let digest = context.parameters.get("sha256") ?? ""
        guard digest.utf8.count == 64, let notice = try await service.noticeText(sha256: digest) else {
            throw RelayProblem(
                "unknown-notice",
                status: 404,
                detail: "there is no notice of that SHA-256; it is 64 lowercase hexadecimal digits"
            )
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/plain; charset=utf-8", .contentLanguage: notice.language,
                .cacheControl: "public, max-age=31536000, immutable",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: notice.text))
        )
    }

    // MARK: Participants

    @Sendable private func showStatus(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let (room, participant) = (try room(context), try participant(context))
        try await admitReader(request, of: participant, in: room, .status)
        let governed = try await service.governance(of: participant, in: room)
        return .json(
            GovernedParticipantDocument(governed: governed),
            headers: [.eTag: "\"\(governed.epoch)\""]
        )
    }

    @Sendable private func setStatus(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let participant = try participant(context)
        return try await govern(request, context) { (document: StatusDocument) in
            .principal(
                PrincipalStatus(
                    participant: participant,
                    principalClass: document.principalClass,
                    ageBand: document.ageBand,
                    guardian: document.guardian,
                    isDeactivated: document.isDeactivated
                )
            )
        }
    }

    @Sendable private func setHold(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let (participant, id) = (try participant(context), try fileNumber(context))
        return try await govern(request, context) { (document: HoldDocument) in
            .hold(
                ProcessingHold(
                    id: id,
                    participant: participant,
                    purposes: document.purposes,
                    stream: document.stream,
                    reason: document.reason,
                    isLifted: document.isLifted
                )
            )
        }
    }

    @Sendable private func setDemand(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let (participant, id) = (try participant(context), try fileNumber(context))
        return try await govern(request, context) { (document: DemandDocument) in
            .demand(
                LegalDemand(
                    id: id,
                    participant: participant,
                    authority: document.authority,
                    basis: document.basis,
                    purposes: document.purposes,
                    media: document.media,
                    stream: document.stream,
                    validity: document.validity,
                    approvals: document.approvals,
                    isLifted: document.isLifted
                )
            )
        }
    }

    @Sendable private func showHistory(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let (room, participant) = (try room(context), try participant(context))
        try await admitReader(request, of: participant, in: room, .history)
        let page = try HistoryPage(request)
        let events = try await service.history(
            of: participant,
            in: room,
            after: page.after,
            limit: page.limit + 1
        )
        var response = Response.json(
            History(events: events.prefix(page.limit).map { HistoryEntry(event: $0) })
        )
        if events.count > page.limit, let last = events.prefix(page.limit).last {
            let path = Self.path(of: participant, in: room) + "/history"
            let next = urls.absolute("\(path)?limit=\(page.limit)&after=\(last.sequence)", for: request)
            response.headers.append(HTTPField(name: .link, value: "<\(next)>; rel=\"next\""))
        }
        return response
    }

    @Sendable private func endEveryGrant(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws
        -> Response
    {
        let participant = try participant(context)
        let requester = try await bearer.participantActor(of: request, participant: participant)
        try await refuseErased(requester, participant)
        let actor: ConsentActor =
            switch requester {
            case .participant: participantActor(request)
            case .guardian(_, let name): .guardian(name)
            case .relayOperator: .operatorByAPI
            }
        let ended = try await service.endEveryGrant(of: participant, by: actor, including: requester.room)
        return .json(
            EndedRooms(
                count: ended.count,
                rooms: requester.isOperator
                    ? nil
                    : ended.map { room in
                        EndedRooms.Room(
                            room: room.room.text,
                            effectiveAt: room.acknowledgement.effectiveAt.rfc3339,
                            epoch: room.acknowledgement.epoch
                        )
                    }
            )
        )
    }

    // MARK: Shared

    /// Records what an operator sets.
    private func govern<Document: Decodable>(
        _ request: Request,
        _ context: RelayRequestContext,
        _ content: (Document) throws -> ConsentEvent.Content
    ) async throws -> Response {
        let principal = try await bearer.requireOperator(request).principal
        let room = try room(context)
        let body = try await bodies.collect(request)
        let asked = try? content(try bodies.json(in: body, of: request, as: Document.self))
        return try await idempotentRequests.answer(
            request,
            principal: principal,
            body: body,
            isRepeatable: asked?.isNarrowing ?? false
        ) {
            let document = try bodies.json(in: body, of: request, as: Document.self)
            let acknowledgement = try await service.govern(
                room,
                by: try content(document),
                ifEpoch: epochs(in: request)
            )
            return JSONAnswer(
                Acknowledged(acknowledgement: acknowledgement),
                headers: [.eTag: "\"\(acknowledgement.epoch)\""]
            )
        }
    }

    /// The file number in the path.
    private func fileNumber(_ context: RelayRequestContext) throws(RelayProblem) -> String {
        guard let id = context.parameters.get("id"), let name = RoomName(id) else {
            throw RelayProblem(
                "unknown-resource",
                status: 404,
                detail: "a file number is 1 to 64 characters of a-z A-Z 0-9 - _ . "
                    + "and starts with a letter or digit"
            )
        }
        return name.text
    }
}

extension ConsentEvent.Content {
    /// Whether it takes away and nothing else, whatever stood there before.
    fileprivate var isNarrowing: Bool {
        switch self {
        case .hold(let hold): !hold.isLifted
        case .demand(let demand): demand.isLifted
        case .principal(let status): status.isDeactivated
        case .statement, .notice, .rules, .controller, .erased: false
        }
    }
}

/// Which part of a history is asked for.
private struct HistoryPage {
    static let largest = 1_000

    let after: UInt64
    let limit: Int

    init(_ request: Request) throws(RelayProblem) {
        let parameters = request.uri.queryParameters
        let after = parameters["after"].map { UInt64($0) } ?? 0
        let limit = parameters["limit"].map { Int($0) } ?? 100
        // Sequence numbers are kept as signed ones.
        guard let after, after <= Int64.max, let limit, (1...Self.largest).contains(limit) else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "after is a sequence number and limit is 1 to \(Self.largest)"
            )
        }
        self.after = after
        self.limit = limit
    }
}
