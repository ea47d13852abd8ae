import Synchronization

/// The names of the events that a viewer was sent, in order.
final class SeenEvents: Sendable {
    private let seen = Mutex<[String]>([])

    func append(_ event: ServerSentEvent) {
        seen.withLock { $0.append(event.name) }
    }

    var names: [String] { seen.withLock { $0 } }
}
