import Disclosures
import Logging
import Partners
import Primitives
import RelayRuntime
import Synchronization
import Webhooks

/// What all rooms' pushes share: destinations, requests, and whose the outbound peers are.
final class Rebroadcasting: Sendable {
    /// How long what is still to be said to servers may take when the relay stops.
    static let farewellMilliseconds: Int64 = 1_500

    enum Standing {
        case runs(Destination, Partner)
        case stopped(PushStop)
    }

    let partners: PartnerRegistry
    let requests = GuardedRequests()
    let whip: WHIPClient
    private let logger: Logger
    private let peers = Mutex<[PeerID: RoomName]>([:])
    private let farewells = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)

    init(partners: PartnerRegistry, logger: Logger) {
        self.partners = partners
        self.logger = logger
        whip = WHIPClient(requests: requests)
    }

    var destinations: DestinationRegistry { partners.destinations }

    // MARK: Peers

    func note(_ peer: PeerID, of room: RoomName) { peers.withLock { $0[peer] = room } }

    func forget(_ peer: PeerID) { peers.withLock { $0[peer] = nil } }

    func room(of peer: PeerID) -> RoomName? { peers.withLock { $0[peer] } }

    // MARK: Standing

    /// Whether an order may be followed now: its destination and its partner are there, and may have this.
    func standing(of order: PushOrder) -> Standing {
        guard let destination = destinations.destination(order.destination) else {
            return .stopped(PushStop(state: .suspended, reason: "unknown-destination"))
        }
        switch destination.state {
        case .suspended:
            return .stopped(PushStop(state: .suspended, reason: "destination-suspended"))
        case .cutOff:
            let reason = destination.reason ?? "unacknowledged"
            return .stopped(PushStop(state: .cutOff, reason: reason))
        case .active:
            break
        }
        guard let partner = partners.partner(destination.terms.partner) else {
            return .stopped(PushStop(state: .suspended, reason: "unknown-partner"))
        }
        guard partner.mayReceive(.rebroadcast, of: order.room) else {
            let isSuspended = partner.state == .suspended
            return .stopped(
                PushStop(state: .suspended, reason: isSuspended ? "partner-suspended" : "not-for-partner")
            )
        }
        if let region = destination.terms.region, !partner.terms.regions.isEmpty,
            !partner.terms.regions.contains(where: { $0.contains(region) })
        {
            return .stopped(PushStop(state: .suspended, reason: "foreign-region"))
        }
        return .runs(destination, partner)
    }

    // MARK: Requests that nobody waits for

    /// Ends a session at its server, after whoever ends it here has gone on.
    func end(_ url: ServerURL, token: HiddenText?) {
        farewells.add(1, ordering: .relaxed)
        Task {
            await whip.end(url, token: token)
            farewells.subtract(1, ordering: .relaxed)
        }
    }

    /// Who tells a destination about one session; `nil` where it has no webhook.
    func courier(to destination: Destination) -> ConsentCourier? {
        guard let webhook = destination.terms.webhook,
            let secret = try? SigningSecret(webhook.secret.text)
        else { return nil }
        farewells.add(1, ordering: .relaxed)
        return ConsentCourier(
            webhook,
            secret: secret,
            requests: requests,
            onSilence: { await self.cutOff(destination.id) },
            atEnd: { self.farewells.subtract(1, ordering: .relaxed) }
        )
    }

    private func cutOff(_ destination: String) async {
        // Nobody is to be cut off for what the relay's own end has cut short.
        guard !isStopping else { return }
        logger.warning(
            "a destination has not acknowledged the state of consents in time, and is cut off",
            metadata: ["destination": "\(destination)"]
        )
        do throws(DestinationRegistryError) {
            try await destinations.cutOff(destination, because: "unacknowledged")
        } catch {
            logger.error("that a destination is cut off cannot be written", metadata: ["error": "\(error)"])
        }
    }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// From now on the relay stops.
    func beginStopping() { stopping.store(true, ordering: .relaxed) }

    /// Waits for what servers are still to be told, for a while.
    func sayFarewell() async {
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: Self.farewellMilliseconds)
        while farewells.load(ordering: .relaxed) > 0, SystemClock.monotonic < deadline {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    func close() async { await requests.close() }
}
