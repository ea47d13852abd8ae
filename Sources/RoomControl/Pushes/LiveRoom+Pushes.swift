import ConsentAuthority
import Disclosures
import Partners
import Primitives
import RelayEngine
import RelayRuntime
import Rooms

/// Pushes of this room: each keeps its audience present, and begins and ends sessions as the door opens and closes.
extension LiveRoom {
    /// Follows the orders that there are, and brings every push in line with what may be pushed now; what is no
    /// longer wanted has ended when this returns.
    func tendPushes() {
        guard let rebroadcasting = environment.rebroadcasting, !rebroadcasting.isStopping else { return }
        let orders = rebroadcasting.destinations.orders(of: name)
        guard !orders.isEmpty || !pushes.isEmpty else { return }
        let names = Set(orders.map(\.id))
        for id in pushes.keys where !names.contains(id) { drop(id, because: "push-ended") }
        for order in orders where pushes[order.id] == nil { pushes[order.id] = Push(order: order) }
        let now = SystemClock.reading
        for id in pushes.keys.sorted() {
            guard let order = pushes[id]?.order else { continue }
            switch rebroadcasting.standing(of: order) {
            case .stopped(let stop):
                if pushes[id]?.stop != stop { halt(id, because: stop) }
            case .runs(let destination, let partner):
                pursue(id, destination, partner, now: now)
            }
        }
        settleAccounts()
    }

    private func pursue(_ id: String, _ destination: Destination, _ partner: Partner, now: ClockReading) {
        guard let push = pushes[id] else { return }
        let regions = partner.terms.regions
        let place = Audience(purpose: .rebroadcast, recipient: partner.id).map { audience in
            PlacedAudience(
                audience: audience,
                region: destination.terms.region ?? (regions.count == 1 ? regions.first : nil)
            )
        }
        guard let place else { return }
        let share = PartnerShare(partner.terms)
        if push.terms != destination.terms || push.share != share || push.place != place || push.stop != nil {
            halt(id, because: PushStop(state: .suspended, reason: "destination-changed"))
            pushes[id]?.terms = destination.terms
            pushes[id]?.share = share
            pushes[id]?.stop = nil
            hold(place, for: id)
        }
        let wanted = publications.values.filter { publication in
            publication.isOnAir && (push.order.stream ?? publication.stream.text) == publication.stream.text
        }
        for participant in pushes[id]?.streams.keys.map(\.self) ?? []
        where !wanted.contains(where: { $0.participant == participant }) {
            end(id, participant, because: "stream-ended")
            pushes[id]?.streams[participant] = nil
        }
        for publication in wanted.sorted(by: { $0.ordinal < $1.ordinal }) {
            tend(id, publication, destination, partner, now: now)
        }
    }

    /// Brings one participant's stream toward one destination in line with the door.
    private func tend(
        _ id: String,
        _ publication: Publication,
        _ destination: Destination,
        _ partner: Partner,
        now: ClockReading
    ) {
        let participant = publication.participant
        guard let place = pushes[id]?.place else { return }
        if pushes[id]?.streams[participant]?.stream != publication.stream {
            end(id, participant, because: "stream-ended")
            pushes[id]?.streams[participant] = PushedStream(publication.stream)
        }
        guard let stream = pushes[id]?.streams[participant] else { return }
        let shown = publication.tracks.filter { partner.terms.media.contains($0.type) }
        let granted = shown.filter { denial(of: $0, of: publication, toward: place, now: now) == nil }
        guard !granted.isEmpty else {
            let reason = shown.first.flatMap { denial(of: $0, of: publication, toward: place, now: now) }
            wait(id, participant, because: reason?.rawValue ?? "media")
            return
        }
        let open = granted.filter { track in
            guard let audience = audiences[place]?.id else { return false }
            return gates[GateName(track: track.id, audience: audience)]?.isOpen(now: now.monotonic) == true
        }
        switch stream.phase {
        case .waiting:
            begin(id, publication, open, destination, place, now: now)
        case .backingOff(let until, _):
            if until <= now.monotonic { begin(id, publication, open, destination, place, now: now) }
        case .offering:
            break
        case .joining(let session), .live(let session):
            guard let pushed = viewings[session.viewing]?.push else { return }
            // What was not offered cannot be added: WHIP settles a session once. What was declined stays so.
            if Self.offered(open).contains(where: { !pushed.offered.contains($0.id) && $0.codec != nil }) {
                end(id, participant, because: "more-media")
                begin(id, publication, open, destination, place, now: now)
            } else {
                assign(session.viewing)
                carryConsent(id, participant, now: now)
            }
        }
    }

