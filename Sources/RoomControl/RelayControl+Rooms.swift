import ConsentAuthority
import Disclosures
import LedgerStore
import Logging
import Primitives
import RelayRuntime

extension RelayControl {
    /// Looks and narrowing wait this long for a place that others leave within milliseconds.
    private static let placeMilliseconds: Int64 = 2_000
    private static let settlingMilliseconds: Int64 = 500
    private static let placePause = Duration.milliseconds(10)

    /// The room, read from the log first if it is not there: nothing opens before its log was read to the end.
    ///
    /// It stays until `leave`, which every caller owes.
    func enter(_ name: RoomName, for use: RoomUse) async throws(RelayProblem) -> LiveRoom {
        seats.pin(name)
        do {
            while let leaving = seats.leaving[name] { await leaving.value }
            return try await use == .reading ? look(into: name) : open(name, for: use)
        } catch {
            leave(name)
            throw error
        }
    }

    func leave(_ name: RoomName) {
        // A place that was taken for a room that did not come about.
        if seats.unpin(name), rooms[name] == nil { seats.free(name) }
    }

    private func open(_ name: RoomName, for use: RoomUse) async throws(RelayProblem) -> LiveRoom {
        if !seats.isSeated(name, for: use.kind) { try await makePlace(for: use) }
        seats.seat(name, for: use.kind)
        if let room = rooms[name] { return room }
        let loaded = try await load(name)
        return await install(loaded.room)
    }

    /// A room to look at: one that is there, or one that is read for this look and stays if there is a place.
    private func look(into name: RoomName) async throws(RelayProblem) -> LiveRoom {
        if let room = rooms[name] {
            seats.seat(name, for: .passing)
            return room
        }
        let loaded = try await load(name)
        if let room = rooms[name] { return room }
        guard !loaded.isEmpty, await hasPlace(for: .passing) else {
            if let lastHeartbeat { await loaded.room.heartbeatCommitted(startedAt: lastHeartbeat) }
            return loaded.room
        }
        seats.seat(name, for: .passing)
        return await install(loaded.room)
    }

    private func install(_ room: LiveRoom) async -> LiveRoom {
        if let present = rooms[room.name] { return present }
        rooms[room.name] = room
        roomsOfAccounts[room.number] = room
        if let lastHeartbeat { await room.heartbeatCommitted(startedAt: lastHeartbeat) }
        return room
    }

    /// A room as its log says; those who want the same one read it once.
    private func load(_ name: RoomName) async throws(RelayProblem) -> LoadedRoom {
        let task =
            opening[name]
            ?? Task { [environment, logger] in
                let events = try await environment.log.read(room: name, after: 0)
                let room = LiveRoom(
                    name: name,
                    consents: RoomConsent(folding: events),
                    environment: environment,
                    logger: logger
                )
                return LoadedRoom(room: room, isEmpty: events.isEmpty)
            }
        opening[name] = task
        defer { if opening[name] == task { opening[name] = nil } }
        do {
            return try await task.value
        } catch {
            logger.error("a room stays closed: its log cannot be read", metadata: ["error": "\(error)"])
            throw RelayProblem(
                "log-unavailable",
                status: 503,
                detail: "the room's consent log cannot be read; try again",
                retryAfterSeconds: RoomTiming.retrySeconds
            )
        }
    }

    private func makePlace(for use: RoomUse) async throws(RelayProblem) {
        // A room that has just been used is idle in a moment; who hosts one waits no longer than that.
        let patience = use.kind == .passing ? Self.placeMilliseconds : Self.settlingMilliseconds
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: patience)
        while await !hasPlace(for: use.kind) {
            guard SystemClock.monotonic < deadline else {
                throw RelayProblem(
                    "too-many-rooms",
                    status: 503,
                    detail: "the relay has as many rooms as it may",
                    retryAfterSeconds: 10
                )
            }
            try? await Task.sleep(for: Self.placePause)
        }
    }

    /// Whether there is a place, if need be that of a room in which nothing happens.
    private func hasPlace(for kind: RoomSeats.Kind) async -> Bool {
        if seats.hasPlace(for: kind) { return true }
        for name in seats.unused(of: kind) {
            guard let room = rooms[name], !seats.isPinned(name) else { continue }
            let closing = Task {
                let result = await room.closeIfIdle()
                settle(result, of: name, room)
                seats.leaving[name] = nil
            }
            seats.leaving[name] = closing
            await closing.value
            if seats.hasPlace(for: kind) { return true }
        }
        return false
    }

    /// Forgets what has ended in a room, and the room where it has closed.
    func settle(_ result: LiveRoom.TickResult, of name: RoomName, _ room: LiveRoom) {
        for session in result.ended { forget(session) }
        seats.note(name, isIdle: result.isIdle)
        guard result.isClosed, rooms[name] === room else { return }
        roomsOfAccounts[room.number] = nil
        rooms[name] = nil
        // Whoever is on the way into it keeps the place for the one that comes after it.
        if !seats.isPinned(name) { seats.free(name) }
    }
}

/// A room that was read from its log and is in no list yet.
struct LoadedRoom: Sendable {
    let room: LiveRoom
    /// Whether the log has nothing of it.
    let isEmpty: Bool
}
