import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions
import Synchronization

extension LoadRun {
    /// Lets all viewers join at their pace.
    func joinAll() async {
        let count = plan.allViewers
        note("\(count) viewers join, \(plan.pace.text)")
        await join(count: count, pace: plan.pace) { index in
            // Rooms fill side by side.
            await self.join(room: index % self.plan.rooms, number: index / self.plan.rooms)
        }
        crowd.withLock { $0.haveAllJoined = true }
    }

    /// Runs `body` for each of `count` at its time.
    func join(count: Int, pace: JoinPace, _ body: @escaping @Sendable (Int) async -> Void) async {
        let start = SystemClock.monotonic
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                let due = start.advanced(byNanoseconds: pace.offset(of: index, count: count))
                let wait = due.nanoseconds(since: SystemClock.monotonic)
                if wait > 0 { try? await Task.sleep(for: .nanoseconds(wait)) }
                guard !Task.isCancelled else { return }
                group.addTask {
                    let lag = SystemClock.monotonic.nanoseconds(since: due)
                    self.crowd.withLock { $0.joinLag.record(lag) }
                    await body(index)
                }
            }
        }
    }

    /// Lets one viewer join; who is refused for good is counted and left out.
    func join(room: Int, number: Int, isLate: Bool = false) async {
        do {
            try await joinOnce(room: room, number: number, isLate: isLate)
        } catch {
            // What the end of the run cut short did not fail.
            guard !Task.isCancelled else { return }
            crowd.withLock {
                $0.failedJoins += 1
                $0.refusals["gave up: \(error)", default: 0] += 1
            }
        }
    }

    private func joinOnce(room: Int, number: Int, isLate: Bool) async throws {
        let watched = plan.publisherName(room: room, number: number % max(1, plan.publishers))
        let name = plan.viewerName(room: room, number: number)
        let token = try await desk.viewerToken(
            room: plan.roomName(room),
            publisher: watched,
            viewer: name,
            number: number,
            audience: plan.audience(ofViewer: number)
        )
        let place = receiver(ofViewer: number, isLate: isLate)
        let receiver = receivers[place]
        let viewing = settings(room: room, publisher: watched, viewer: name, token: token)
        let viewer = WHEPViewer(loop: receiver.loop, client: client, identity: identity)
        let ready = try await patiently { try await viewer.negotiate(viewing) }
        let (events, feed) = AsyncStream<SessionEvent>.makeStream()
        // Half of what is sent does not fit through.
        let loss = Self.isAmong(plan.slowShare, number: number) ? 0.5 : plan.loss
        let viewers = plan.viewers
        let (peer, media) = try await receiver.run { fleet, peers in
            let media = LoadViewer(
                number: min(number, viewers - 1),
                room: room,
                ready,
                fleet: fleet,
                loss: loss,
                isLate: isLate
            ) { event in
                feed.yield(event)
                if case .ended = event { feed.finish() }
            }
            fleet.add(media)
            return (
                try peers.add(ready.parameters, media: media, socketUse: viewing.socketUse), LoopBound(media)
            )
        }
        crowd.withLock {
            $0.viewers.append(
                RunningViewer(
                    room: room,
                    number: number,
                    token: token,
                    session: ready.session,
                    receiver: place,
                    peer: peer,
                    media: media,
                    isLate: isLate
                )
            )
        }
        try await awaitEstablished(events)
    }

    private func settings(room: Int, publisher: String, viewer: String, token: String?) -> ViewerSettings {
        var settings = ViewerSettings(
            url: plan.whep.expand(room: plan.roomName(room), publisher: publisher, viewer: viewer),
            token: token.map { .text($0) } ?? .none
        )
        settings.videoSlots = plan.video == nil ? 0 : plan.slots
        settings.audioSlots = plan.hasAudio ? plan.slots : 0
        if let video = plan.video { settings.videoCodecs = [video.codec] }
        // Nobody here sends feedback of that kind, and a server would wait for it.
        settings.capabilities.feedback = [.nack, .nackPLI, .ccmFIR]
        settings.capabilities.extensions.remove(HeaderExtensionURI.transportWideCC)
        settings.socketUse = plan.usesOwnSockets ? .own : .sharedLoopback
        return settings
    }

    /// Whether the one of `number` is among the share of all, evenly spread.
    static func isAmong(_ share: Double, number: Int) -> Bool {
        Int(Double(number + 1) * share) > Int(Double(number) * share)
    }

    // MARK: Waiting

    func awaitEstablished(_ events: AsyncStream<SessionEvent>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in events {
                    switch event {
                    case .established: return
                    case .ended(let end): throw end
                    }
                }
                throw PeerEnd.closedByUs
            }
            group.addTask {
                try await Task.sleep(for: .seconds(Self.establishSeconds))
                throw SignalingError.unreachable("no media path within \(Self.establishSeconds) s")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Servers limit joins a second; whoever is told to wait waits, and is counted.
    func patiently<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        var attempt = 0
        while true {
            do {
                return try await body()
            } catch let error as SignalingError where error.isTemporary && attempt < 20 {
                attempt += 1
                crowd.withLock { $0.refusals["\(error)", default: 0] += 1 }
                let wait = max(250, Int64(error.retryAfterSeconds ?? 0) * 1_000)
                // Not all in the same moment.
                try await Task.sleep(for: .milliseconds(wait + Int64.random(in: 0...wait)))
            }
        }
    }

    /// Ends all sessions, here and at the server.
    func leave() async {
        let (publishers, viewers) = crowd.withLock { ($0.publishers, $0.viewers) }
        for viewer in viewers { receivers[viewer.receiver].loop.perform { $0.remove(viewer.peer) } }
        publishing.perform { peers in for publisher in publishers { peers.remove(publisher.peer) } }
        let sessions = viewers.map { ($0.session, $0.token) } + publishers.map { ($0.session, $0.token) }
        let client = client
        // A run that was interrupted still tidies up.
        await Task.detached {
            await withTaskGroup(of: Void.self) { group in
                for (index, (session, token)) in sessions.enumerated() {
                    if index >= 32 { await group.next() }
                    group.addTask { await client.end(session, token: token) }
                }
            }
        }.value
    }
}
