import ConsentAuthority
import DTLSHandshakes
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

extension LiveRoom {
    /// Starts a publishing session (RFC 9725 4.2).
    func publish(_ request: PublishRequest) async throws(RelayProblem) -> SessionAnswer {
        guard !isClosed else { throw .overloaded }
        let participant = request.participant
        try await recallProfile(of: participant)
        guard !barred.contains(participant), !isClosed else { throw .erasurePending }
        let now = SystemClock.monotonic
        if let live = publications[participant] {
            guard request.replacesLiveSession || live.isFrozen(now: now) else {
                throw RelayProblem(
                    "session-exists",
                    status: 409,
                    detail:
                        "this participant is on air in another session; end it, or use a token that replaces",
                    retryAfterSeconds: RoomTiming.retrySeconds
                )
            }
        } else if publications.count >= environment.settings.maximumPublishersPerRoom {
            throw RelayProblem(
                "room-full",
                status: 503,
                detail: "the room has as many participants on air as it may",
                retryAfterSeconds: 10
            )
        }
        let loop = environment.takeLoop()
        let credentials = environment.credentials(loop: loop)
        let outcome: OfferAnswer.Outcome
        do {
            outcome = try OfferAnswer.answerPublisher(
                SessionDescription(offer: request.offer),
                local: environment.localTransport(credentials),
                capabilities: Negotiation.publisherCapabilities
            )
        } catch {
            environment.returnLoop(loop)
            throw RelayProblem(error)
        }
        if publications[participant] != nil { endPublication(participant) }
        let peer = PeerID(environment.nextNumber())
        let session = SessionID(RoomEnvironment.randomName())
        let stream = streams[participant] ?? StreamID(String(RoomEnvironment.randomName().prefix(16)))
        streams[participant] = stream
        var rings: [Int: MediaRing] = [:]
        var tracks: [PublishedTrack] = []
        for media in outcome.session.acceptedMedia {
            let kind: RTPKind = media.kind == .audio ? .audio : .video
            let ring = MediaRing(
                track: TrackID(environment.nextNumber()),
                kind: kind,
                minimumCapacity: kind == .audio ? RingCapacity.audio : RingCapacity.video
            )
            rings[media.index] = ring
            // Until its packets say what may be done with it, nothing may.
            let carried: CarriedConsent? = outcome.session.announcesConsentState ? [] : nil
            tracks.append(PublishedTrack(ring: ring, media: media, carried: carried))
        }
        let parameters = Negotiation.publisher(
            outcome.session,
            rings: rings,
            maximumBitsPerSecond: environment.settings.maximumBitsPerSecond
        )
        let entityTag = Self.newEntityTag()
        publications[participant] = Publication(
            session: session,
            peer: peer,
            loop: loop,
            participant: participant,
            stream: stream,
            displayName: request.displayName,
            origin: request.origin,
            createdAt: now,
            negotiated: outcome.session,
            entityTag: entityTag,
            tracks: tracks
        )
        participantsOfPeers[peer] = participant
        guard
            environment.plane.post(
                [
                    .addPeer(
                        peer,
                        Self.transport(outcome.session, credentials, hearsGoodbye: true),
                        .publisher(parameters)
                    )
                ],
                to: loop
            )
        else {
            endPublication(participant)
            throw .overloaded
        }
        await record(request, outcome.session)
        return SessionAnswer(
            session: session,
            sdp: outcome.answer.text,
            entityTag: entityTag,
            awaitsConsent: !hasStandingGrant(participant)
        )
    }

    /// Records what the token grants and what the offer refuses.
    private func record(_ request: PublishRequest, _ session: NegotiatedSession) async {
        let now = SystemClock.wall
        var statements = request.grants.map { grant in
            ConsentStatement(
                participant: request.participant,
                purpose: grant.audience.purpose,
                recipientClass: grant.audience.recipientClass,
                recipient: grant.audience.recipient,
                state: .given,
                media: MediaType.live,
                source: .token,
                givenAt: request.grantedAt ?? now,
                notice: grant.notice,
                terms: ConsentTerms(lawfulBasis: .expressedConsent, evidence: grant.evidence)
            )
        }
        statements += privacyControl(
            of: request.participant,
            isSent: request.sendsPrivacyControl,
            at: now
        )
        // Where packets carry a consent state, that says what of recording holds now; else the offer binds for good.
        if session.recordPreference > .none, !session.announcesConsentState {
            // RFC 7866 6.3: off and pause bind; on, nopreference and absence mean nothing.
            statements.append(
                ConsentStatement(
                    participant: request.participant,
                    purpose: .recording,
                    state: .refused,
                    media: [],
                    source: .recordPreference,
                    givenAt: now
                )
            )
        }
        guard !statements.isEmpty else { return }
        if case .failure(let problem) = await submit(statements, of: request.participant) {
            logger.warning("grants of a token were not recorded", metadata: ["code": "\(problem.code)"])
        }
    }

