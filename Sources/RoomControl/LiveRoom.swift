import ConsentAuthority
import Disclosures
import ICELite
import Logging
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import RelayEngine
import RelayRuntime
import Rooms
import SessionDescriptions

/// One room: its authority, who is on air, who watches. The only driver of the room's `RoomAuthority`.
actor LiveRoom {
    let name: RoomName
    let environment: RoomEnvironment
    let logger: Logger
    var authority: RoomAuthority
    /// The room's number in the accounts that media loops keep for it.
    nonisolated let number: UInt64
    var accounts: DisclosureAccounts
    var publications: [ParticipantID: Publication] = [:]
    var viewings: [SessionID: Viewing] = [:]
    /// Sessions by peer, for the engines' events.
    var sessionsOfPeers: [PeerID: SessionID] = [:]
    var participantsOfPeers: [PeerID: ParticipantID] = [:]
    /// Each participant's stream keeps its name over sessions, so that a plain player finds it again.
    var streams: [ParticipantID: StreamID] = [:]
    /// Audiences that are present, with the number of their sessions.
    var audiences: [PlacedAudience: PresentAudience] = [:]
    var gates: [GateName: DisclosureGate] = [:]
    var feeds: [ParticipantID: EventFeed] = [:]
    /// Corrected display fields of those who publish.
    var profiles: [ParticipantID: ParticipantProfile] = [:]
    /// Whose fields beyond the screen name each audience was shown last.
    var identified: [PlacedAudience: Set<ParticipantID>] = [:]
    /// What is re-broadcast, by the order's identifier.
    var pushes: [String: Push] = [:]
    /// Who is to be erased.
    var barred: Set<ParticipantID> = []
    /// Participants whose panel has something new to show.
    var stale: Set<ParticipantID> = []
    var waiting: [ConsentTicket: CheckedContinuation<Result<Acknowledgement, RelayProblem>, Never>] = [:]
    /// Answers that came before the requester waited for them.
    var answered: [ConsentTicket: Result<Acknowledgement, RelayProblem>] = [:]
    var viewerCountIsStale = false
    var nextViewerCount = MonotonicTime.distantPast
    /// Sessions that have ended since the last tick.
    private var ended: [SessionID] = []
    private var nextOrdinal = 1
    private var emptySince: MonotonicTime?
    /// The directory has let the room go; whoever still holds it comes again.
    private(set) var isClosed = false

    struct GateName: Hashable {
        let track: TrackID
        let audience: AudienceID
    }

    init(name: RoomName, consents: RoomConsent, environment: RoomEnvironment, logger: Logger) {
        self.name = name
        self.environment = environment
        self.logger = logger
        authority = RoomAuthority(room: name, state: consents)
        number = environment.nextNumber()
        accounts = DisclosureAccounts(room: name, number: number)
    }

    // MARK: Time

    /// A heartbeat begun at `startedAt` is durable in the log.
    func heartbeatCommitted(startedAt: MonotonicTime) {
        var effects: [ConsentEffect] = []
        authority.heartbeatCommitted(startedAt: startedAt, now: SystemClock.reading, effects: &effects)
        run(effects)
    }

    /// What a tick tells the directory.
    struct TickResult: Sendable {
        /// Sessions that have ended since the last tick.
        var ended: [SessionID]
        /// The room has been empty for long and is let go.
        var isClosed: Bool
        /// Nothing happens in the room.
        var isIdle: Bool
    }

    /// Renews leases, notices expiry, refreshes panels.
    func tick() -> TickResult {
        defer { ended = [] }
        let isClosed = refresh()
        return TickResult(ended: ended, isClosed: isClosed, isIdle: emptySince != nil)
    }

    /// Answers whether the room has been empty for long.
    private func refresh() -> Bool {
        let now = SystemClock.reading
        var effects: [ConsentEffect] = []
        authority.tick(now: now, effects: &effects)
        run(effects)
        endExpiredGrants(now: now.monotonic)
        tickAccounts()
        tendPushes()
        showPanels()
        refreshIdentities()
        showViewerCount(now: now.monotonic)
        forgetIdleAudiences(now: now.monotonic)
        guard isIdle else {
            emptySince = nil
            return false
        }
        let since = emptySince ?? now.monotonic
        emptySince = since
        if now.monotonic.milliseconds(since: since) >= RoomTiming.emptyMilliseconds { isClosed = true }
        return isClosed
    }

    /// Whether nothing happens here, and the log holds all there is: what it does not hold lives here only.
    private var isIdle: Bool {
        publications.isEmpty && viewings.isEmpty && waiting.isEmpty && !authority.hasUnwritten
            && accounts.isSettled && !feeds.values.contains(where: \.hasReaders)
    }

    /// Closes the room at once if nothing happens here: its place is needed.
    func closeIfIdle() -> TickResult {
        defer { ended = [] }
        if isIdle { isClosed = true }
        return TickResult(ended: ended, isClosed: isClosed, isIdle: isIdle)
    }

    // MARK: The engines' events

    func take(_ event: EngineEvent) {
        switch event {
        case .connected(let peer, let ice, let dtls):
            environment.joins.note { phases in
                phases.ice.note(ice)
                phases.dtls.note(dtls)
            }
            if let participant = participantsOfPeers[peer] { goOnAir(participant) }
            if let session = sessionsOfPeers[peer] { pushConnected(session) }
        case .ended(let peer, let end):
            if case .handshakeFailed = end {
                logger.notice("a DTLS handshake failed", metadata: ["reason": "\(end)"])
            } else {
                logger.debug("peer ended", metadata: ["reason": "\(end)"])
            }
            if let participant = participantsOfPeers[peer], publications[participant]?.peer == peer {
                endPublication(participant)
            } else if let session = sessionsOfPeers[peer] {
                pushLost(session, end)
                endViewing(session)
            }
        case .line(let peer, let mediaIndex, let state, let isThinned):
            guard let session = sessionsOfPeers[peer] else { return }
            note(state, isThinned: isThinned, of: mediaIndex, in: session)
        case .trackStarted(let peer, let track, let codec):
            guard let participant = participantsOfPeers[peer] else { return }
            publications[participant]?.endedTracks.remove(track)
            if let index = publications[participant]?.tracks.firstIndex(where: { $0.id == track }) {
                publications[participant]?.tracks[index].codec = codec
            }
        case .trackStopped(let peer, let track):
            guard let participant = participantsOfPeers[peer] else { return }
            publications[participant]?.endedTracks.insert(track)
        case .carried(let peer, let track, let carried, let number):
            guard let participant = participantsOfPeers[peer] else { return }
            let takesAway = follow(carried, with: track, of: participant)
            guard let loop = publications[participant]?.loop else { return }
            let plane = environment.plane
            Task {
                // A loop may still send under a pass from before; what permits less must not be there to be read.
                if takesAway { _ = await plane.gracePeriod() }
                // If there is no room for this, packets wait and the engine tells it again.
                _ = plane.post([.carriedApplied(peer, track, number: number)], to: loop)
            }
        case .counted:
            // Comes by way of the directory, which knows whose accounts they are.
            break
        }
    }

    /// Has the gates of a track follow what the relay that passes it on carries along; answers whether that takes
    /// anything away.
    private func follow(
        _ carried: CarriedConsent,
        with track: TrackID,
        of participant: ParticipantID
    ) -> Bool {
        guard let index = publications[participant]?.tracks.firstIndex(where: { $0.id == track }) else {
            return false
        }
        let before = publications[participant]?.tracks[index].carried ?? []
        publications[participant]?.tracks[index].carried = carried
        var effects: [ConsentEffect] = []
        authority.carry(carried, with: track, now: SystemClock.reading, effects: &effects)
        run(effects)
        stale.insert(participant)
        return !before.isSubset(of: carried)
    }

    private func goOnAir(_ participant: ParticipantID) {
        guard publications[participant]?.isOnAir == false else { return }
        publications[participant]?.isOnAir = true
        publications[participant]?.ordinal = nextOrdinal
        nextOrdinal += 1
        guard let publication = publications[participant] else { return }
        present(PlacedAudience(audience: .roomViewers, region: nil))
        _ = environment.plane.postToAll(publication.tracks.map { .addTrack($0.ring) })
        var effects: [ConsentEffect] = []
        for track in publication.tracks {
            authority.trackStarted(
                track.id,
                participant: participant,
                media: track.type,
                stream: publication.stream.text,
                session: publication.session.text,
                carried: track.carried,
                now: SystemClock.reading,
                effects: &effects
            )
        }
        run(effects)
        for session in Array(viewings.keys) {
            assign(session)
            guard let place = viewings[session]?.place else { continue }
            let shown = isDisclosed(publications[participant], to: place) ? [publication.stream.text] : []
            send("active", EventDocuments.Streams(streams: shown), to: session)
        }
        settleAccounts()
        stale.insert(participant)
    }

    /// Ends a publishing session and tells everybody who watched it.
    func endPublication(_ participant: ParticipantID) {
        let knowing = Set(audiences.keys.filter { isDisclosed(publications[participant], to: $0) })
        endPushes(of: participant)
        guard let publication = publications.removeValue(forKey: participant) else { return }
        ended.append(publication.session)
        participantsOfPeers[publication.peer] = nil
        environment.returnLoop(publication.loop)
        _ = environment.plane.post([.removePeer(publication.peer)], to: publication.loop)
        var effects: [ConsentEffect] = []
        for track in publication.tracks { authority.trackEnded(track.id, effects: &effects) }
        run(effects)
        for track in publication.tracks {
            for (audience, _) in gates where audience.track == track.id { forget(audience) }
        }
        _ = environment.plane.postToAll(publication.tracks.map { .removeTrack($0.id) })
        guard publication.isOnAir else { return }
        for session in Array(viewings.keys) {
            release(publication.stream, in: session)
            assign(session)
            let shown = viewings[session].map { knowing.contains($0.place) } == true
            send(
                "inactive",
                EventDocuments.Streams(streams: shown ? [publication.stream.text] : []),
                to: session
            )
        }
        settleAccounts()
        stale.insert(participant)
    }

    /// Ends a viewing session.
    func endViewing(_ session: SessionID) {
        guard var viewing = viewings.removeValue(forKey: session) else { return }
        viewing.feed.finish()
        for line in viewing.lines { detach(line.mediaIndex, of: viewing) }
        ended.append(session)
        sessionsOfPeers[viewing.peer] = nil
        environment.returnLoop(viewing.loop)
        _ = environment.plane.post([.removePeer(viewing.peer)], to: viewing.loop)
        if viewing.push != nil { environment.rebroadcasting?.forget(viewing.peer) }
        audiences[viewing.place]?.sessions -= 1
        audiences[viewing.place]?.idleSince = SystemClock.monotonic
        tellViewerCount()
    }

    /// Brings an audience into the authority's view, unless it is there.
    @discardableResult
    func present(_ place: PlacedAudience) -> AudienceID {
        if let present = audiences[place] { return present.id }
        let id = AudienceID(environment.nextNumber())
        audiences[place] = PresentAudience(id: id, idleSince: SystemClock.monotonic)
        var effects: [ConsentEffect] = []
        authority.audienceArrived(
            id,
            place.audience,
            region: place.region,
            now: SystemClock.reading,
            effects: &effects
        )
        run(effects)
        return id
    }

    /// Lets go of audiences that nobody has been left of for a while.
    ///
    /// Not at once: who comes back, or comes next, then begins with a keyframe that is in the ring already.
    private func forgetIdleAudiences(now: MonotonicTime) {
        for (place, present) in audiences
        where present.sessions == 0 && present.pushes == 0
            && (place.audience != .roomViewers || publications.isEmpty)
            && now.milliseconds(since: present.idleSince) >= RoomTiming.idleAudienceMilliseconds
        {
            audiences[place] = nil
            var effects: [ConsentEffect] = []
            authority.audienceLeft(present.id, effects: &effects)
            run(effects)
            for gate in gates.keys where gate.audience == present.id { forget(gate) }
        }
    }

    // MARK: Gates

    func gate(_ track: TrackID, _ audience: AudienceID) -> DisclosureGate {
        let name = GateName(track: track, audience: audience)
        if let gate = gates[name] { return gate }
        let gate = DisclosureGate(track: track, audience: audience)
        gates[name] = gate
        return gate
    }

    private func forget(_ gate: GateName) {
        gates[gate] = nil
        accounts.forget(gate.track, gate.audience)
    }

    func ring(_ track: TrackID) -> MediaRing? {
        for publication in publications.values {
            for candidate in publication.tracks where candidate.id == track { return candidate.ring }
        }
        return nil
    }

    // MARK: Slots

    /// Fills a viewer's free slots with streams that are on air.
    func assign(_ session: SessionID) {
        guard let viewing = viewings[session] else { return }
        let onAir = publications.values.filter(\.isOnAir).sorted { $0.ordinal < $1.ordinal }
        for index in viewing.slots.indices {
            if let wanted = viewings[session]?.slots[index].stream {
                // A plain player keeps its stream, and finds it again after the publisher came back.
                if let publication = onAir.first(where: { $0.stream == wanted }) {
                    subscribe(session, slot: index, to: publication)
                }
                continue
            }
            let taken = Set(viewings[session]?.slots.compactMap(\.stream) ?? [])
            guard let publication = onAir.first(where: { !taken.contains($0.stream) }) else { break }
            viewings[session]?.slots[index].stream = publication.stream
            subscribe(session, slot: index, to: publication)
        }
        tellSlots(session)
    }

    private func subscribe(_ session: SessionID, slot: Int, to publication: Publication) {
        guard let viewing = viewings[session] else { return }
        for track in publication.tracks {
            // What a partner may not show stays at the relay, whatever the participant has agreed to.
            guard viewing.admission?.media.contains(track.type) ?? true else { continue }
            if let push = viewing.push, !mayPush(track, push, viewing.audienceID) { continue }
            let line = track.ring.kind == .audio ? viewing.slots[slot].audio : viewing.slots[slot].video
            guard let line, viewing.lines[line].track != track.id else { continue }
            viewings[session]?.lines[line].track = track.id
            let gate = gate(track.id, viewing.audienceID)
            let types = Negotiation.payloadTypes(viewing.lines[line].media, publisher: track.media)
            _ = environment.plane.post(
                [.subscribe(viewing.peer, mediaIndex: line, track.id, gate, types)],
                to: viewing.loop
            )
            attach(line, of: viewing, to: publication, track)
        }
    }

    private func release(_ stream: StreamID, in session: SessionID) {
        guard let viewing = viewings[session] else { return }
        for index in viewing.slots.indices where viewing.slots[index].stream == stream {
            if !viewing.isPlain { viewings[session]?.slots[index].stream = nil }
            for line in [viewing.slots[index].audio, viewing.slots[index].video].compactMap({ $0 }) {
                viewings[session]?.lines[line].state = .idle
                viewings[session]?.lines[line].track = nil
                _ = environment.plane.post(
                    [.unsubscribe(viewing.peer, mediaIndex: line)],
                    to: viewing.loop
                )
                detach(line, of: viewing)
            }
        }
    }

    private func note(
        _ state: MediaLine.State,
        isThinned: Bool,
        of mediaIndex: Int,
        in session: SessionID
    ) {
        guard let viewing = viewings[session], viewing.lines.indices.contains(mediaIndex) else { return }
        let before = viewing.lines[mediaIndex]
        viewings[session]?.lines[mediaIndex].state = state
        viewings[session]?.lines[mediaIndex].isThinned = isThinned
        if state != .idle, !viewing.hasShownFirstLine {
            viewings[session]?.hasShownFirstLine = true
            let elapsed = SystemClock.monotonic.milliseconds(since: viewing.createdAt)
            environment.joins.note { $0.firstLine.note(elapsed) }
        }
        guard
            let slot = viewing.slots.firstIndex(where: { $0.audio == mediaIndex || $0.video == mediaIndex }),
            let stream = viewing.slots[slot].stream
        else { return }
        if let publication = publications.values.first(where: { $0.stream == stream }) {
            stale.insert(publication.participant)
        }
        if before.isThinned != isThinned { tellLayers(of: session) }
        let load = Self.load(state, isThinned: isThinned)
        if load != Self.load(before.state, isThinned: before.isThinned) {
            send("overload", EventDocuments.Overload(slot: slot, state: load), to: session)
        }
        guard before.state != state else { return }
        if state == .withheld { send("withheld", EventDocuments.Withheld(slot: slot), to: session) }
        tellSlots(session)
    }

    /// What overload takes from a line: nothing, temporal layers, or the picture.
    private static func load(_ state: MediaLine.State, isThinned: Bool) -> String {
        if state == .overloaded { return "stopped" }
        return isThinned ? "thinned" : "none"
    }
}
