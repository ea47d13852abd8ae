import Hummingbird
import NIOCore
import RoomControl
import ServiceLifecycle
import Synchronization

/// Counts open event streams, in all and for each owner.
final class StreamSeats: Sendable {
    /// One open stream; gives its place back when the last reference goes, however the stream ended.
    final class Seat: Sendable {
        private let seats: StreamSeats
        private let owner: String

        fileprivate init(_ seats: StreamSeats, owner: String) {
            self.seats = seats
            self.owner = owner
        }

        deinit {
            seats.leave(owner)
        }
    }

    private struct Taken {
        var total = 0
        var byOwner: [String: Int] = [:]
    }

    private let maximum: Int
    private let maximumPerOwner: Int
    private let taken = Mutex(Taken())

    init(maximum: Int, maximumPerOwner: Int) {
        self.maximum = maximum
        self.maximumPerOwner = maximumPerOwner
    }

    /// 429 if the owner has too many streams open, 503 if the relay has.
    ///
    /// Viewers leave a quarter to participants, who learn there who receives them: however many viewers somebody
    /// sends, nobody on air is kept from that.
    func take(owner: String, isViewer: Bool) throws(RelayProblem) -> Seat {
        let most = isViewer ? max(1, maximum - maximum / 4) : maximum
        let refusal = taken.withLock { taken -> RelayProblem? in
            guard taken.total < most else {
                return RelayProblem(
                    "too-many-event-streams",
                    status: 503,
                    detail: "the relay has all event streams in use",
                    retryAfterSeconds: 5
                )
            }
            guard taken.byOwner[owner, default: 0] < maximumPerOwner else {
                return RelayProblem(
                    "too-many-event-streams",
                    status: 429,
                    detail: "there are \(maximumPerOwner) event streams open here already; close one",
                    retryAfterSeconds: 5
                )
            }
            taken.total += 1
            taken.byOwner[owner, default: 0] += 1
            return nil
        }
        if let refusal { throw refusal }
        return Seat(self, owner: owner)
    }

    var count: Int { taken.withLock { $0.total } }

    private func leave(_ owner: String) {
        taken.withLock { taken in
            taken.total -= 1
            let rest = taken.byOwner[owner, default: 1] - 1
            taken.byOwner[owner] = rest > 0 ? rest : nil
        }
    }
}

/// Writes events as `text/event-stream` (HTML standard, server-sent events).
struct EventStreams: Sendable {
    /// Events that wait for a slow reader; one more ends the stream, and the reader resumes with `Last-Event-ID`.
    static let maximumWaiting = 256
    /// How long the service may take to say goodbye on its streams after the server began to shut down.
    static let farewell = Duration.seconds(2)

    let seats: StreamSeats
    /// Comments at this interval keep proxies from cutting an idle stream and find readers that left.
    let heartbeat: Duration

    private enum Item: Sendable {
        case event(RelayEvent)
        case heartbeat
    }

    /// The number in `Last-Event-ID`; what is no number of ours counts as absent.
    static func lastEvent(of request: Request) -> UInt64? {
        request.headers[.lastEventIdentifier].flatMap { UInt64($0) }
    }

    /// One event as it stands in the stream.
    static func frame(_ event: RelayEvent) -> String {
        let data = event.json.split(omittingEmptySubsequences: false) { $0.isNewline }
            .map { "data: \($0)\n" }.joined()
        return "id: \(event.sequence)\nevent: \(event.name)\n\(data)\n"
    }

    /// A streaming answer with those events whose name is in `names` (`nil` for all).
    func response(
        events: AsyncStream<RelayEvent>,
        names: Set<String>?,
        seat: StreamSeats.Seat,
        over channel: any Channel
    ) -> Response {
        let heartbeat = heartbeat
        let body = ResponseBody { writer in
            // Held by the body, so that the place is given back when the body is gone.
            _ = seat
            let (items, feed) = AsyncStream<Item>.makeStream(
                bufferingPolicy: .bufferingOldest(Self.maximumWaiting)
            )
            let departure = ReaderDeparture { feed.finish() }
            try await channel.pipeline.addHandler(departure, position: .first).get()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await event in events where names?.contains(event.name) ?? true {
                        if case .dropped = feed.yield(.event(event)) {
                            // What is being written waits for a reader that does not read: nothing else ends that.
                            channel.close(promise: nil)
                            break
                        }
                    }
                    feed.finish()
                }
                group.addTask {
                    while true {
                        try await Task.sleep(for: heartbeat)
                        feed.yield(.heartbeat)
                    }
                }
                group.addTask {
                    try await gracefulShutdown()
                    try await Task.sleep(for: Self.farewell)
                    feed.finish()
                }
                try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
                for await item in items {
                    switch item {
                    case .event(let event): try await writer.write(ByteBuffer(string: Self.frame(event)))
                    case .heartbeat: try await writer.write(ByteBuffer(string: ":\n\n"))
                    }
                }
                group.cancelAll()
            }
            try await channel.pipeline.removeHandler(departure).get()
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no",
            ],
            body: body
        )
    }
}

/// Tells when the reader of a stream closed its side or the whole connection.
///
/// Hummingbird's own way to learn this (`consumeWithInboundCloseHandler`) ends the process if the connection
/// breaks before the request's body was received to its end.
private final class ReaderDeparture: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = Any

    private let leave: @Sendable () -> Void

    init(_ leave: @escaping @Sendable () -> Void) {
        self.leave = leave
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { leave() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }
}
