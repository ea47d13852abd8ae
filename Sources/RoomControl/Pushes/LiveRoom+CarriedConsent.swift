import ConsentAuthority
import Disclosures
import Partners
import PeerTransports
import Primitives
import RelayEngine
import RelayRuntime
import SessionDescriptions
import Webhooks

/// What pushes carry along: computed from the same decisions as everything else, and told as it changes.
extension LiveRoom {
    /// What the destinations' partner may do with a track now.
    ///
    /// Each purpose needs a grant that names the partner. Passing it on further, and showing what was recorded, need
    /// records of their own and are never carried.
    func carriedConsent(
        with track: PublishedTrack,
        of publication: Publication,
        toward place: PlacedAudience,
        now: ClockReading
    ) -> CarriedConsent {
        func permits(_ audience: Audience?) -> Bool {
            guard let audience else { return false }
            let question = request(about: track, of: publication, toward: audience, in: place.region)
            return authority.wouldDecide(question, now: now).denyReason == nil
        }
        guard permits(place.audience) else { return [] }
        let recipient = place.audience.recipient
        var carried: CarriedConsent = [.live]
        for purpose in [Purpose.recording, .liveEmbed, .transcription, .analysis]
        where permits(Audience(purpose: purpose, recipient: recipient)) {
            carried.insert(CarriedConsent(purpose))
        }
        let identifying = Audience(
            purpose: .identify,
            recipientClass: .restreamDestination,
            recipient: recipient
        )
        if permits(identifying) { carried.insert(.identify) }
        return carried
    }

    /// Has every push carry along what may be done now; what is taken away goes to the loops before anything else.
    func carryConsents() {
        let now = SystemClock.reading
        for (id, push) in pushes {
            for (participant, stream) in push.streams where stream.session != nil {
                carryConsent(id, participant, now: now)
            }
        }
    }

    /// Has one push carry along what may be done with its stream now.
    func carryConsent(_ id: String, _ participant: ParticipantID, now: ClockReading) {
        guard var session = pushes[id]?.streams[participant]?.session,
            let viewing = viewings[session.viewing], let publication = publications[participant],
            let pushed = viewing.push
        else { return }
        var hasChanged = false
        for line in viewing.lines {
            let track = publication.tracks.first { track in
                pushed.tracks.contains(track.id) && track.isOf(line)
            }
            guard let track else { continue }
            let carried = carriedConsent(with: track, of: publication, toward: viewing.place, now: now)
            guard session.carried[line.mediaIndex]?.state != carried else { continue }
            session.carried[line.mediaIndex] = (track.type, carried)
            hasChanged = true
            let command = EngineCommand.carry(viewing.peer, mediaIndex: line.mediaIndex, carried)
            guard environment.plane.post([command], to: viewing.loop) else {
                // A loop that cannot be told what was taken away must not go on sending.
                pushes[id]?.streams[participant]?.session = session
                pushLost(session.viewing, .refused)
                return
            }
        }
        guard hasChanged else { return }
        session.sequence += 1
        pushes[id]?.streams[participant]?.session = session
        tell(session, of: id, publication.stream, isActive: true, because: nil)
    }

    /// Tells a destination that a session is over, and nothing more of it.
    func tellEnd(of session: PushSession, of id: String, _ stream: StreamID, because reason: String) {
        var last = session
        last.sequence += 1
        last.carried = last.carried.mapValues { ($0.media, []) }
        tell(last, of: id, stream, isActive: false, because: reason)
        session.courier?.finish()
    }

    private func tell(
        _ session: PushSession,
        of id: String,
        _ stream: StreamID,
        isActive: Bool,
        because reason: String?
    ) {
        guard let push = pushes[id], let partner = push.place?.audience.recipient else { return }
        guard session.courier != nil || environment.outbox.wants(.rebroadcastState) else { return }
        func word(isForServer: Bool) -> WebhookEvent {
            WebhookEvent(
                push.order,
                partner: partner,
                session: session,
                stream: stream,
                isForServer: isForServer,
                isActive: isActive,
                reason: reason,
                at: SystemClock.wall
            )
        }
        session.courier?.tell(word(isForServer: true))
        if environment.outbox.wants(.rebroadcastState) { environment.outbox.emit(word(isForServer: false)) }
    }
}

extension PublishedTrack {
    /// Whether a line is of this track's kind: a session has one of each.
    fileprivate func isOf(_ line: ViewerLine) -> Bool { (line.media.kind == .audio) == (type == .audio) }
}
