import Disclosures
import Primitives
import RelayRuntime
import Rooms
import SessionDescriptions

extension LiveRoom {
    // MARK: Viewers

    /// A viewing session's events; at first the whole present state.
    func viewerEvents(
        _ session: SessionID,
        after last: UInt64?
    ) throws(RelayProblem) -> AsyncStream<RelayEvent> {
        guard let place = viewings[session]?.place else { throw .unknownSession }
        let shown = publications.values.filter { isDisclosed($0, to: place) }.map(\.stream.text).sorted()
        let snapshot = [
            ("active", EventDocuments.json(EventDocuments.Streams(streams: shown))),
            ("slots", EventDocuments.json(slots(of: session))),
            (
                "viewercount",
                EventDocuments.json(EventDocuments.ViewerCount(viewers: viewerCount(of: place.audience)))
            ),
        ]
        let stream = viewings[session]?.feed.open(after: last, snapshot: snapshot) { reader in
            Task { await self.removeViewerReader(reader, of: session) }
        }
        guard let stream else { throw .unknownSession }
        return stream
    }

    private func removeViewerReader(_ reader: Int, of session: SessionID) {
        viewings[session]?.feed.remove(reader)
    }

    /// Sends an event to one viewer, if somebody listens.
    func send(_ name: String, _ document: some Encodable, to session: SessionID) {
        guard viewings[session]?.feed.hasReaders == true else {
            viewings[session]?.feed.skip()
            return
        }
        viewings[session]?.feed.send(name, json: EventDocuments.json(document))
    }

    func tellSlots(_ session: SessionID) {
        guard viewings[session]?.feed.hasReaders == true else {
            viewings[session]?.feed.skip()
            return
        }
        send("slots", slots(of: session), to: session)
    }

    /// The layers that a viewer is sent of each video m-line (draft-ietf-wish-whep-02 4.7).
    func tellLayers(of session: SessionID) {
        guard let viewing = viewings[session] else { return }
        var document: [String: EventDocuments.Layers] = [:]
        for line in viewing.lines where line.media.kind == .video {
            document[line.media.mid] = EventDocuments.Layers(isThinned: line.isThinned)
        }
        send("layers", document, to: session)
    }

    /// The number of viewers has changed: told once a second at most, to all who listen.
    func tellViewerCount() {
        viewerCountIsStale = true
        stale.formUnion(publications.keys)
    }

    func showViewerCount(now: MonotonicTime) {
        guard viewerCountIsStale, now >= nextViewerCount else { return }
        viewerCountIsStale = false
        nextViewerCount = now.advanced(byMilliseconds: RoomTiming.viewerCountMilliseconds)
        // An audience is told of itself only.
        let counts = Dictionary(
            uniqueKeysWithValues: Set(audiences.keys.map(\.audience)).map { audience in
                let document = EventDocuments.ViewerCount(viewers: viewerCount(of: audience))
                return (audience, EventDocuments.json(document))
            }
        )
        for session in Array(viewings.keys) {
            guard let viewing = viewings[session], viewing.feed.hasReaders,
                let json = counts[viewing.audience]
            else { continue }
            viewings[session]?.feed.send("viewercount", json: json)
        }
    }

    /// Sessions of an audience, wherever they are.
    private func viewerCount(of audience: Audience) -> Int {
        audiences.reduce(0) { $0 + ($1.key.audience == audience ? $1.value.sessions : 0) }
    }

    /// The mapping of m-lines to streams; of what is withheld an audience learns the slot only.
    private func slots(of session: SessionID) -> EventDocuments.Slots {
        guard let viewing = viewings[session] else { return EventDocuments.Slots(slots: []) }
        return EventDocuments.Slots(
            slots: viewing.slots.enumerated().map { index, slot in
                let audio = slot.audio.map { viewing.lines[$0] }
                let video = slot.video.map { viewing.lines[$0] }
                let publication = publications.values.first { $0.isOnAir && $0.stream == slot.stream }
                let isShown = isDisclosed(publication, to: viewing.place)
                return EventDocuments.Slot(
                    slot: index,
                    audioMid: audio?.media.mid,
                    videoMid: video?.media.mid,
                    stream: isShown ? publication?.stream.text : nil,
                    name: isShown ? publication.map { screenName($0) } : nil,
                    profile: isShown
                        ? publication.flatMap { identity(of: $0, toward: viewing.place) } : nil,
                    audio: Self.word(audio?.state),
                    video: Self.word(video?.state)
                )
            }
        )
    }

