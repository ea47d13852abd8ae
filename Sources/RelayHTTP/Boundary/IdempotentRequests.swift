import Crypto
import Hummingbird
import NIOCore
import Primitives
import RoomControl
import Synchronization

/// Answers a request that is sent again as it was answered before (draft-ietf-httpapi-idempotency-key-header).
package final class IdempotentRequests: Sendable {
    /// More than any UUID, ULID or hash in text.
    static let maximumKeyBytes = 255
    /// Marks an answer that was kept.
    static let replayed: HTTPFields = [.idempotencyReplayed: "true"]

    private let table = Mutex(IdempotencyTable())

    package init() {}

    var count: Int { table.withLock { $0.count } }

    /// Runs `perform` once for all requests of one sender, method and path that name the same key, and gives all
    /// of them its answer; without a key, runs it.
    ///
    /// Answers of 429 and from 500 on are not kept. 409 while the first is under way, 422 if the key stands for
    /// another request, 400 for what is no key. What only takes away `isRepeatable`: it is done again, since an
    /// answer that was kept may not be true any more.
    func answer(
        _ request: Request,
        principal: String,
        body: ByteBuffer,
        isRepeatable: Bool = false,
        _ perform: () async throws -> JSONAnswer
    ) async throws -> Response {
        guard let field = request.headers[.idempotencyKey] else { return try await perform().response }
        let name = IdempotencyTable.Name(
            principal: principal,
            route: "\(request.method.rawValue) \(request.uri.path)",
            key: try Self.key(field)
        )
        let fingerprint = Self.fingerprint(request, body)
        let admission = table.withLock { $0.begin(name, fingerprint: fingerprint, now: .now) }
        switch admission {
        case .first:
            break
        case .again where isRepeatable, .inFlight where isRepeatable:
            return try await perform().response
        case .again(let answer):
            var response = answer.response
            response.headers.append(contentsOf: Self.replayed)
            return response
        case .inFlight:
            throw RelayProblem(
                "idempotency-key-in-flight",
                status: 409,
                detail: "the request of this Idempotency-Key is being worked on; ask again",
                retryAfterSeconds: 1
            )
        case .reused:
            throw RelayProblem(
                "idempotency-key-reused",
                status: 422,
                detail: "the Idempotency-Key stands for another request; every request needs one of its own"
            )
        }
        do {
            let answer = try await perform()
            finish(name, answer)
            return answer.response
        } catch {
            switch error {
            case let refusal as RefusedRequest: finish(name, refusal.answer)
            case let problem as RelayProblem: finish(name, problem.answer())
            default: finish(name, nil)
            }
            throw error
        }
    }

    /// Forgets what has `participant` in it.
    func forget(_ participant: ParticipantID) { table.withLock { $0.forget(participant.text) } }

    private func finish(_ name: IdempotencyTable.Name, _ answer: JSONAnswer?) {
        let isFinal = answer.map { $0.status.code < 500 && $0.status != .tooManyRequests } ?? false
        table.withLock { $0.finish(name, isFinal ? answer : nil) }
    }

    /// A string of RFC 8941, without escapes; many clients leave its quotes out.
    private static func key(_ field: String) throws(RelayProblem) -> String {
        var text = field[...]
        if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") { text = text.dropFirst().dropLast() }
        guard (1...maximumKeyBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        else {
            throw RelayProblem(
                "malformed-idempotency-key",
                status: 400,
                detail: "an Idempotency-Key has 1 to \(maximumKeyBytes) printable characters, "
                    + "none of them a space, a quote or a backslash"
            )
        }
        return String(text)
    }

    /// What makes two requests the same beside their sender and path.
    private static func fingerprint(_ request: Request, _ body: ByteBuffer) -> [UInt8] {
        var hash = SHA256()
        // An empty If-Match names no epoch, and an absent one every epoch.
        for field in [request.uri.query ?? "", request.headers[.ifMatch].map { "=\($0)" } ?? ""] {
            // Length first, so that no two pairs of fields run together to the same bytes.
            hash.update(data: Array("\(field.utf8.count):\(field)".utf8))
        }
        hash.update(data: body.readableBytesView)
        return Array(hash.finalize())
    }
}

extension ParticipantActor {
    /// Who it is, over all tokens of theirs.
    var principal: String {
        switch self {
        case .participant(let token), .guardian(let token, _), .relayOperator(let token): token.principal
        }
    }
}

extension VerifiedToken {
    /// Who holds it: the same for the next token of the same person, so that a retry may come with a fresh one.
    var principal: String {
        switch access {
        case .publish(let token): "publish \(token.room.text) \(token.participant.text)"
        case .view(let token): "view \(token.room.text) \(token.audience)"
        case .guardian(let token):
            "guardian \(token.room.text) \(token.participant.text) \(token.guardian)"
        case .embed(let grant): "embed \(grant.room.text) \(grant.audience) \(id)"
        case .relayOperator(let token): "operator \(token.name)"
        }
    }
}
