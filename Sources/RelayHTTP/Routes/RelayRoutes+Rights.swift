import ConsentReceipts
import Hummingbird
import NIOCore
import Primitives
import RoomControl

extension RelayRoutes {
    /// What participants may ask of the relay about themselves, and operators for them.
    func registerRights(on endpoints: Endpoints) {
        endpoints.add("/v1/participants/{participant}/disclosures", [.get: listDisclosures])
        endpoints.add("/v1/participants/{participant}/export", [.get: export])
        endpoints.add(
            "/v1/participants/{participant}/erasure",
            [.get: showErasure, .post: requestErasure]
        )
        endpoints.add(
            "/v1/breaches/query",
            accepts: [.acceptPost: "application/json"],
            [.post: queryBreach]
        )
        endpoints.add("/v1/statistics", [.get: showStatistics])
    }

    // MARK: Access

    @Sendable private func listDisclosures(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let participant = try participant(context)
        let page = try PageRequest(request)
        let proofs = try Self.flag("proofs", of: request)
        try await admitReader(request, of: participant, .accounting)
        let found = try await service.disclosures(
            of: participant,
            proofs: proofs,
            after: try Self.number(page),
            limit: page.limit
        )
        var response = JSONAnswer(json: found.json).response
        if let next = found.next {
            let path = "/v1/participants/\(participant.text)/disclosures"
            let proofs = proofs ? "&proofs=true" : ""
            response.headers.append(
                nextLink("\(path)?\(page.query(after: String(next)))\(proofs)", request)
            )
        }
        return response
    }

    @Sendable private func export(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let participant = try participant(context)
        try await admitReader(request, of: participant, .export)
        let source = try await service.export(of: participant)
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/x-tar", .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"\(participant.text).tar\"",
            ],
            body: ResponseBody { writer in
                // A failure ends the connection before the archive's end, which readers of archives notice.
                var statements = NewestStatements()
                while let record = try await source.next() {
                    statements.take(record)
                    let file = ExportDocuments.file(record)
                    try await writer.write(ByteBuffer(bytes: TarArchive.entry(file)))
                }
                for (room, sequence) in statements.places {
                    guard let file = try await receipt(of: participant, in: room, at: sequence, request)
                    else { continue }
                    try await writer.write(ByteBuffer(bytes: TarArchive.entry(file)))
                }
                try await writer.write(ByteBuffer(bytes: TarArchive.end))
                try await writer.finish(nil)
            }
        )
    }

    /// The receipt of one statement, as a file of the archive.
    private func receipt(
        of participant: ParticipantID,
        in room: RoomName,
        at sequence: UInt64,
        _ request: Request
    ) async throws -> ExportedFile? {
        guard
            let recorded = try await service.recordedStatement(at: sequence, of: participant, in: room)
        else { return nil }
        let receipt = receipts.receipt(of: recorded) { urls.absolute($0, for: request) }
        return ExportedFile(
            path: "rooms/\(room.text)/receipts/\(sequence).\(ReceiptForm.record.fileExtension)",
            bytes: Array(try receipts.keys.sign(receipt, as: .record))
        )
    }

    // MARK: Erasure

    @Sendable private func requestErasure(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let participant = try participant(context)
        let requester = try await bearer.participantActor(of: request, participant: participant)
        let body = try await bodies.collect(request)
        return try await idempotentRequests.answer(request, principal: requester.principal, body: body) {
            switch requester {
            case .participant(let token), .guardian(let token, _):
                // Somebody new has the identifier: they are not who this token was given to.
                let standing = try await service.standing(of: participant)
                if standing.isKnown, let erasedAt = standing.erasedAt, token.wasIssued(before: erasedAt) {
                    throw RelayProblem.erased
                }
            case .relayOperator: break
            }
            let answer = try await service.requestErasure(of: participant, byOperator: requester.isOperator)
            let path = "/v1/participants/\(participant.text)/erasure"
            return JSONAnswer(
                json: answer.json,
                status: answer.isDone ? .ok : .accepted,
                headers: [.location: urls.absolute(path, for: request)]
            )
        }
    }

    @Sendable private func showErasure(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let participant = try participant(context)
        let requester = try await bearer.participantActor(of: request, participant: participant)
        let found = try await service.erasure(of: participant)
        if case .relayOperator(let token) = requester {
            // Who is not waiting to be erased is not named: the ledger may have their name no more.
            try await note(token, request, .erasure, found?.isDone == false ? participant : nil)
        }
        guard let answer = found else { throw RelayProblem.noErasure }
        switch requester {
        case .participant(let token), .guardian(let token, _):
            let standing = try await service.standing(of: participant)
            let isEarlier = standing.erasedAt.map { token.wasIssued(before: $0) } ?? false
            // A certificate is for who was erased; somebody new asks for their own erasure and sees that.
            if answer.isDone, !isEarlier { throw RelayProblem.noErasure }
            if !answer.isDone, isEarlier { throw RelayProblem.erased }
        case .relayOperator: break
        }
        return JSONAnswer(json: answer.json).response
    }

    // MARK: For operators

    /// Changes nothing, so that an Idempotency-Key means nothing: every look is in the ledger.
    @Sendable private func queryBreach(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let token = try await bearer.requireOperator(request)
        let page = try PageRequest(request)
        let offset = Int(clamping: try Self.number(page))
        let document = try await bodies.json(of: request, as: BreachQueryDocument.self)
        let question = try document.question
        try await note(token, request, .breach, nil)
        let found = try await service.breach(question, offset: offset, limit: page.limit)
        var response = JSONAnswer(json: found.json).response
        if let next = found.next {
            response.headers.append(
                nextLink("/v1/breaches/query?\(page.query(after: String(next)))", request)
            )
        }
        return response
    }

    /// Tells of nobody: whole months that are over, the same at every time, and only lines about as many people as the
    /// threshold says.
    @Sendable private func showStatistics(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        guard let month = request.uri.queryParameters["period"].flatMap({ CalendarMonth(String($0)) }) else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "period is a month (UTC) of the form 2026-01"
            )
        }
        let json = try await service.statistics(
            of: month,
            crowd: configuration.statistics.threshold
        )
        return JSONAnswer(json: json).response
    }

    // MARK: Queries

    /// The number that a cursor holds; 0 for the first page.
    static func number(_ page: PageRequest) throws(RelayProblem) -> Int64 {
        guard let key = page.after else { return 0 }
        guard let number = Int64(key), number >= 0 else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "the cursor is none that a Link of this list named"
            )
        }
        return number
    }

    private static func flag(_ name: Substring, of request: Request) throws(RelayProblem) -> Bool {
        switch request.uri.queryParameters[name] {
        case nil, "false": return false
        case "true": return true
        default:
            throw RelayProblem("malformed-query", status: 400, detail: "\(name) is true or false")
        }
    }
}
