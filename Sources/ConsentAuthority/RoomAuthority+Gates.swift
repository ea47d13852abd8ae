import Disclosures
import Primitives

extension RoomAuthority {
    /// A participant's track is live; its gates open where the durable log permits.
    ///
    /// `joinedAt` is when the participant joined the room, if that was before now; `carried` what another relay
    /// carries along, if the track comes from one.
    package mutating func trackStarted(
        _ track: TrackID,
        participant: ParticipantID,
        media: MediaType,
        stream: String,
        session: String? = nil,
        joinedAt: WallClockTime? = nil,
        carried: CarriedConsent? = nil,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        precondition(tracks[track] == nil, "a track starts once")
        tracks[track] = Track(
            participant: participant,
            media: media,
            stream: stream,
            session: session,
            joinedAt: joinedAt ?? now.wall,
            carried: carried
        )
        tracksOfParticipant[participant, default: []].insert(track)
        for audience in audiences.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            gates[GateKey(track: track, audience: audience)] = Gate()
        }
        updateWindows(of: participant, now: now)
        if isAllParty {
            // Whoever is new on air has to agree too.
            refreshAll(renewing: false, now: now, effects: &effects)
        } else {
            var joint: [JointAudience: Decision] = [:]
            refreshGates(of: track, renewing: false, &joint, now: now, effects: &effects)
        }
    }

    /// The relay that passes a track on carries something else along from now on.
    ///
    /// What that takes away closes at once. It is no record of the participant's, so nothing is written.
    package mutating func carry(
        _ carried: CarriedConsent,
        with track: TrackID,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard tracks[track] != nil, tracks[track]?.carried != carried else { return }
        tracks[track]?.carried = carried
        if isAllParty {
            refreshAll(renewing: false, now: now, effects: &effects)
        } else {
            var joint: [JointAudience: Decision] = [:]
            refreshGates(of: track, renewing: false, &joint, now: now, effects: &effects)
        }
    }

    /// The track is gone; its gates close and are forgotten.
    package mutating func trackEnded(_ track: TrackID, effects: inout [ConsentEffect]) {
        guard let ended = tracks.removeValue(forKey: track) else { return }
        tracksOfParticipant[ended.participant]?.remove(track)
        if tracksOfParticipant[ended.participant]?.isEmpty == true {
            tracksOfParticipant[ended.participant] = nil
            windows[ended.participant] = nil
        }
        for audience in audiences.keys {
            removeGate(GateKey(track: track, audience: audience), effects: &effects)
        }
    }

    /// Somebody may now ask for disclosures to this audience; recipients in different regions are audiences apart.
    package mutating func audienceArrived(
        _ id: AudienceID,
        _ audience: Audience,
        region: Region? = nil,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        precondition(audiences[id] == nil, "an audience arrives once")
        audiences[id] = PresentAudience(audience: audience, region: region)
        var joint: [JointAudience: Decision] = [:]
        for track in sortedTracks {
            let key = GateKey(track: track, audience: id)
            gates[key] = Gate()
            refresh(key, renewing: false, &joint, now: now, effects: &effects)
        }
    }

    /// Nobody of the audience is left; its gates close and are forgotten.
    package mutating func audienceLeft(_ id: AudienceID, effects: inout [ConsentEffect]) {
        guard audiences.removeValue(forKey: id) != nil else { return }
        for track in tracks.keys {
            removeGate(GateKey(track: track, audience: id), effects: &effects)
        }
    }

    private mutating func removeGate(_ key: GateKey, effects: inout [ConsentEffect]) {
        if gates.removeValue(forKey: key)?.isOpen == true {
            effects.append(.closeGate(key.track, key.audience))
        }
    }

    private var sortedTracks: [TrackID] { tracks.keys.sorted { $0.rawValue < $1.rawValue } }

    /// Decides every gate of the room anew.
    mutating func refreshAll(renewing: Bool, now: ClockReading, effects: inout [ConsentEffect]) {
        for participant in tracksOfParticipant.keys { updateWindows(of: participant, now: now) }
        var joint: [JointAudience: Decision] = [:]
        for track in sortedTracks {
            refreshGates(of: track, renewing: renewing, &joint, now: now, effects: &effects)
        }
    }

    /// Decides every gate anew that an event about `subject` may touch.
    mutating func refreshGates(
        of subject: ConsentEvent.Subject,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard let participant = subject.participant, !isAllParty else {
            refreshAll(renewing: false, now: now, effects: &effects)
            return
        }
        updateWindows(of: participant, now: now)
        let own = (tracksOfParticipant[participant] ?? []).sorted { $0.rawValue < $1.rawValue }
        var joint: [JointAudience: Decision] = [:]
        for track in own {
            refreshGates(of: track, renewing: false, &joint, now: now, effects: &effects)
        }
    }

    /// The question that a gate stands for.
    func request(_ track: Track, _ present: PresentAudience) -> DisclosureRequest {
        DisclosureRequest(
            participant: track.participant,
            media: track.media,
            audience: present.audience,
            stream: track.stream,
            session: track.session,
            recipientRegion: present.region,
            joinedAt: track.joinedAt,
            carried: track.carried
        )
    }

    private mutating func refreshGates(
        of track: TrackID,
        renewing: Bool,
        _ joint: inout [JointAudience: Decision],
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        for audience in audiences.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            let key = GateKey(track: track, audience: audience)
            refresh(key, renewing: renewing, &joint, now: now, effects: &effects)
        }
    }

    /// Brings one gate in line with what is decided now.
    private mutating func refresh(
        _ key: GateKey,
        renewing: Bool,
        _ joint: inout [JointAudience: Decision],
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        guard var gate = gates[key], let track = tracks[key.track], let present = audiences[key.audience]
        else { return }
        var told = decision(request(track, present), &joint, now: now)
        switch told {
        case .deny:
            if gate.isOpen { effects.append(.closeGate(key.track, key.audience)) }
            gate.isOpen = false
        case .permit(let permit):
            let isFresh = heartbeatIsFresh(now.monotonic)
            let lapsed = gate.leaseEnd <= now.monotonic
            if isFresh, !gate.isOpen {
                gate.isOpen = true
                gate.leaseEnd = leaseEnd(permit, now: now.monotonic)
                effects.append(.openGate(key.track, key.audience, permit, leaseEnd: gate.leaseEnd))
            } else if isFresh, renewing || lapsed {
                gate.leaseEnd = leaseEnd(permit, now: now.monotonic)
                effects.append(.renewGate(key.track, key.audience, permit, leaseEnd: gate.leaseEnd))
            } else if gate.isOpen, !lapsed, permit.notAfter < gate.leaseEnd {
                // A grant that was shortened shortens the running lease, heartbeat or not.
                gate.leaseEnd = permit.notAfter
                effects.append(.renewGate(key.track, key.audience, permit, leaseEnd: gate.leaseEnd))
            }
            if !gate.isOpen || gate.leaseEnd <= now.monotonic { told = .deny(lapseReason(now.monotonic)) }
        }
        if gate.lastTold.map({ $0.differs(from: told) }) ?? true {
            effects.append(.changed(key.track, key.audience, told))
        }
        gate.lastTold = told
        gates[key] = gate
    }

    private func leaseEnd(_ permit: Permit, now: MonotonicTime) -> MonotonicTime {
        min(now.advanced(byMilliseconds: ConsentTiming.leaseMilliseconds), permit.notAfter)
    }
}

extension Decision {
    /// Whether somebody who was told `self` has to be told `other`: opened, withheld, or for another reason.
    fileprivate func differs(from other: Decision) -> Bool {
        denyReason != other.denyReason
    }
}
