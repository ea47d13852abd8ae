import Disclosures
import Logging
import Partners
import PeerTransports
import Primitives
import RelayEngine
import RelayRuntime
import Rooms
import SessionDescriptions

/// One session of a push: offered, settled, joined, ended.
extension LiveRoom {
    /// Who publishes may not say its codec before this long; then what is known is offered.
    private static let codecMilliseconds: Int64 = 2_000

    /// Offers what is open to a destination, once it is known what it is coded in.
    func begin(
        _ id: String,
        _ publication: Publication,
        _ open: [PublishedTrack],
        _ destination: Destination,
        _ place: PlacedAudience,
        now: ClockReading
    ) {
        guard let rebroadcasting = environment.rebroadcasting else { return }
        let wanted = Self.offered(open)
        let parts = wanted.compactMap { track in
            track.sentCodec.map { (track: track.id, codec: $0) }
        }
        let isSettled =
            now.monotonic.milliseconds(since: publication.createdAt) >= Self.codecMilliseconds
        guard !parts.isEmpty, parts.count == wanted.count || isSettled else {
            pushes[id]?.streams[publication.participant]?.phase = .waiting(reason: "no-media-yet")
            return
        }
        let loop = environment.takeLoop()
        let port: UInt16
        do throws(DataPlaneError) {
            port = try environment.plane.openOutboundSocket(on: loop)
        } catch {
            environment.returnLoop(loop)
            logger.error("a push has no socket", metadata: ["error": "\(error)"])
            backOff(id, publication.participant, because: "no-socket")
            return
        }
        let credentials = environment.credentials(loop: loop)
        let mayBeRecorded = wanted.allSatisfy {
            carriedConsent(with: $0, of: publication, toward: place, now: now).contains(.recording)
        }
        let attempt = PushAttempt(
            number: environment.nextNumber(),
            loop: loop,
            port: port,
            offer: PushOffer(
                parts,
                local: environment.outboundTransport(credentials, port: port),
                credentials: credentials,
                mayBeRecorded: mayBeRecorded
            )
        )
        let participant = publication.participant
        pushes[id]?.streams[participant]?.phase = .offering(attempt)
        let text = attempt.offer.description.text
        let terms = destination.terms
        Task {
            let answer = await rebroadcasting.whip.offer(text, to: terms.url, token: terms.token)
            self.take(answer, to: attempt.number, of: id, participant, destination)
        }
    }

    /// Takes what a server made of an offer.
    private func take(
        _ answer: Result<WHIPSession, WHIPFailure>,
        to number: UInt64,
        of id: String,
        _ participant: ParticipantID,
        _ destination: Destination
    ) {
        guard let attempt = pushes[id]?.streams[participant]?.attempt, attempt.number == number else {
            // The push has ended meanwhile, and its socket with it; only the server does not know yet.
            if case .success(let session) = answer {
                environment.rebroadcasting?.end(session.url, token: destination.terms.token)
            }
            return
        }
        let failure: WHIPFailure
        switch answer {
        case .failure(let reason):
            failure = reason
        case .success(let session):
            let settlement = attempt.offer.settle(
                session.answer,
                port: attempt.port,
                serverIsHere: destination.terms.url.isPlaintext
            )
            switch settlement {
            case .failure(let reason):
                failure = reason
            case .success(let settlement) where settlement.carriesConsent || destination.terms.webhook != nil:
                if join(id, participant, attempt, session, settlement, destination) { return }
                failure = .unusable("overloaded")
            case .success:
                // Whoever is told nothing of what was withdrawn must not be sent anything.
                failure = .unusable("consent-not-carried")
            }
            environment.rebroadcasting?.end(session.url, token: destination.terms.token)
        }
        close(attempt)
        logger.info("a push failed", metadata: ["push": "\(id)", "reason": "\(failure.reason)"])
        backOff(id, participant, because: failure.reason, askedSeconds: failure.retryAfterSeconds)
    }

