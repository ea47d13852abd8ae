import ConsentReceipts
import Disclosures
import HTTPTypes
import Hummingbird
import Primitives
import RoomControl

extension RelayRoutes {
    private struct ReceiptList: Encodable {
        var receipts: [ReceiptEntry]
    }

    /// What a participant gets in hand of every statement, and the keys to check it with.
    func registerReceipts(on endpoints: Endpoints) {
        endpoints.add("/v1/receipts/keys", [.get: showReceiptKeys])
        endpoints.add("/v1/rooms/{room}/participants/{participant}/receipts", [.get: listReceipts])
        endpoints.add(
            "/v1/rooms/{room}/participants/{participant}/receipts/{sequence}",
            [.get: showReceipt]
        )
    }

    @Sendable private func showReceiptKeys(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: PublishedReceiptKeys.mediaType, .cacheControl: "public, max-age=300",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: receipts.keys.published.document))
        )
    }

    @Sendable private func listReceipts(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        try await admitReader(request, of: participant, in: room, .receipts)
        let page = try PageRequest(request)
        let statements = try await service.statements(
            of: participant,
            in: room,
            after: UInt64(try Self.number(page)),
            limit: page.limit + 1
        )
        let shown = statements.prefix(page.limit)
        var response = Response.json(
            ReceiptList(
                receipts: shown.map { event in
                    ReceiptEntry(
                        event: event,
                        url: receiptURL(event.sequence, of: participant, in: room, for: request)
                    )
                }
            )
        )
        if statements.count > page.limit, let last = shown.last {
            let query = page.query(after: String(last.sequence))
            let path = Self.path(of: participant, in: room) + "/receipts?\(query)"
            response.headers.append(nextLink(path, request))
        }
        return response
    }

    @Sendable private func showReceipt(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let (room, participant) = (try room(context), try participant(context))
        try await admitReader(request, of: participant, in: room, .receipts)
        let form = try receiptForm(request)
        let digits = context.parameters.get("sequence") ?? ""
        // "+7" and "07" name no other receipt.
        guard let sequence = UInt64(digits), String(sequence) == digits,
            let recorded = try await service.recordedStatement(at: sequence, of: participant, in: room)
        else {
            throw RelayProblem(
                "unknown-receipt",
                status: 404,
                detail: "nothing that this participant said is at this place of the room's log"
            )
        }
        let receipt = receipts.receipt(of: recorded) { urls.absolute($0, for: request) }
        let name = "\(room.text)-\(sequence).\(form.fileExtension)"
        return Response(
            status: .ok,
            headers: [
                .contentType: form.mediaType, .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try receipts.keys.sign(receipt, as: form)))
        )
    }

    /// The form that the query asks for: the record itself if it asks for none.
    private func receiptForm(_ request: Request) throws(RelayProblem) -> ReceiptForm {
        guard let text = request.uri.queryParameters["form"] else { return .record }
        guard let form = ReceiptForm(rawValue: String(text)) else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "form: " + known(ReceiptForm.self)
            )
        }
        return form
    }

    /// Where the receipt of a statement is.
    func receiptURL(
        _ sequence: UInt64,
        of participant: ParticipantID,
        in room: RoomName,
        for request: Request
    ) -> String {
        urls.absolute(RecordedStatement.receiptPath(sequence, of: participant, in: room), for: request)
    }
}

/// One receipt as the list names it.
private struct ReceiptEntry: Encodable {
    let event: ConsentEvent
    let url: String

    private enum CodingKeys: String, CodingKey {
        case sequence
        case time
        case purpose
        case recipientClass = "recipient_class"
        case recipient
        case state
        case url
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(event.sequence, forKey: .sequence)
        try container.encode(event.time.rfc3339, forKey: .time)
        try container.encode(url, forKey: .url)
        guard let statement = event.statement else { return }
        try container.encode(statement.purpose.rawValue, forKey: .purpose)
        try container.encode(statement.recipientClass.rawValue, forKey: .recipientClass)
        try container.encodeIfPresent(statement.recipient, forKey: .recipient)
        try container.encode(statement.state.rawValue, forKey: .state)
    }
}
