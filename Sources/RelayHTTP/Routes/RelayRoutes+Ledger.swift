import HTTPTypes
import Hummingbird
import LedgerStore
import Primitives
import RoomControl
import TransparencyLogs

extension RelayRoutes {
    private static let logPrefix = "/v1/ledger/log/"

    /// The published disclosure ledger, for everybody (C2SP tlog-tiles), and how it does, for the operator.
    func registerLedger(on endpoints: Endpoints) {
        endpoints.add("/v1/ledger", [.get: showLedger])
        endpoints.add("/v1/ledger/log/checkpoint", [.get: { _, _ in try await file(.checkpoint) }])
        // Under the name that the folder of the log has for it, where verifiers look, and under a plain one.
        endpoints.add("/v1/ledger/log/verifier-key", [.get: showLedgerKey])
        endpoints.add("/v1/ledger/log/key", [.get: showLedgerKey])
        endpoints.add("/v1/ledger/log/tile/**", [.get: showTile])
    }

    @Sendable private func showLedger(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        return .json(LedgerDocument(key: service.ledgerKey, health: try await service.ledgerHealth()))
    }

    @Sendable private func showLedgerKey(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        Self.text(Array((service.ledgerKey.text + "\n").utf8), cacheControl: "public, max-age=300")
    }

    @Sendable private func showTile(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        // As it was sent: the router passes over empty parts, and a file has one spelling.
        let path = request.uri.path
        guard path.hasPrefix(Self.logPrefix),
            let resource = LogResource(path: String(path.dropFirst(Self.logPrefix.count)))
        else { throw Self.noFile }
        return try await file(resource)
    }

    private func file(_ resource: LogResource) async throws -> Response {
        guard let bytes = try await service.ledgerFile(resource) else { throw Self.noFile }
        guard resource.isMutable else {
            return Response(
                status: .ok,
                headers: [
                    .contentType: "application/octet-stream",
                    .cacheControl: "public, max-age=31536000, immutable",
                ],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
            )
        }
        // A kept checkpoint would hide what the log has grown by.
        return Self.text(bytes, cacheControl: "no-store")
    }

    private static func text(_ bytes: [UInt8], cacheControl: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: cacheControl],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    private static let noFile = RelayProblem(
        "unknown-ledger-file",
        status: 404,
        detail: "the published ledger has no such file: begin with its checkpoint (C2SP tlog-tiles)"
    )
}

/// The ledger as the operator sees it.
private struct LedgerDocument: Encodable {
    let key: VerifierKey
    let health: LedgerHealth

    private enum CodingKeys: String, CodingKey {
        case origin
        case key
        case leaves
        case published
        case openIntervals = "open_intervals"
        case interruptedIntervals = "interrupted_intervals"
        case publicationFailures = "publication_failures"
        case failure
    }

    private struct Published: Encodable {
        var size: UInt64
        var root: String
        var time: String?
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(key.name.text, forKey: .origin)
        try container.encode(key.text, forKey: .key)
        try container.encode(health.leaves, forKey: .leaves)
        let published = health.published.map { published in
            Published(size: published.size, root: published.root, time: published.time?.rfc3339)
        }
        try container.encodeIfPresent(published, forKey: .published)
        try container.encode(health.openIntervals, forKey: .openIntervals)
        try container.encode(health.interruptedIntervals, forKey: .interruptedIntervals)
        try container.encode(health.publicationFailures, forKey: .publicationFailures)
        try container.encodeIfPresent(health.failure, forKey: .failure)
    }
}