    private func hasStandingGrant(_ participant: ParticipantID) -> Bool {
        authority.records(of: participant).contains { $0.statement.permits }
    }

    /// Starts a viewing session (draft-ietf-wish-whep-02 4.2).
    func view(_ request: ViewRequest) throws(RelayProblem) -> SessionAnswer {
        let onAir = publications.values.filter(\.isOnAir)
        guard !onAir.isEmpty else {
            throw RelayProblem(
                "room-not-live",
                status: 409,
                detail: "nobody is on air in this room; try again later",
                retryAfterSeconds: RoomTiming.retrySeconds
            )
        }
        if let stream = request.stream, !onAir.contains(where: { $0.stream == stream }) {
            throw RelayProblem(
                "stream-not-live",
                status: 409,
                detail: "the stream asked for is not on air; try again later",
                retryAfterSeconds: RoomTiming.retrySeconds
            )
        }
        guard viewings.count < environment.settings.maximumViewersPerRoom else {
            throw RelayProblem(
                "room-full",
                status: 503,
                detail: "the room has as many viewers as it may",
                retryAfterSeconds: 10
            )
        }
        let loop = environment.takeLoop()
        let credentials = environment.credentials(loop: loop)
        let outcome: OfferAnswer.Outcome
        do {
            outcome = try OfferAnswer.answerViewer(
                SessionDescription(offer: request.offer),
                local: environment.localTransport(credentials),
                capabilities: Negotiation.viewerCapabilities
            ) { slot in
                OutgoingStream(
                    ssrc: UInt32.random(in: 1 ... .max),
                    rtxSSRC: slot.acceptsRetransmission ? UInt32.random(in: 1 ... .max) : nil,
                    streamID: "slot\(slot.index)",
                    trackID: "\(slot.kind.rawValue)\(slot.index)"
                )
            }
        } catch {
            environment.returnLoop(loop)
            throw RelayProblem(error)
        }
        let lines = outcome.session.acceptedMedia.enumerated().map { ViewerLine(mediaIndex: $0, media: $1) }
        let parameters = lines.compactMap { Negotiation.line($0.media) }
        for level in Set(parameters.map(\.slateLevel)) {
            environment.slates.prepare(h264Level: level, tell: environment.plane)
        }
        let peer = PeerID(environment.nextNumber())
        let session = SessionID(RoomEnvironment.randomName())
        let entityTag = Self.newEntityTag()
        let slots = Viewing.slots(lines)
        let isPlain = slots.count <= 1
        let place = PlacedAudience(audience: request.audience, region: request.region)
        var viewing = Viewing(
            session: session,
            peer: peer,
            loop: loop,
            place: place,
            audienceID: arrive(place),
            origin: request.origin,
            admission: request.admission,
            endsAt: request.admission.map { SystemClock.reading.monotonicDeadline(for: $0.expiresAt) },
            createdAt: SystemClock.monotonic,
            negotiated: outcome.session,
            entityTag: entityTag,
            lines: lines,
            slots: slots,
            isPlain: isPlain
        )
        if let stream = request.stream, !viewing.slots.isEmpty { viewing.slots[0].stream = stream }
        viewings[session] = viewing
        sessionsOfPeers[peer] = session
        guard
            environment.plane.post(
                [.addPeer(peer, Self.transport(outcome.session, credentials), .viewer(parameters))],
                to: loop
            )
        else {
            endViewing(session)
            throw .overloaded
        }
        assign(session)
        settleAccounts()
        tellViewerCount()
        return SessionAnswer(
            session: session,
            sdp: outcome.answer.text,
            entityTag: entityTag,
            awaitsConsent: false
        )
    }

    /// Counts a session of an audience; the first brings the audience into the authority's view.
    private func arrive(_ place: PlacedAudience) -> AudienceID {
        let id = present(place)
        audiences[place]?.sessions += 1
        return id
    }

