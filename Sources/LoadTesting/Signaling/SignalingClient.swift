import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// What a server answered.
package struct SignalingResponse: Sendable {
    package var status: Int
    package var body: String
    /// The fields of the answer, names in lower case, in order.
    package var fields: [(name: String, value: String)]

    /// The first field called `name` (lower case).
    package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Seconds of `Retry-After`, where it is a number.
    package var retryAfterSeconds: Int? { field("retry-after").flatMap { Int($0) } }

    /// What went wrong, from a problem document (RFC 9457) or the body as it is.
    package var detail: String {
        struct Problem: Decodable {
            var detail: String?
            var title: String?
        }
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(body.utf8))
        return problem?.detail ?? problem?.title ?? String(body.prefix(200))
    }

    /// The refusal that this answer is.
    package var refusal: SignalingError {
        .refused(status: status, detail: detail, retryAfterSeconds: retryAfterSeconds)
    }
}

/// HTTP toward WHIP and WHEP servers and the relay's API.
package final class SignalingClient: Sendable {
    /// As long as OBS waits; a server that takes longer loses broadcasters.
    static let timeoutSeconds: Int64 = 8
    /// The longest answer read: an SDP of 32 sections has 60 KB, metrics some more.
    static let maximumBodyBytes = 4 << 20

    let client: HTTPClient

    /// `acceptsAnyCertificate` is for tests with certificates of their own.
    ///
    /// `connections` to one server are made at a time, which a relay under load is asked over from many tasks.
    package init(acceptsAnyCertificate: Bool = false, connections: Int = 16) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        var tls = TLSConfiguration.makeClientConfiguration()
        if acceptsAnyCertificate { tls.certificateVerification = .none }
        configuration.tlsConfiguration = tls
        configuration.connectionPool.idleTimeout = .seconds(10)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes all connections; the client cannot be used after it.
    package func shutDown() async {
        try? await client.shutdown()
    }

    /// Makes a request and reads the whole answer, following 307 and 308 (RFC 9725 4.5).
    ///
    /// Throws `SignalingError.unreachable`; whatever status comes is an answer.
    package func request(
        _ method: String,
        _ url: String,
        token: String? = nil,
        type: String? = nil,
        body: String? = nil,
        fields: [(name: String, value: String)] = []
    ) async throws(SignalingError) -> SignalingResponse {
        var url = url
        for _ in 0..<4 {
            let response = try await requestOnce(
                method,
                url,
                token: token,
                type: type,
                body: body,
                fields: fields
            )
            guard response.status == 307 || response.status == 308, let target = response.field("location")
            else { return response }
            url = try Self.resolve(target, against: url)
        }
        throw .unusableAnswer("too many redirections")
    }

    private func requestOnce(
        _ method: String,
        _ url: String,
        token: String?,
        type: String?,
        body: String?,
        fields: [(name: String, value: String)]
    ) async throws(SignalingError) -> SignalingResponse {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let type { request.headers.add(name: "Content-Type", value: type) }
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(Array(body.utf8)) }
        do {
            let response = try await client.execute(request, timeout: .seconds(Self.timeoutSeconds))
            let bytes = try await response.body.collect(upTo: Self.maximumBodyBytes)
            return SignalingResponse(
                status: Int(response.status.code),
                body: String(buffer: bytes),
                fields: response.headers.map { ($0.name.lowercased(), $0.value) }
            )
        } catch {
            throw .unreachable("\(method) \(url): \(error)")
        }
    }

    /// A URL as a server writes it, absolute or relative to the one that was asked.
    package static func resolve(_ target: String, against base: String) throws(SignalingError) -> String {
        guard let base = URL(string: base), let url = URL(string: target, relativeTo: base)?.absoluteURL,
            url.scheme == "http" || url.scheme == "https"
        else { throw .malformedURL(target) }
        return url.absoluteString
    }
}
