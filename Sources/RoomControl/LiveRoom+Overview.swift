import ConsentAuthority
import Disclosures
import Primitives
import RelayEngine
import RelayRuntime
import Rooms

/// What the participant sees: their records, and what the enforcement point does with them now.
extension LiveRoom {
    /// One line of a participant's overview: an audience, or every recipient of a class.
    private struct Line: Hashable {
        let purpose: Purpose
        let recipientClass: RecipientClass
        /// `nil` where the class has no names, and for every recipient of the class.
        let recipient: String?

        init(_ audience: Audience) {
            (purpose, recipientClass, recipient) =
                (audience.purpose, audience.recipientClass, audience.recipient)
        }

        init(_ statement: ConsentStatement) {
            (purpose, recipientClass, recipient) =
                (statement.purpose, statement.recipientClass, statement.recipient)
        }

        var audience: Audience? {
            Audience(purpose: purpose, recipientClass: recipientClass, recipient: recipient)
        }

        /// Whether what is shown to `audience` is shown under this line.
        func covers(_ audience: Audience) -> Bool {
            purpose == audience.purpose && recipientClass == audience.recipientClass
                && (recipient == nil || recipient == audience.recipient)
        }

        var order: (String, String, String) { (purpose.rawValue, recipientClass.rawValue, recipient ?? "") }
    }

    /// How many sessions an audience has, and how many of them receive a participant.
    private struct Crowd {
        var present = 0
        var receiving = 0
    }

    private func crowds(before participant: ParticipantID) -> [Audience: Crowd] {
        let stream = publications[participant]?.stream
        return viewings.values.reduce(into: [:]) { crowds, viewing in
            crowds[viewing.audience, default: Crowd()].present += 1
            if isReceived(stream, by: viewing) { crowds[viewing.audience, default: Crowd()].receiving += 1 }
        }
    }

    func overview(of participant: ParticipantID) -> ConsentOverview {
        let now = SystemClock.reading
        let records = authority.records(of: participant)
        var lines: Set<Line> = [Line(Audience.roomViewers)]
        // What a machine has said shows in the lines that it touches.
        for record in records where !record.statement.source.onlyNarrows {
            lines.insert(Line(record.statement))
        }
        for place in audiences.keys { lines.insert(Line(place.audience)) }
        // Once for all lines, as there may be hundreds of them, and thousands of viewers.
        var recorded: [Line: ConsentRecord] = [:]
        for record in records where !record.statement.source.onlyNarrows {
            recorded[Line(record.statement)] = record
        }
        let crowds = crowds(before: participant)
        return ConsentOverview(
            room: name.text,
            participant: participant.text,
            epoch: authority.durable.epoch,
            onAir: publications[participant]?.isOnAir == true,
            audiences: lines.sorted { $0.order < $1.order }.map { line in
                state(of: line, participant, recorded[line], crowds, now: now)
            },
            stream: streams[participant]?.text
        )
    }

    private func state(
        of line: Line,
        _ participant: ParticipantID,
        _ recorded: ConsentRecord?,
        _ crowds: [Audience: Crowd],
        now: ClockReading
    ) -> AudienceState {
        let covered = crowds.filter { line.covers($0.key) }.values
        let receiving = covered.reduce(0) { $0 + $1.receiving }
        let present = covered.reduce(0) { $0 + $1.present }
        let (state, reason) =
            line.audience.map { judge($0, participant, isReceived: receiving > 0, now: now) }
            ?? judge(recorded, isReceived: receiving > 0, now: now)
        return AudienceState(
            purpose: line.purpose.rawValue,
            recipientClass: line.recipientClass.rawValue,
            recipient: line.recipient,
            wholeClass: line.audience == nil ? true : nil,
            consent: recorded?.statement.state.rawValue ?? ConsentState.unknown.rawValue,
            state: state,
            reason: reason?.rawValue,
            viewers: state == "live" ? receiving : present,
            record: recorded.map { AudienceRecord($0) },
            notices: notices(for: line.purpose),
            needsRenewal: recorded.flatMap { needsRenewal($0) ? true : nil }
        )
    }

    private func notices(for purpose: Purpose) -> [NoticeLink]? {
        let notices = noticesInForce(for: purpose)
        return notices.isEmpty ? nil : notices.map { NoticeLink($0) }
    }

    /// Whether the person agreed, and something that came later asks for a new word.
    private func needsRenewal(_ record: ConsentRecord) -> Bool {
        record.statement.permits && authority.durable.isSuspended(record)
    }

    /// What the door does about an audience.
    private func judge(
        _ audience: Audience,
        _ participant: ParticipantID,
        isReceived: Bool,
        now: ClockReading
    ) -> (state: String, reason: DenyReason?) {
        let publication = publications[participant]
        let stream = streams[participant]?.text ?? ""
        var denial: DenyReason?
        var isPermittedInPart = false
        // What is permitted somewhere is permitted in part.
        let places = audiences.keys.filter { $0.audience == audience }.map(\.region)
        let tracks = publication?.tracks.map { ($0.type, $0.carried) }
        for (kind, carried) in tracks ?? MediaType.live.sorted().map({ ($0, nil) }) {
            for region in places.isEmpty ? [nil] : places {
                let request = DisclosureRequest(
                    participant: participant,
                    media: audience.purpose == .identify ? .displayName : kind,
                    audience: audience,
                    stream: stream,
                    session: publication?.session.text,
                    recipientRegion: region,
                    carried: carried
                )
                let reason = authority.wouldDecide(request, now: now).denyReason
                if reason == nil { isPermittedInPart = true }
                denial = denial ?? reason
            }
        }
        // What is sent is what the media loops say they send, never what was asked for.
        if isReceived { return ("live", isPermittedInPart ? nil : denial) }
        guard isPermittedInPart else { return ("withheld", denial) }
        let isGateOpen =
            publication?.isOnAir != true || gatesAreOpen(publication, audience, now: now.monotonic)
        let mayFlow = isGateOpen && !accounts.isBlocked(stream: stream, audience: audience)
        return mayFlow ? ("permitted", nil) : ("withheld", .logUnavailable)
    }

    /// What stands for every recipient of a class.
    private func judge(
        _ record: ConsentRecord?,
        isReceived: Bool,
        now: ClockReading
    ) -> (state: String, reason: DenyReason?) {
        // What a partner receives by its own name shows in its own line.
        guard let record, record.statement.permits else {
            return ("withheld", record?.statement.state.denyReason ?? .noRecord)
        }
        guard record.statement.validity.contains(now.wall) else { return ("withheld", .expired) }
        if needsRenewal(record) { return ("withheld", .outdatedNotice) }
        return (isReceived ? "live" : "permitted", nil)
    }

    private func gatesAreOpen(_ publication: Publication?, _ audience: Audience, now: MonotonicTime) -> Bool {
        let present = audiences.filter { $0.key.audience == audience }.values
        guard let publication, !present.isEmpty else { return true }
        return publication.tracks.contains { track in
            present.contains { present in
                gates[GateName(track: track.id, audience: present.id)]?.isOpen(now: now) == true
            }
        }
    }

    private func isReceived(_ stream: StreamID?, by viewing: Viewing) -> Bool {
        guard let stream else { return false }
        return viewing.slots.contains { slot in
            slot.stream == stream
                && [slot.audio, slot.video].compactMap({ $0 }).contains { viewing.lines[$0].state == .live }
        }
    }
}
