import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Partners
import Primitives
import ServiceLifecycle
import SessionDescriptions
import Synchronization
import Testing

/// A server that takes WHIP and acknowledges webhooks, on loopback, and does as it is told.
final class WHIPServer: Sendable {
    struct Received: Sendable {
        let method: String
        let path: String
        let authorization: String?
        let body: String
    }

    enum Behaviour: Sendable {
        /// Makes a session; with the extension that carries the state of consents, or without.
        case accept(carriesConsent: Bool = true)
        /// Makes a session of the sound alone.
        case declineVideo
        case status(Int, retryAfter: String? = nil)
        case redirect(Int, to: String)
        case answer(String, type: String = "application/sdp", location: String? = "/sessions/x")
        case hang
    }

    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private let requests = Mutex<[Received]>([])
    private let behaviours = Mutex<[String: Behaviour]>([:])
    private let acknowledges = Mutex(true)
    private let port = Mutex(0)
    private let ending: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    private init() { (ending, end) = AsyncStream.makeStream() }

    var received: [Received] { requests.withLock { $0 } }
    var offers: [String] { received.filter { $0.method == "POST" && $0.path != "/hook" }.map(\.body) }
    var deletions: [String] { received.filter { $0.method == "DELETE" }.map(\.path) }

    /// What the destination was told, by the documents' `data`.
    var words: [[String: Any]] {
        received.filter { $0.path == "/hook" }.compactMap { request in
            let document = try? JSONSerialization.jsonObject(with: Data(request.body.utf8))
            return (document as? [String: Any])?["data"] as? [String: Any]
        }
    }

    func url(_ path: String = "/whip") throws -> ServerURL {
        try #require(ServerURL("http://127.0.0.1:\(port.withLock { $0 })\(path)"))
    }

    func behave(_ behaviour: Behaviour, at path: String = "/whip") {
        behaviours.withLock { $0[path] = behaviour }
    }

    func acknowledge(_ whether: Bool) { acknowledges.withLock { $0 = whether } }

    /// Runs a server for as long as `body` runs.
    static func run<Value: Sendable>(
        _ body: (WHIPServer) async throws -> Value
    ) async throws -> Value {
        let server = WHIPServer()
        let router = Router()
        for path in ["whip", "elsewhere", "hook"] as [RouterPath] {
            router.post(path) { request, _ in try await server.answer(request) }
        }
        router.delete("sessions/{session}") { request, _ in try await server.answer(request) }
        let (running, run) = AsyncStream<Void>.makeStream()
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                server.port.withLock { $0 = channel.localAddress?.port ?? 0 }
                run.finish()
            },
            logger: Logger(label: "whip") { _ in SwiftLogNoOpLogHandler() }
        )
        let services = ServiceGroup(
            configuration: .init(services: [application], logger: application.logger)
        )
        let serving = Task { try await services.run() }
        for await _ in running {}
        let result: Result<Value, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        server.end.finish()
        await services.triggerGracefulShutdown()
        try await serving.value
        return try result.get()
    }

    private func answer(_ request: Request) async throws -> Response {
        let body = String(buffer: try await request.body.collect(upTo: 1 << 20))
        let path = request.uri.path
        let number = requests.withLock { all in
            all.append(
                Received(
                    method: request.method.rawValue,
                    path: path,
                    authorization: request.headers[.authorization],
                    body: body
                )
            )
            return all.count
        }
        if request.method == .delete { return Response(status: .ok) }
        if path == "/hook" {
            guard acknowledges.withLock({ $0 }) else {
                for await _ in ending {}
                return Response(status: .ok)
            }
            return Response(status: .noContent)
        }
        switch behaviours.withLock({ $0[path] ?? .accept() }) {
        case .accept(let carriesConsent):
            return try accept(body, number, carriesConsent)
        case .declineVideo:
            return try accept(body, number, true, videoPort: 0)
        case .status(let code, let retryAfter):
            var headers: HTTPFields = [:]
            headers[.retryAfter] = retryAfter
            return Response(status: .init(code: code), headers: headers)
        case .redirect(let code, let target):
            return Response(status: .init(code: code), headers: [.location: target])
        case .answer(let text, let type, let location):
            var headers: HTTPFields = [.contentType: type]
            headers[.location] = location
            return Response(
                status: .created,
                headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(string: text))
            )
        case .hang:
            for await _ in ending {}
            return Response(status: .ok)
        }
    }

    private func accept(
        _ offer: String,
        _ number: Int,
        _ carriesConsent: Bool,
        videoPort: Int = 9
    ) throws -> Response {
        var capabilities = MediaCapabilities()
        if carriesConsent { capabilities.extensions.insert(HeaderExtensionURI.consentState) }
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 9))
        let outcome = try OfferAnswer.answerPublisher(
            SessionDescription(parsing: offer),
            local: LocalTransport(
                iceUfrag: "serv",
                icePassword: String(repeating: "p", count: 24),
                fingerprintSHA256: [UInt8](repeating: 7, count: 32),
                candidates: [ICECandidate(host: address)],
                cname: "server",
                originID: 1
            ),
            capabilities: capabilities
        )
        return Response(
            status: .created,
            headers: [
                .contentType: "application/sdp", .location: "sessions/\(number)", .eTag: "\"1\"",
            ],
            body: ResponseBody(
                byteBuffer: ByteBuffer(
                    string: outcome.answer.text.replacing("m=video 9 ", with: "m=video \(videoPort) ")
                )
            )
        )
    }
}
