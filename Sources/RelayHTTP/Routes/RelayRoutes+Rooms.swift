import Hummingbird
import Primitives
import RoomControl

extension RelayRoutes {
    private struct RoomList: Encodable {
        var rooms: [RoomSummary]
    }

    /// The rooms there are: all of them for an operator and where viewing is open, else the token's own.
    func registerRooms(on endpoints: Endpoints) {
        endpoints.add("/v1/rooms", [.get: listRooms])
        endpoints.add("/v1/rooms/{room}", [.get: showRoom])
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
        }
    }
}
