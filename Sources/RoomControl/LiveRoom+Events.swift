import Disclosures
import Primitives
import Rooms
import SessionDescriptions

extension LiveRoom {
    // MARK: Viewers

    /// A viewing session's events; at first the whole present state.
    func viewerEvents(
        _ session: SessionID,
        after last: UInt64?
    ) throws(RelayProblem) -> AsyncStream<RelayEvent> {
        guard viewings[session] != nil else { throw .unknownSession }
        let onAir = publications.values.filter(\.isOnAir).map(\.stream.text).sorted()
        let snapshot = [
            ("active", EventDocuments.json(EventDocuments.Streams(streams: onAir))),
            ("slots", EventDocuments.json(slots(of: session))),
            ("viewercount", EventDocuments.json(EventDocuments.ViewerCount(viewers: viewings.count))),
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
        guard viewings[session]?.feed.hasReaders == true else { return }
        viewings[session]?.feed.send(name, json: EventDocuments.json(document))
    }

    func tellSlots(_ session: SessionID) {
        guard viewings[session]?.feed.hasReaders == true else { return }
        send("slots", slots(of: session), to: session)
    }

    func tellViewerCount() {
        for session in Array(viewings.keys) {
            send("viewercount", EventDocuments.ViewerCount(viewers: viewings.count), to: session)
        }
        stale.formUnion(publications.keys)
    }

    /// The mapping of m-lines to streams.
    ///
    /// An audience learns a name only with media it is shown.
    private func slots(of session: SessionID) -> EventDocuments.Slots {
        guard let viewing = viewings[session] else { return EventDocuments.Slots(slots: []) }
        return EventDocuments.Slots(
            slots: viewing.slots.enumerated().map { index, slot in
                let audio = slot.audio.map { viewing.lines[$0] }
                let video = slot.video.map { viewing.lines[$0] }
                let isShown = audio?.state == .live || video?.state == .live || video?.state == .overloaded
                let publication = publications.values.first { $0.isOnAir && $0.stream == slot.stream }
                return EventDocuments.Slot(
                    slot: index,
                    audioMid: audio?.media.mid,
                    videoMid: video?.media.mid,
                    stream: publication?.stream.text,
                    name: isShown ? publication?.displayName : nil,
                    audio: Self.word(audio?.state),
                    video: Self.word(video?.state)
                )
            }
        )
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

    /// Tells a participant of a consent event that has become durable.
    func tell(_ event: ConsentEvent) {
        let statement = event.statement
        stale.insert(statement.participant)
        feeds[statement.participant]?.send(
            "consent",
            json: EventDocuments.json(
                EventDocuments.Consent(
                    sequence: event.sequence,
                    purpose: statement.purpose.rawValue,
                    recipient: statement.recipient,
                    state: statement.state.rawValue,
                    source: statement.source.rawValue,
                    time: event.time.rfc3339
                )
            )
        )
    }

    /// Tells everybody to move on: the relay is about to stop.
    func drain() {
        for session in Array(viewings.keys) { viewings[session]?.feed.send("reconnect", json: "{}") }
        for participant in Array(feeds.keys) { feeds[participant]?.send("reconnect", json: "{}") }
    }

    /// Ends every session.
    func close() {
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
