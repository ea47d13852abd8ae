import Primitives
import Synchronization

/// Why the registry of destinations did not do what was asked.
package enum DestinationRegistryError: Error, Sendable, Equatable {
    case unknown
    case exists
    case malformed(DestinationFault)
    case tooMany
    /// Somebody else changed the destination while its pushes were being ended; read it again.
    case changedMeanwhile
    /// The file cannot be written: nothing that adds was done, and what takes away is in force until the end of the
    /// process.
    case unavailable(String)

    init(_ error: PartnerRegistryError) {
        if case .unavailable(let detail) = error {
            self = .unavailable(detail)
        } else {
            self = .unavailable("\(error)")
        }
    }
}

/// The servers that rooms are re-broadcast to, and what is to be pushed there.
///
/// What adds is durable before it counts; what takes away counts before it is durable.
package actor DestinationRegistry {
    /// More than one operator deals with; both bound what is kept in memory.
    static let mostDestinations = 1_000
    static let mostOrders = 10_000

    private struct Known {
        var destinations: [String: Destination]
        /// By room, as rooms look at theirs ten times a second.
        var orders: [RoomName: [PushOrder]]
    }

    private let store: PartnerStore
    private let known: Mutex<Known>
    private let onChange: Mutex<@Sendable () async -> Void>

    /// Held for a change: not suspended by anybody.
    private var updating: Set<String> = []

    init(_ store: PartnerStore) throws(PartnerRegistryError) {
        self.store = store
        let orders = Dictionary(grouping: try store.pushes(), by: \.room)
        known = Mutex(Known(destinations: try store.destinations(), orders: orders))
        onChange = Mutex {}
    }

    /// Calls `body` after whatever takes something away, and before that is acknowledged.
    package nonisolated func observe(_ body: @escaping @Sendable () async -> Void) {
        onChange.withLock { $0 = body }
    }

    package nonisolated func destination(_ id: String) -> Destination? {
        known.withLock { $0.destinations[id] }
    }

    /// All of them, by identifier.
    package nonisolated var destinations: [Destination] {
        known.withLock { $0.destinations.values.sorted { $0.id < $1.id } }
    }

    package func add(
        _ id: String,
        _ terms: Destination.Terms
    ) throws(DestinationRegistryError) -> Destination {
        // The characters of room names are those that need no quoting anywhere.
        guard RoomName(id) != nil else { throw .malformed(.identifierMalformed) }
        if let fault = terms.fault { throw .malformed(fault) }
        guard destination(id) == nil else { throw .exists }
        guard destinations.count < Self.mostDestinations else { throw .tooMany }
        let destination = Destination(id: id, terms: terms, state: .active)
        try durably { () throws(PartnerRegistryError) in try store.write(destination) }
        known.withLock { $0.destinations[id] = destination }
        return destination
    }

    /// Sets terms and state; answers when pushes that this ends have ended.
    ///
    /// Pushes begin anew under other terms. Making an active one of what was cut off lets it go on.
    package func update(
        _ id: String,
        terms: Destination.Terms,
        state: Destination.State
    ) async throws(DestinationRegistryError) -> Destination {
        if let fault = terms.fault { throw .malformed(fault) }
        guard let before = destination(id) else { throw .unknown }
        var after = before
        after.terms = terms
        after.state = state
        if state == .active { after.reason = nil }
        let changed = after
        // Nothing is pushed under terms that are about to go, nor under new ones that are not durable.
        var held = before
        if before.state == .active { held.state = .suspended }
        let waiting = held
        updating.insert(id)
        defer { updating.remove(id) }
        known.withLock { $0.destinations[id] = waiting }
        await onChange.withLock { $0 }()
        guard destination(id) == waiting else { throw .changedMeanwhile }
        do {
            try durably { () throws(PartnerRegistryError) in try store.write(changed) }
        } catch {
            // Goes on as before only where it was not to be stopped.
            known.withLock { $0.destinations[id]?.state = state == .active ? before.state : state }
            throw error
        }
        known.withLock { $0.destinations[id] = changed }
        return changed
    }

    /// Stops pushing to a destination until an operator lets it go on.
    package func cutOff(_ id: String, because reason: String) async throws(DestinationRegistryError) {
        guard var destination = destination(id), destination.state == .active || updating.contains(id)
        else { return }
        destination.state = .cutOff
        destination.reason = reason
        let stopped = destination
        known.withLock { $0.destinations[id] = stopped }
        await onChange.withLock { $0 }()
        try durably { () throws(PartnerRegistryError) in try store.write(stopped) }
    }

    /// Removes a destination with everything that is pushed to it.
    package func remove(_ id: String) async throws(DestinationRegistryError) {
        guard destination(id) != nil else { throw .unknown }
        forget { $0.id == id }
        await onChange.withLock { $0 }()
        try durably { () throws(PartnerRegistryError) in try store.removeDestination(id) }
    }

    /// Forgets the destinations of a partner that is gone from the file already.
    func forget(of partner: String) async {
        forget { $0.terms.partner == partner }
        await onChange.withLock { $0 }()
    }

    private nonisolated func forget(where isGone: (Destination) -> Bool) {
        known.withLock { known in
            let gone = Set(known.destinations.values.filter(isGone).map(\.id))
            known.destinations = known.destinations.filter { !gone.contains($0.key) }
            for room in known.orders.keys {
                known.orders[room]?.removeAll { gone.contains($0.destination) }
            }
        }
    }

    // MARK: Orders

    /// What is to be pushed out of a room.
    package nonisolated func orders(of room: RoomName) -> [PushOrder] {
        known.withLock { $0.orders[room] ?? [] }
    }

    /// Takes an order; durable before it counts, unless it is of one stream.
    package func keep(_ order: PushOrder) throws(DestinationRegistryError) {
        guard destination(order.destination) != nil else { throw .unknown }
        let (overlaps, count) = known.withLock { known in
            (
                known.orders[order.room]?.contains { $0.overlaps(order) } == true,
                known.orders.values.reduce(0) { $0 + $1.count }
            )
        }
        guard !overlaps else { throw .exists }
        guard count < Self.mostOrders else { throw .tooMany }
        if order.stream == nil {
            try durably { () throws(PartnerRegistryError) in try store.write(order) }
        }
        known.withLock { $0.orders[order.room, default: []].append(order) }
    }

    /// Takes an order back; answers when nothing is pushed by it any more.
    package func drop(_ id: String, of room: RoomName) async throws(DestinationRegistryError) {
        let dropped = known.withLock { known in
            known.orders[room]?.firstIndex { $0.id == id }.flatMap { known.orders[room]?.remove(at: $0) }
        }
        guard let dropped else { throw .unknown }
        await onChange.withLock { $0 }()
        guard dropped.stream == nil else { return }
        try durably { () throws(PartnerRegistryError) in try store.removePush(id) }
    }

    private nonisolated func durably(
        _ body: () throws(PartnerRegistryError) -> Void
    ) throws(DestinationRegistryError) {
        do {
            try body()
        } catch {
            throw DestinationRegistryError(error)
        }
    }
}