    /// Whether the door lets anything of the publication through to the audience now.
    func isDisclosed(_ publication: Publication?, to place: PlacedAudience) -> Bool {
        guard let publication, publication.isOnAir, let audience = audiences[place]?.id else {
            return false
        }
        let now = SystemClock.monotonic
        return publication.tracks.contains { track in
            gates[GateName(track: track.id, audience: audience)]?.isOpen(now: now) == true
        }
    }

    private static func word(_ state: MediaLine.State?) -> String {
        switch state {
        case nil, .idle: "idle"
        case .joining: "joining"
        case .live: "live"
        case .withheld: "withheld"
        case .overloaded: "overloaded"
        case .unsupported: "unsupported"
        }
    }

    // MARK: Participants

    /// A participant's events; at first the whole present state.
    func participantEvents(_ participant: ParticipantID, after last: UInt64?) -> AsyncStream<RelayEvent> {
        let snapshot = [
            ("audience", EventDocuments.json(overview(of: participant))),
            ("record", EventDocuments.json(EventDocuments.Record(state: "off"))),
        ]
        return feeds[participant, default: EventFeed()].open(after: last, snapshot: snapshot) { reader in
            Task { await self.removeReader(reader, of: participant) }
        }
    }

    private func removeReader(_ reader: Int, of participant: ParticipantID) {
        feeds[participant]?.remove(reader)
        if feeds[participant]?.hasReaders == false, publications[participant] == nil {
            feeds[participant] = nil
        }
    }

    /// Shows the panels of participants for whom something has changed.
    func showPanels() {
        let changed = stale
        stale = []
        for participant in changed where feeds[participant] != nil {
            feeds[participant]?.send("audience", json: EventDocuments.json(overview(of: participant)))
        }
    }

    /// Tells whom an event concerns that has become durable.
    func tell(_ event: ConsentEvent) {
        refreshIdentities()
        guard let statement = event.statement else {
            if let participant = event.subject.participant {
                stale.insert(participant)
            } else {
                stale.formUnion(feeds.keys)
            }
            if case .notice(let notice) = event.content { tell(notice) }
            return
        }
        stale.insert(statement.participant)
        feeds[statement.participant]?.send(
            "consent",
            json: EventDocuments.json(
                EventDocuments.Consent(
                    sequence: event.sequence,
                    purpose: statement.purpose.rawValue,
                    recipientClass: statement.recipientClass.rawValue,
                    recipient: statement.recipient,
                    state: statement.state.rawValue,
                    source: statement.source.rawValue,
                    time: event.time.rfc3339,
                    receipt: RecordedStatement.receiptPath(
                        event.sequence,
                        of: statement.participant,
                        in: name
                    )
                )
            )
        )
    }

    /// Tells every participant that a notice is in force: what they agreed to may be asked for anew.
    private func tell(_ notice: NoticeVersion) {
        let document = EventDocuments.Notice(
            notice: NoticeLink(notice),
            purposes: notice.purposes.map(\.rawValue).sorted()
        )
        for participant in Array(feeds.keys) {
            feeds[participant]?.send("notice", json: EventDocuments.json(document))
        }
    }

    /// Tells everybody to move on: the relay is about to stop.
    func drain() {
        endPushes()
        for session in Array(viewings.keys) { viewings[session]?.feed.send("reconnect", json: "{}") }
        for participant in Array(feeds.keys) { feeds[participant]?.send("reconnect", json: "{}") }
    }

    /// Ends every session.
    func close() {
        endPushes()
        for participant in Array(publications.keys) { endPublication(participant) }
        for session in Array(viewings.keys) { endViewing(session) }
        for participant in Array(feeds.keys) { feeds[participant]?.finish() }
        feeds = [:]
    }
}

extension RelayProblem {
    /// There is no session of that name.
    static let unknownSession = RelayProblem(
        "unknown-session",
        status: 404,
        detail: "there is no such session; it may have ended"
    )
}
