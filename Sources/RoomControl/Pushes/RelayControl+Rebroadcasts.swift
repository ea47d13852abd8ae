import Partners
import Primitives
import RelayRuntime

/// What the relay does for re-broadcasts.
package protocol RebroadcastService: Sendable {
    /// Starts a push of a room, or of one stream of it, to a destination. Codes: `unknown-destination` 404,
    /// `push-exists` 409, `too-many-pushes` 503, `partners-unavailable` 503.
    func startPush(
        _ room: RoomName,
        to destination: String,
        stream: StreamID?
    ) async throws(RelayProblem) -> PushStatus

    /// The pushes of a room, by identifier.
    func pushes(of room: RoomName) async -> [PushStatus]

    /// Ends a push; answers when nothing of it is sent any more. Codes: `unknown-push` 404,
    /// `partners-unavailable` 503.
    func endPush(_ id: String, of room: RoomName) async throws(RelayProblem)
}

extension RelayControl: RebroadcastService {
    package func startPush(
        _ room: RoomName,
        to destination: String,
        stream: StreamID?
    ) async throws(RelayProblem) -> PushStatus {
        guard let rebroadcasting = environment.rebroadcasting else { throw .unknownDestination }
        let order = PushOrder(
            id: String(RoomEnvironment.randomName().prefix(16)),
            room: room,
            destination: destination,
            stream: stream?.text
        )
        do throws(DestinationRegistryError) {
            try await rebroadcasting.destinations.keep(order)
        } catch {
            throw RelayProblem(error)
        }
        await rooms[room]?.tendPushes()
        let statuses = await pushes(of: room)
        return statuses.first { $0.id == order.id } ?? status(of: order, rebroadcasting)
    }

    package func pushes(of room: RoomName) async -> [PushStatus] {
        guard let rebroadcasting = environment.rebroadcasting else { return [] }
        let running = await rooms[room]?.pushStatuses ?? []
        return rebroadcasting.destinations.orders(of: room).map { order in
            running.first { $0.id == order.id } ?? status(of: order, rebroadcasting)
        }
    }

    package func endPush(_ id: String, of room: RoomName) async throws(RelayProblem) {
        guard let rebroadcasting = environment.rebroadcasting else { throw .unknownPush }
        do throws(DestinationRegistryError) {
            try await rebroadcasting.destinations.drop(id, of: room)
        } catch .unknown {
            throw .unknownPush
        } catch {
            throw RelayProblem(error)
        }
    }

    /// What an order comes to while its room is not there: nobody is on air.
    private func status(of order: PushOrder, _ rebroadcasting: Rebroadcasting) -> PushStatus {
        switch rebroadcasting.standing(of: order) {
        case .runs(_, let partner): PushStatus(order, partner: partner.id, streams: [])
        case .stopped(let stop):
            PushStatus(
                order,
                partner: rebroadcasting.destinations.destination(order.destination)?.terms.partner,
                state: stop.state,
                reason: stop.reason
            )
        }
    }

    /// Has every room do what is wanted now; returns when what is not has ended, and no media loop holds anything
    /// that was read for it.
    func tendPushes() async {
        for room in Array(rooms.values) { await room.tendPushes() }
        _ = await environment.plane.gracePeriod()
    }
}

extension RelayProblem {
    static let unknownDestination = RelayProblem(
        "unknown-destination",
        status: 404,
        detail: "this relay has no such destination"
    )

    package static let unknownPush = RelayProblem(
        "unknown-push",
        status: 404,
        detail: "the room has no such push; it may have ended"
    )

    /// What the registry says about destinations and pushes.
    package init(_ error: DestinationRegistryError) {
        switch error {
        case .unknown:
            self = .unknownDestination
        case .exists:
            self.init(
                "push-exists",
                status: 409,
                detail: "this is pushed to the destination already, whole or in part; end that push first"
            )
        case .changedMeanwhile:
            self.init(
                "destination-changed",
                status: 409,
                detail: "somebody else changed the destination at the same time; read it and try again"
            )
        case .tooMany:
            self.init("too-many-pushes", status: 503, detail: "the relay has as many pushes as it may")
        case .malformed(let fault):
            self.init(
                "malformed-destination",
                status: 422,
                detail: "the destination cannot be set: \(fault.rawValue)"
            )
        case .unavailable:
            self.init(
                "partners-unavailable",
                status: 503,
                detail: "the registry of partners cannot be written; what was taken away is in force",
                retryAfterSeconds: 2
            )
        }
    }
}