    /// Trickle and ICE restart (RFC 9725 4.3).
    func patch(
        _ session: SessionID,
        fragment text: String,
        ifMatch: String?
    ) throws(RelayProblem) -> PatchOutcome {
        let participant = publications.values.first { $0.session == session }?.participant
        let viewing = viewings[session]
        guard let negotiated = participant.flatMap({ publications[$0]?.negotiated }) ?? viewing?.negotiated,
            let entityTag = participant.flatMap({ publications[$0]?.entityTag }) ?? viewing?.entityTag,
            let peer = participant.flatMap({ publications[$0]?.peer }) ?? viewing?.peer,
            let loop = participant.flatMap({ publications[$0]?.loop }) ?? viewing?.loop
        else { throw .unknownSession }
        guard let ifMatch else {
            throw RelayProblem(
                "precondition-required",
                status: 428,
                detail: "a PATCH needs If-Match: the session's entity tag to trickle, or * to restart ICE"
            )
        }
        let fragment: TrickleFragment
        do {
            fragment = try TrickleFragment.parse(text)
        } catch {
            throw RelayProblem(OfferError(error))
        }
        // RFC 9110 writes it bare; the WHIP drafts' own example quotes it, and clients copy that.
        let isRestart = ifMatch == "*" || ifMatch == "\"*\""
        guard isRestart || ifMatch == entityTag else {
            throw RelayProblem(
                "precondition-failed",
                status: 412,
                detail: "If-Match does not name this session's present ICE generation"
            )
        }
        guard isRestart else {
            let restarted =
                participant.flatMap { publications[$0]?.restartedUfrag } ?? viewing?.restartedUfrag
            if let ufrag = fragment.iceUfrag, ufrag != restarted ?? negotiated.remoteUfrag {
                throw RelayProblem(
                    "precondition-failed",
                    status: 412,
                    detail: "the fragment's ice-ufrag is not of the ICE generation that If-Match names"
                )
            }
            // We are lite: we learn a peer's addresses from its checks, and need no candidate of it.
            return .accepted
        }
        guard let ufrag = fragment.iceUfrag, fragment.icePassword != nil else {
            throw RelayProblem(
                "sdp-malformed",
                status: 400,
                detail: "an ICE restart needs a=ice-ufrag and a=ice-pwd"
            )
        }
        let credentials = environment.credentials(loop: loop)
        guard
            environment.plane.post([.restartICE(peer, local: credentials, remoteUfrag: ufrag)], to: loop)
        else { throw .overloaded }
        let newTag = Self.newEntityTag()
        if let participant {
            publications[participant]?.entityTag = newTag
            publications[participant]?.restartedUfrag = ufrag
        }
        viewings[session]?.entityTag = newTag
        viewings[session]?.restartedUfrag = ufrag
        return .restarted(
            fragment: TrickleFragment.restartAnswer(
                environment.localTransport(credentials),
                session: negotiated
            ),
            entityTag: newTag
        )
    }

    /// Ends a session by name; `false` if there is none.
    func end(_ session: SessionID) -> Bool {
        if let participant = publications.values.first(where: { $0.session == session })?.participant {
            endPublication(participant)
            return true
        }
        guard viewings[session] != nil else { return false }
        endViewing(session)
        return true
    }

    func owner(of session: SessionID) -> SessionOwner? {
        if let publication = publications.values.first(where: { $0.session == session }) {
            return .publisher(name, publication.participant)
        }
        return viewings[session].map { .viewer(name, $0.audience) }
    }

    /// The peer of a session.
    func peer(of session: SessionID) -> PeerID? {
        viewings[session]?.peer ?? publications.values.first { $0.session == session }?.peer
    }

    /// Gates of tracks on air that are closed now, by reason.
    func deniedGates() -> [String: Int] {
        var counts: [String: Int] = [:]
        for entry in authority.overview(now: SystemClock.reading).entries {
            if let reason = entry.decision.denyReason { counts[reason.rawValue, default: 0] += 1 }
        }
        return counts
    }

    var summary: RoomSummary {
        RoomSummary(
            room: name.text,
            publishers: publications.values.filter(\.isOnAir).count,
            viewers: viewings.count
        )
    }

    private static func newEntityTag() -> String { "\"\(RoomEnvironment.randomName().prefix(16))\"" }

    static func transport(
        _ session: NegotiatedSession,
        _ credentials: ICECredentials,
        hearsGoodbye: Bool = false
    ) -> PeerTransportParameters {
        PeerTransportParameters(
            local: credentials,
            remoteUfrag: session.remoteUfrag,
            role: session.localRole == .server ? .server : .client,
            remoteFingerprints: session.remoteFingerprints.compactMap { fingerprint in
                FingerprintAlgorithm(token: fingerprint.algorithm.rawValue).flatMap {
                    DTLSHandshakes.CertificateFingerprint(algorithm: $0, bytes: fingerprint.bytes)
                }
            },
            hearsGoodbye: hearsGoodbye
        )
    }
}

extension RelayProblem {
    /// An offer that was refused, with the offer's own code and reason.
    init(_ error: OfferError) {
        self.init(error.code.rawValue, status: error.httpStatus, detail: error.message)
    }

    /// A media loop does not take commands fast enough.
    static let overloaded = RelayProblem(
        "overloaded",
        status: 503,
        detail: "the relay is overloaded; try again",
        retryAfterSeconds: 5
    )
}

extension SessionDescription {
    /// Parses an offer; what is wrong with its text is an `OfferError` like everything else.
    fileprivate init(offer: String) throws(OfferError) {
        do {
            try self.init(parsing: offer)
        } catch {
            throw OfferError(error)
        }
    }
}