    /// Makes the peer and its viewing session; `false` if the media loop takes neither.
    private func join(
        _ id: String,
        _ participant: ParticipantID,
        _ attempt: PushAttempt,
        _ session: WHIPSession,
        _ settlement: PushOffer.Settlement,
        _ destination: Destination
    ) -> Bool {
        guard let rebroadcasting = environment.rebroadcasting, let place = pushes[id]?.place,
            let stream = pushes[id]?.streams[participant]?.stream
        else { return false }
        let peer = PeerID(environment.nextNumber())
        guard
            environment.plane.post(
                [.addPeer(peer, settlement.transport, .viewer(settlement.parameters))],
                to: attempt.loop
            )
        else { return false }
        rebroadcasting.note(peer, of: name)
        let viewingID = SessionID(RoomEnvironment.randomName())
        var viewing = Viewing(
            session: viewingID,
            peer: peer,
            loop: attempt.loop,
            place: place,
            audienceID: present(place),
            origin: .unknown,
            push: PushedViewing(
                push: id,
                participant: participant,
                offered: Set(attempt.offer.parts.map(\.track)),
                tracks: Set(settlement.lines.compactMap { attempt.offer.track(of: $0) })
            ),
            createdAt: SystemClock.monotonic,
            negotiated: settlement.negotiated,
            entityTag: "",
            lines: settlement.lines,
            slots: Viewing.slots(settlement.lines),
            isPlain: true
        )
        if !viewing.slots.isEmpty { viewing.slots[0].stream = stream }
        audiences[place]?.sessions += 1
        viewings[viewingID] = viewing
        sessionsOfPeers[peer] = viewingID
        pushes[id]?.streams[participant]?.phase = .joining(
            PushSession(
                viewing: viewingID,
                name: viewing.ledgerName,
                url: session.url,
                loop: attempt.loop,
                port: attempt.port,
                courier: rebroadcasting.courier(to: destination)
            )
        )
        // Before anything is sent: the first packet says already what may be done with it.
        carryConsent(id, participant, now: SystemClock.reading)
        assign(viewingID)
        settleAccounts()
        tellViewerCount()
        return true
    }

    /// Whether a push carries a track now: one that it has offered, while the door is open.
    ///
    /// A line that waits at a closed door is none of a push's: it ends instead.
    func mayPush(_ track: PublishedTrack, _ push: PushedViewing, _ audience: AudienceID) -> Bool {
        let gate = gates[GateName(track: track.id, audience: audience)]
        return push.tracks.contains(track.id)
            && pushes[push.push]?.share?.media.contains(track.type) == true
            && gate?.isOpen(now: SystemClock.monotonic) == true
    }

    /// Path and keys of a push are there.
    func pushConnected(_ session: SessionID) {
        guard let pushed = viewings[session]?.push,
            case .joining(var live)? = pushes[pushed.push]?.streams[pushed.participant]?.phase
        else { return }
        live.liveSince = SystemClock.monotonic
        pushes[pushed.push]?.streams[pushed.participant]?.phase = .live(live)
        stale.insert(pushed.participant)
    }

    /// The peer of a push has ended by itself: it is tried again.
    func pushLost(_ session: SessionID, _ end: TransportEnd) {
        guard let pushed = viewings[session]?.push,
            let lost = pushes[pushed.push]?.streams[pushed.participant]?.session
        else { return }
        let reason =
            switch end {
            case .closedByPeer: "closed-by-server"
            case .pathLost: "path-lost"
            case .handshakeFailed: "handshake-failed"
            case .refused: "overloaded"
            }
        self.end(pushed.push, pushed.participant, because: reason)
        let liveMilliseconds = lost.liveSince.map { SystemClock.monotonic.milliseconds(since: $0) }
        backOff(pushed.push, pushed.participant, because: reason, afterLiveMilliseconds: liveMilliseconds)
    }

    private func backOff(
        _ id: String,
        _ participant: ParticipantID,
        because reason: String,
        afterLiveMilliseconds: Int64? = nil,
        askedSeconds: Int? = nil
    ) {
        var random = SystemRandomNumberGenerator()
        let wait = pushes[id]?.streams[participant]?.backOff.wait(
            afterLiveMilliseconds: afterLiveMilliseconds,
            askedSeconds: askedSeconds,
            using: &random
        )
        guard let wait else { return }
        pushes[id]?.streams[participant]?.phase = .backingOff(
            until: SystemClock.monotonic.advanced(byMilliseconds: wait),
            reason: reason
        )
    }

    /// Ends what there is of a participant's stream toward a destination: the offer that is on its way, or the
    /// session.
    func end(_ id: String, _ participant: ParticipantID, because reason: String) {
        guard let stream = pushes[id]?.streams[participant] else { return }
        switch stream.phase {
        case .waiting, .backingOff:
            return
        case .offering(let attempt):
            pushes[id]?.streams[participant]?.phase = .waiting(reason: reason)
            close(attempt)
        case .joining(let session), .live(let session):
            pushes[id]?.streams[participant]?.phase = .waiting(reason: reason)
            endViewing(session.viewing)
            // After its peer, whose good-byes go by that socket.
            environment.plane.closeOutboundSocket(port: session.port, on: session.loop)
            tellEnd(of: session, of: id, stream.stream, because: reason)
            environment.rebroadcasting?.end(session.url, token: pushes[id]?.terms?.token)
        }
    }

    private func close(_ attempt: PushAttempt) {
        environment.plane.closeOutboundSocket(port: attempt.port, on: attempt.loop)
        environment.returnLoop(attempt.loop)
    }
}
