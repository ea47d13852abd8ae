import PeerTransports
import Primitives
import RelayEngine
import Synchronization

/// What the loops of a data plane have told.
final class EventLog: Sendable {
    private let events = Mutex<[EngineEvent]>([])

    func append(_ more: [EngineEvent]) { events.withLock { $0 += more } }

    func contains(_ matches: (EngineEvent) -> Bool) -> Bool {
        events.withLock { $0.contains(where: matches) }
    }

    func isConnected(_ peer: PeerID) -> Bool {
        contains { if case .connected(peer, _, _) = $0 { true } else { false } }
    }

    func end(of peer: PeerID) -> TransportEnd? {
        events.withLock { events in
            for case .ended(peer, let end) in events { return end }
            return nil
        }
    }
}
