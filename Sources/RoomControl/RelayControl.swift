import ConsentAuthority
import DTLSHandshakes
import Disclosures
import LedgerStore
import Logging
import Partners
import Primitives
import RTPPackets
import RelayEngine
import RelayRuntime
import Rooms
import Synchronization
import Webhooks

/// Audio or video of a ring; SDP has a kind of its own.
typealias RTPKind = RTPPackets.MediaKind

/// The control plane: the directory of rooms and sessions, and the clock that drives the rooms.
package actor RelayControl: RelayService {
    private struct SessionEntry {
        let room: RoomName
        let origin: SessionOrigin
        let admission: PartnerAdmission?
        let peer: PeerID?
    }

    nonisolated let environment: RoomEnvironment
    nonisolated let logger: Logger
    /// Who else keeps data about participants.
    let keepers: [any PersonalDataKeeper]
    var erasures = Erasures()
    private let events: AsyncStream<[EngineEvent]>
    var rooms: [RoomName: LiveRoom] = [:]
    var opening: [RoomName: Task<LoadedRoom, any Error>] = [:]
    var seats: RoomSeats
    private var sessions: [SessionID: SessionEntry] = [:]
    private var roomsOfPeers: [PeerID: RoomName] = [:]
    /// Rooms by their number in accounts.
    var roomsOfAccounts: [UInt64: LiveRoom] = [:]
    private var isDraining = false
    private(set) var lastHeartbeat: MonotonicTime?
    private var isStarted = false
    private var sessionsPerToken: [String: Int] = [:]
    private var sessionsPerAddress: [String: Int] = [:]
    var viewersOfPartners = PartnerCrowd()

    /// Opens the sockets; without a registry of partners nothing is re-broadcast.
    ///
    /// Throws `DataPlaneError` and what the slates' encoders throw.
    package init(
        bind: SocketAddress,
        mediaLoops: Int,
        processors: [Int] = [],
        settings: RoomSettings,
        ledger: any ConsentLog & NoticeArchive & PersonalRecords & PublishedLedger,
        outbox: WebhookOutbox = .nobody,
        partners: PartnerRegistry? = nil,
        keepers: [any PersonalDataKeeper] = [],
        logger: Logger
    ) throws {
        let (events, continuation) = AsyncStream.makeStream(of: [EngineEvent].self)
        let plane = try DataPlane(
            bind: bind,
            loopCount: mediaLoops,
            processors: processors,
            onRefusal: { offload, errno in
                logger.warning(
                    "the kernel refuses an offload: media goes on without it, and costs more",
                    metadata: ["offload": "\(offload.rawValue)", "errno": "\(errno)"]
                )
            },
            onEvents: { _, events in continuation.yield(events) }
        )
        self.events = events
        self.logger = logger
        self.keepers = keepers
        seats = RoomSeats(places: settings.maximumRooms)
        environment = RoomEnvironment(
            plane: plane,
            log: ledger,
            notices: ledger,
            disclosures: ledger,
            records: ledger,
            ledger: ledger,
            outbox: outbox,
            rebroadcasting: partners.map { Rebroadcasting(partners: $0, logger: logger) },
            identity: try DTLSIdentity(validFrom: SystemClock.wall),
            settings: settings,
            cname: String(RoomEnvironment.randomName().prefix(16)),
            slates: try SlateCabinet()
        )
        plane.start(
            identity: environment.identity,
            controlSSRC: UInt32.random(in: 1 ... .max),
            cname: environment.cname
        )
        _ = plane.postToAll([.setSlates(environment.slates.slates)])
    }

    /// The UDP port that media uses.
    package nonisolated var udpPort: UInt16 { environment.plane.port }

    /// Runs the control plane until its task is cancelled; then drains and stops the media loops.
    package func run() async {
        isStarted = true
        environment.rebroadcasting?.destinations.observe { [weak self] in await self?.tendPushes() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.takeEvents() }
            group.addTask { await self.beat() }
            group.addTask { await self.tick() }
            group.addTask { await self.tendErasures() }
            await group.waitForAll()
        }
        await environment.plane.stop()
        await environment.rebroadcasting?.close()
    }

    /// Stops taking sessions, tells everybody to reconnect, and gives them time to go.
    package func drain() async {
        guard !isDraining else { return }
        isDraining = true
        environment.rebroadcasting?.beginStopping()
        for room in rooms.values { await room.drain() }
        let deadline = SystemClock.monotonic.advanced(
            byMilliseconds: environment.settings.drainMilliseconds
        )
        while !sessions.isEmpty, SystemClock.monotonic < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        for room in rooms.values { await room.close() }
        // The engines say good-bye to peers on their next turn.
        try? await Task.sleep(for: .milliseconds(50))
        await environment.rebroadcasting?.sayFarewell()
        let lastEntry = SystemClock.monotonic.advanced(byMilliseconds: RoomTiming.accountsMilliseconds)
        for room in roomsOfAccounts.values {
            while await !room.isAccounted, SystemClock.monotonic < lastEntry {
                await room.tickAccounts()
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private func takeEvents() async {
        for await batch in events {
            for event in batch {
                if case .counted(let reports) = event {
                    await take(reports)
                } else if let name = event.peer.flatMap({ nameOfRoom(of: $0) }), let room = rooms[name] {
                    await room.take(event)
                }
            }
            if Task.isCancelled { return }
        }
    }

    private func nameOfRoom(of peer: PeerID) -> RoomName? {
        roomsOfPeers[peer] ?? environment.rebroadcasting?.room(of: peer)
    }

    /// Sessions may be forgotten before their last counts come: the accounts say themselves whose they are.
    private func take(_ reports: [AccountReport]) async {
        for (number, reports) in Dictionary(grouping: reports, by: \.account.room) {
            await roomsOfAccounts[number]?.counted(reports)
        }
    }

    /// Writes a heartbeat to the log four times a second; leases are renewed only while that works.
    private func beat() async {
        while !Task.isCancelled {
            let startedAt = SystemClock.monotonic
            do {
                try await environment.log.heartbeat()
                lastHeartbeat = startedAt
                // Rooms side by side: one that is busy must not let the leases of the others lapse.
                await withDiscardingTaskGroup { group in
                    for room in rooms.values {
                        group.addTask { await room.heartbeatCommitted(startedAt: startedAt) }
                    }
                }
            } catch {
                logger.error("the consent log does not take heartbeats", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    private func tick() async {
        while !Task.isCancelled {
            let present = rooms
            let results = await withTaskGroup(of: (RoomName, LiveRoom.TickResult).self) { group in
                for (name, room) in present { group.addTask { (name, await room.tick()) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (name, result) in results {
                if let room = present[name] { settle(result, of: name, room) }
            }
            try? await Task.sleep(for: .milliseconds(RoomTiming.tickMilliseconds))
        }
    }

    func forget(_ session: SessionID) {
        guard let entry = sessions.removeValue(forKey: session) else { return }
        if let peer = entry.peer { roomsOfPeers[peer] = nil }
        dismiss(entry.origin)
        dismiss(entry.admission, from: entry.room)
    }

    private static func lower(_ counts: inout [String: Int], _ key: String) {
        guard let count = counts[key] else { return }
        counts[key] = count > 1 ? count - 1 : nil
    }

    // MARK: RelayService

    package func publish(_ request: PublishRequest) async throws(RelayProblem) -> SessionAnswer {
        try admit(request.origin)
        do {
            let room = try await enter(request.room, for: .hosting)
            defer { leave(request.room) }
            try refuse(whileErasing: request.participant)
            let answer = try await room.publish(request)
            await register(answer.session, request.room, room, request.origin)
            return answer
        } catch {
            dismiss(request.origin)
            throw error
        }
    }

    package func view(_ request: ViewRequest) async throws(RelayProblem) -> SessionAnswer {
        guard let room = rooms[request.room] else {
            throw RelayProblem(
                "room-not-live",
                status: 409,
                detail: "nobody is on air in this room; try again later",
                retryAfterSeconds: RoomTiming.retrySeconds
            )
        }
        try admit(request.origin)
        do {
            try admit(request.admission, to: request.room)
        } catch {
            dismiss(request.origin)
            throw error
        }
        do {
            let answer = try await room.view(request)
            await register(answer.session, request.room, room, request.origin, request.admission)
            return answer
        } catch {
            dismiss(request.origin)
            dismiss(request.admission, from: request.room)
            throw error
        }
    }

    package func owner(of session: SessionID) async -> SessionOwner? {
        guard let entry = sessions[session], let room = rooms[entry.room] else { return nil }
        return await room.owner(of: session)
    }

    package func patch(
        _ session: SessionID,
        fragment: String,
        ifMatch: String?
    ) async throws(RelayProblem) -> PatchOutcome {
        try await room(of: session).patch(session, fragment: fragment, ifMatch: ifMatch)
    }

    package func end(_ session: SessionID) async throws(RelayProblem) {
        guard try await room(of: session).end(session) else { throw .unknownSession }
        forget(session)
    }

    package func viewerEvents(
        _ session: SessionID,
        after lastEvent: UInt64?
    ) async throws(RelayProblem) -> AsyncStream<RelayEvent> {
        try await room(of: session).viewerEvents(session, after: lastEvent)
    }

    package func participantEvents(
        _ room: RoomName,
        _ participant: ParticipantID,
        after lastEvent: UInt64?
    ) async throws(RelayProblem) -> AsyncStream<RelayEvent> {
        try refuse(whileErasing: participant)
        let live = try await enter(room, for: .listening)
        defer { leave(room) }
        return await live.participantEvents(participant, after: lastEvent)
    }

    package func consents(
        _ room: RoomName,
        _ participant: ParticipantID
    ) async throws(RelayProblem) -> ConsentOverview {
        let live = try await enter(room, for: .reading)
        defer { leave(room) }
        return await live.overview(of: participant)
    }

    package func changeConsents(
        _ room: RoomName,
        _ participant: ParticipantID,
        _ changes: [ConsentChange],
        by actor: ConsentActor,
        sendsPrivacyControl: Bool,
        ifEpoch: Set<UInt64>?
    ) async throws(RelayProblem) -> ConsentAcknowledgement {
        let grants = changes.contains { $0.choice == .grant }
        let live = try await enter(room, for: grants ? .hosting : .narrowing)
        defer { leave(room) }
        // Judged after every wait, so that nothing comes in between.
        try refuse(whileErasing: participant)
        let result = await live.choose(
            changes,
            of: participant,
            by: actor,
            sendsPrivacyControl: sendsPrivacyControl,
            ifEpoch: ifEpoch
        )
        return ConsentAcknowledgement(try result.get())
    }

    package func rooms() async -> [RoomSummary] {
        var summaries: [RoomSummary] = []
        for room in rooms.values {
            let summary = await room.summary
            if summary.publishers > 0 || summary.viewers > 0 { summaries.append(summary) }
        }
        return summaries.sorted { $0.room < $1.room }
    }

    package func tally(of room: RoomName) async -> [TallyLine] { await rooms[room]?.tally ?? [] }

    package func metricsText() async -> String {
        var text = RelayMetrics.text(
            loops: environment.plane.statistics,
            joins: environment.joins.snapshot,
            rooms: rooms.count,
            sessions: sessions.count
        )
        var denied: [String: Int] = [:]
        for room in rooms.values {
            for (reason, count) in await room.deniedGates() { denied[reason, default: 0] += count }
        }
        text += RelayMetrics.denied(denied)
        if let health = try? await ledgerHealth() { text += RelayMetrics.ledger(health) }
        return text
    }

    package func isReady() async -> Bool {
        guard isStarted, !isDraining, let lastHeartbeat else { return false }
        return SystemClock.monotonic.milliseconds(since: lastHeartbeat) < 2_000
    }

    // MARK: Rooms and sessions

    private func admit(_ origin: SessionOrigin) throws(RelayProblem) {
        guard !isDraining else {
            throw RelayProblem(
                "draining",
                status: 503,
                detail: "the relay is about to stop; try again",
                retryAfterSeconds: 2
            )
        }
        let settings = environment.settings
        let isWithin =
            (origin.tokenID.isEmpty
                || sessionsPerToken[origin.tokenID, default: 0] < settings.maximumSessionsPerToken)
            && (origin.address.isEmpty
                || sessionsPerAddress[origin.address, default: 0] < settings.maximumSessionsPerAddress)
        guard isWithin else {
            throw RelayProblem(
                "too-many-sessions",
                status: 503,
                detail: "this token or address has as many sessions as it may; end some first",
                retryAfterSeconds: 5
            )
        }
        // Counted now, so that requests that come together do not all find room.
        if !origin.tokenID.isEmpty { sessionsPerToken[origin.tokenID, default: 0] += 1 }
        if !origin.address.isEmpty { sessionsPerAddress[origin.address, default: 0] += 1 }
    }

    /// Takes back what `admit` counted.
    private func dismiss(_ origin: SessionOrigin) {
        Self.lower(&sessionsPerToken, origin.tokenID)
        Self.lower(&sessionsPerAddress, origin.address)
    }

    func room(of session: SessionID) throws(RelayProblem) -> LiveRoom {
        guard let entry = sessions[session], let room = rooms[entry.room] else { throw .unknownSession }
        return room
    }

    private func register(
        _ session: SessionID,
        _ name: RoomName,
        _ room: LiveRoom,
        _ origin: SessionOrigin,
        _ admission: PartnerAdmission? = nil
    ) async {
        let peer = await room.peer(of: session)
        sessions[session] = SessionEntry(room: name, origin: origin, admission: admission, peer: peer)
        if let peer { roomsOfPeers[peer] = name }
    }
}

extension EngineEvent {
    /// The peer that it is about, if it is about one.
    fileprivate var peer: PeerID? {
        switch self {
        case .connected(let peer, _, _), .ended(let peer, _), .line(let peer, _, _, _),
            .trackStarted(let peer, _, _), .trackStopped(let peer, _), .carried(let peer, _, _, _):
            peer
        case .counted: nil
        }
    }
}
