import Synchronization

/// Where the relay leaves what is to be told: never waits, never fails, never grows beyond its bound.
package final class WebhookOutbox: Sendable {
    private struct State {
        var events: [WebhookEvent] = []
        var lost = 0 as UInt64
        var isClosed = false
    }

    /// Between two writes of the dispatcher; some 64 MB of events of the usual size.
    package static let maximumEvents = 65_536

    private let state = Mutex(State())
    private let wishes: Set<WebhookEventType>?
    private let signal: AsyncStream<Void>.Continuation
    /// Says when there is something to take.
    let signals: AsyncStream<Void>

    /// Keeps events of the types that some endpoint takes; `nil` for all.
    init(types: Set<WebhookEventType>?) {
        wishes = types
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// An outbox that nobody empties: for a relay without endpoints.
    package static let nobody: WebhookOutbox = {
        let outbox = WebhookOutbox(types: [])
        outbox.state.withLock { $0.isClosed = true }
        return outbox
    }()

    /// Whether any endpoint takes events of a type: saves making those that none takes.
    package func wants(_ type: WebhookEventType) -> Bool {
        wishes?.contains(type) ?? true
    }

    /// Leaves an event to be told; what finds no room is counted as lost.
    package func emit(_ event: WebhookEvent) {
        guard wants(event.type) else { return }
        let isNews = state.withLock { state in
            guard !state.isClosed else { return false }
            guard state.events.count < Self.maximumEvents else {
                state.lost += 1
                return false
            }
            state.events.append(event)
            return state.events.count == 1
        }
        if isNews { signal.yield() }
    }

    /// Events that found no room.
    package var lost: UInt64 { state.withLock { $0.lost } }

    /// Hands the oldest events out, at most `limit`, and says whether there are more.
    func take(_ limit: Int) -> (events: [WebhookEvent], hasMore: Bool) {
        state.withLock { state in
            let taken = Array(state.events.prefix(limit))
            state.events.removeFirst(taken.count)
            return (taken, !state.events.isEmpty)
        }
    }

    /// Takes back what could not be written; it comes first again.
    func putBack(_ events: [WebhookEvent]) {
        state.withLock { $0.events.insert(contentsOf: events, at: 0) }
    }

    /// Wakes whoever reads `signals`.
    func wake() {
        signal.yield()
    }

    /// Drops what is about a person and not written yet.
    func erase(_ isMeant: (WebhookEvent) -> Bool) {
        state.withLock { $0.events.removeAll(where: isMeant) }
    }
}
