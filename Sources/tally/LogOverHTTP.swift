import AsyncHTTPClient
import LedgerStore
import NIOCore
import NIOHTTP1
import TransparencyLogs

/// A published log behind an HTTP prefix.
struct LogOverHTTP: LogSource {
    /// An answer that is neither the file nor that there is none.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// As long as one file may take, from a slow server too.
    private static let timeoutSeconds = 30 as Int64

    private let base: String
    private let client: HTTPClient

    init(base: String) {
        var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(Self.timeoutSeconds)))
        // Where nobody listens, nobody will in the next seconds.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
    }

    func read(_ resource: LogResource) async throws -> [UInt8]? {
        let url = "\(base)/\(resource.path)"
        let response = try await client.execute(
            HTTPClientRequest(url: url),
            timeout: .seconds(Self.timeoutSeconds)
        )
        let body = try await response.body.collect(upTo: LogFolder.longestFile)
        switch response.status.code {
        case 200: return Array(body.readableBytesView)
        case 404, 410: return nil
        default: throw Refusal(description: "\(url) answered \(response.status.code)")
        }
    }

    func shutDown() async { try? await client.shutdown() }
}