    /// What a WHIP session has room for: one track of each kind.
    static func offered(_ tracks: [PublishedTrack]) -> [PublishedTrack] {
        [MediaType.audio, .video].compactMap { type in tracks.first { $0.type == type } }
    }

    /// Why a track may not be pushed; `nil` if it may.
    private func denial(
        of track: PublishedTrack,
        of publication: Publication,
        toward place: PlacedAudience,
        now: ClockReading
    ) -> DenyReason? {
        authority.wouldDecide(
            request(about: track, of: publication, toward: place.audience, in: place.region),
            now: now
        ).denyReason
    }

    /// The question whether an audience may have a track.
    func request(
        about track: PublishedTrack,
        of publication: Publication,
        toward audience: Audience,
        in region: Region?
    ) -> DisclosureRequest {
        DisclosureRequest(
            participant: publication.participant,
            media: audience.purpose == .identify ? .displayName : track.type,
            audience: audience,
            stream: publication.stream.text,
            session: publication.session.text,
            recipientRegion: region,
            carried: track.carried
        )
    }

    /// Nothing of a stream may be pushed now.
    private func wait(_ id: String, _ participant: ParticipantID, because reason: String) {
        end(id, participant, because: reason)
        pushes[id]?.streams[participant]?.phase = .waiting(reason: reason)
    }

    /// A participant is no longer on air.
    func endPushes(of participant: ParticipantID) {
        for id in pushes.keys {
            end(id, participant, because: "stream-ended")
            pushes[id]?.streams[participant] = nil
        }
    }

    /// The relay is about to stop.
    func endPushes() {
        for id in pushes.keys { drop(id, because: "relay-stopping") }
    }

    private func drop(_ id: String, because reason: String) {
        halt(id, because: PushStop(state: .suspended, reason: reason))
        pushes[id] = nil
    }

    // MARK: Presence

    /// Keeps an audience present for a push, so that the door decides about it before a session begins.
    private func hold(_ place: PlacedAudience, for id: String) {
        present(place)
        audiences[place]?.pushes += 1
        pushes[id]?.place = place
    }

    /// Ends everything of a push, and lets its audience go.
    private func halt(_ id: String, because stop: PushStop) {
        guard let push = pushes[id] else { return }
        for participant in push.streams.keys { end(id, participant, because: stop.reason) }
        if let place = push.place {
            audiences[place]?.pushes -= 1
            audiences[place]?.idleSince = SystemClock.monotonic
        }
        pushes[id]?.streams = [:]
        pushes[id]?.place = nil
        pushes[id]?.terms = nil
        pushes[id]?.share = nil
        pushes[id]?.stop = stop
    }

    /// Takes from pushes what a gate that has closed lets through no more.
    ///
    /// Media has stopped by then; this ends what stands around it.
    func withhold(_ track: TrackID, from audience: AudienceID) {
        for (id, push) in pushes {
            for (participant, stream) in push.streams {
                guard let session = stream.session?.viewing, let viewing = viewings[session],
                    viewing.audienceID == audience
                else { continue }
                for line in viewing.lines where line.track == track {
                    viewings[session]?.lines[line.mediaIndex].track = nil
                    viewings[session]?.lines[line.mediaIndex].state = .idle
                    _ = environment.plane.post(
                        [.unsubscribe(viewing.peer, mediaIndex: line.mediaIndex)],
                        to: viewing.loop
                    )
                    detach(line.mediaIndex, of: viewing)
                }
                if viewings[session]?.lines.allSatisfy({ $0.track == nil }) == true {
                    wait(id, participant, because: "withheld")
                }
            }
        }
    }

    // MARK: What operators see

    var pushStatuses: [PushStatus] {
        pushes.keys.sorted().compactMap { id in pushes[id].map { status(of: $0) } }
    }

    private func status(of push: Push) -> PushStatus {
        let partner = push.place?.audience.recipient
        if let stop = push.stop {
            return PushStatus(push.order, partner: partner, state: stop.state, reason: stop.reason)
        }
        return PushStatus(
            push.order,
            partner: partner,
            streams: push.streams.sorted { $0.value.stream.text < $1.value.stream.text }.map { entry in
                PushStatus.Stream(
                    stream: entry.value.stream.text,
                    participant: entry.key.text,
                    state: entry.value.state,
                    reason: entry.value.reason,
                    carried: entry.value.session?.carriedNames
                )
            }
        )
    }
}
