import Primitives
import Synchronization

/// Where the relay leaves what is to be told: never waits, never fails, never grows beyond its bound.
package final class WebhookOutbox: Sendable {
    private struct State {
        var events: [WebhookEvent] = []
        /// How far rooms' logs were left here, whether or not there was anything to tell.
        var reached: [RoomName: UInt64] = [:]
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

    /// Notes that everything in the room's log up to `sequence` has been left here, as far as it is told.
    package func reach(_ sequence: UInt64, in room: RoomName) {
        let isNews = state.withLock { state in
            guard !state.isClosed, state.reached[room, default: 0] < sequence else { return false }
            state.reached[room] = sequence
            return true
        }
        if isNews { signal.yield() }
    }

    /// Events that found no room.
    package var lost: UInt64 { state.withLock { $0.lost } }

    /// What is handed out together.
    struct Portion {
        var events: [WebhookEvent]
        /// How far rooms' logs are told once the events are.
        var reached: [RoomName: UInt64]
        var hasMore: Bool
    }

    /// Hands the oldest events out, at most `limit`.
    func take(_ limit: Int) -> Portion {
        state.withLock { state in
            let taken = Array(state.events.prefix(limit))
            state.events.removeFirst(taken.count)
            var reached: [RoomName: UInt64] = [:]
            if state.events.isEmpty { swap(&reached, &state.reached) }
            for event in taken {
                guard let room = event.room, let sequence = event.sequence else { continue }
                reached[room] = max(reached[room, default: 0], sequence)
            }
            return Portion(events: taken, reached: reached, hasMore: !state.events.isEmpty)
        }
    }

    /// Takes back what could not be written; it comes first again.
    func putBack(_ portion: Portion) {
        state.withLock { state in
            state.events.insert(contentsOf: portion.events, at: 0)
            state.reached.merge(portion.reached) { max($0, $1) }
        }
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
