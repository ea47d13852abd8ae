import Hummingbird
import Primitives
import RoomControl

extension RelayRoutes {
    private struct RoomList: Encodable {
        var rooms: [RoomSummary]
    }

    private struct TallyList: Encodable {
        /// Lines withheld by their reason, of the whole room.
        var denied: [String: Int]
        var disclosures: [TallyLine]
    }

    /// The rooms there are: all of them for an operator and where viewing is open, else the token's own.
    func registerRooms(on endpoints: Endpoints) {
        endpoints.add("/v1/rooms", [.get: listRooms])
        endpoints.add("/v1/rooms/{room}", [.get: showRoom])
        endpoints.add("/v1/rooms/{room}/disclosures", [.get: showTally])
    }

    @Sendable private func listRooms(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let rooms = try await visibleRooms(request)
        let (page, next) = try PageRequest(request).page(of: rooms) { $0.room }
        var response = Response.json(RoomList(rooms: page))
        if let next { response.headers.append(nextLink("/v1/rooms?\(next)", request)) }
        return response
    }

    @Sendable private func showRoom(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let room = try room(context)
        guard let summary = try await visibleRooms(request).first(where: { $0.room == room.text }) else {
            throw RelayProblem(
                "unknown-room",
                status: 404,
                detail: "there is no such room now, or it is not yours to see"
            )
        }
        return .json(summary)
    }

    /// A look at the door and not at anybody's record: it names nobody but by identifier.
    @Sendable private func showTally(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        try await bearer.requireOperator(request)
        let room = try room(context)
        let lines = await service.tally(of: room)
        let (page, next) = try PageRequest(request).page(of: lines) { $0.place }
        var response = Response.json(
            TallyList(
                denied: lines.reduce(into: [:]) { counts, line in
                    if let reason = line.reason { counts[reason, default: 0] += 1 }
                },
                disclosures: page
            )
        )
        if let next {
            response.headers.append(nextLink("/v1/rooms/\(room.text)/disclosures?\(next)", request))
        }
        return response
    }

    private func visibleRooms(_ request: Request) async throws -> [RoomSummary] {
        let isOpen = configuration.rooms.openViewing
        let token = try await isOpen ? bearer.tokenIfPresent(of: request) : bearer.token(of: request)
        let rooms = await service.rooms().sorted { $0.room < $1.room }
        guard !isOpen, let token else { return rooms }
        switch token.access {
        case .relayOperator: return rooms
        case .publish(let publish): return rooms.filter { $0.room == publish.room.text }
        case .view(let view): return rooms.filter { $0.room == view.room.text }
        case .guardian(let guardian): return rooms.filter { $0.room == guardian.room.text }
        case .embed(let grant): return rooms.filter { $0.room == grant.room.text }
        }
    }
}
