import Foundation
import HTTPTypes
import Hummingbird
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import Webhooks

/// A receiver of webhooks on loopback: a real server that answers as it is told.
final class Receiver: Sendable {
    struct Received: Sendable {
        let path: String
        let id: String
        let timestamp: Int64
        let signatures: [String]
        let contentType: String?
        let body: [UInt8]
    }

    enum Behaviour: Sendable {
        case status(Int, retryAfter: String? = nil, location: String? = nil)
        /// Takes the request and never answers.
        case hang
        /// More of an answer than anybody wants.
        case flood
    }

    private let state = Mutex<[Received]>([])
    private let behaviour: @Sendable (_ count: Int) -> Behaviour
    private let port: Mutex<Int> = Mutex(0)
    /// Ends when the receiver is to end, and with it the wait of requests that hang.
    private let ending: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    private init(_ behaviour: @escaping @Sendable (_ count: Int) -> Behaviour) {
        self.behaviour = behaviour
        (ending, end) = AsyncStream.makeStream()
    }

    var received: [Received] { state.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port.withLock { $0 })/hook" }

    /// Runs a receiver for as long as `body` runs; `behaviour` is told how many requests came before.
    static func run<Value: Sendable>(
        _ behaviour: @escaping @Sendable (_ count: Int) -> Behaviour,
        while body: @Sendable (Receiver) async throws -> Value
    ) async throws -> Value {
        let receiver = Receiver(behaviour)
        let router = Router()
        for path in ["hook", "elsewhere"] as [RouterPath] {
            router.post(path) { request, _ in try await receiver.answer(request) }
        }
        let (running, run) = AsyncStream<Void>.makeStream()
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                receiver.port.withLock { $0 = channel.localAddress?.port ?? 0 }
                run.finish()
            },
            logger: Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() }
        )
        let services = ServiceGroup(
            configuration: .init(services: [application], logger: application.logger)
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            for await _ in running {}
            let result: Result<Value, any Error>
            do { result = .success(try await body(receiver)) } catch { result = .failure(error) }
            receiver.end.finish()
            // Cancelling a server while it takes a connection ends the process.
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return try result.get()
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 1 << 20)
        func field(_ name: String) -> String {
            HTTPField.Name(name).flatMap { request.headers[$0] } ?? ""
        }
        let received = Received(
            path: request.uri.path,
            id: field("webhook-id"),
            timestamp: Int64(field("webhook-timestamp")) ?? 0,
            signatures: field("webhook-signature").split(separator: " ").map(String.init),
            contentType: request.headers[.contentType],
            body: Array(body.readableBytesView)
        )
        let count = state.withLock { all in
            all.append(received)
            return all.count - 1
        }
        switch behaviour(count) {
        case .status(let code, let retryAfter, let location):
            var headers: HTTPFields = [:]
            headers[.retryAfter] = retryAfter
            headers[.location] = location
            return Response(status: .init(code: code), headers: headers)
        case .hang:
            for await _ in ending {}
            return Response(status: .ok)
        case .flood:
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    for _ in 0..<10_000 {
                        try await writer.write(ByteBuffer(repeating: 0x20, count: 65_536))
                    }
                    try await writer.finish(nil)
                }
            )
        }
    }
}

/// Waits until something holds; records an issue if it does not within ten seconds.
func eventually(
    _ claim: Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try await holds() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(claim, sourceLocation: sourceLocation)
}
