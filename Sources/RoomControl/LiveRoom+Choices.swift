import ConsentAuthority
import Disclosures
import Primitives
import RelayRuntime

/// What people choose, turned into statements and judged before anything is recorded.
extension LiveRoom {
    /// Records a participant's choices and answers when they are in force.
    ///
    /// `sendsPrivacyControl`: the request came with `Sec-GPC: 1`.
    func choose(
        _ changes: [ConsentChange],
        of participant: ParticipantID,
        by actor: ConsentActor,
        sendsPrivacyControl: Bool,
        ifEpoch: Set<UInt64>?
    ) async -> Result<Acknowledgement, RelayProblem> {
        do throws(RelayProblem) {
            let now = SystemClock.wall
            var statements = try changes.map { change throws(RelayProblem) in
                try statement(of: change, participant, by: actor, at: now)
            }
            // Also who answers for a child has a browser that may say so.
            if actor != .operatorByAPI {
                statements += privacyControl(of: participant, isSent: sendsPrivacyControl, changes, at: now)
            }
            return await submit(statements, of: participant, ifEpoch: ifEpoch)
        } catch {
            return .failure(error)
        }
    }

    private func statement(
        of change: ConsentChange,
        _ participant: ParticipantID,
        by actor: ConsentActor,
        at now: WallClockTime
    ) throws(RelayProblem) -> ConsentStatement {
        let key = ConsentKey(
            participant: participant,
            purpose: change.purpose,
            recipientClass: change.recipientClass,
            recipient: change.recipient,
            stream: change.stream,
            source: actor.source
        )
        let earlier = authority.durable.record(for: key)?.statement.state
        var terms = change.terms
        if change.choice == .grant {
            let notice = try judge(change.notice, for: change.purpose)
            terms.language = terms.language ?? notice?.language
            terms.lawfulBasis = .explicitConsent
            // The room's page, without the participant: what stands in an event outlives an erasure.
            terms.withdrawalMethod = "/rooms/\(name.text)"
        }
        if change.choice == .defer, earlier == .revoked {
            throw RelayProblem(
                "already-answered",
                status: 409,
                detail: "what an operator has revoked is agreed to anew or not; it cannot be put off"
            )
        }
        if change.choice == .request, let earlier, !earlier.mayBeAsked {
            throw RelayProblem(
                "already-answered",
                status: 409,
                detail: "the participant has said \(earlier.rawValue) to \(change.purpose.rawValue); asking"
                    + " would take that back"
            )
        }
        let statement = ConsentStatement(
            participant: participant,
            purpose: change.purpose,
            recipientClass: change.recipientClass,
            recipient: change.recipient,
            coversWholeClass: change.coversWholeClass,
            stream: change.stream,
            state: change.choice.state(after: earlier),
            media: change.statedMedia,
            validity: change.validity,
            source: actor.source,
            givenAt: now,
            entity: actor.entity,
            notice: change.notice,
            terms: terms
        )
        if let fault = statement.fault {
            throw RelayProblem(
                "malformed",
                status: 422,
                detail: "the choice about \(change.purpose.rawValue) cannot be recorded: \(fault.rawValue)"
            )
        }
        return statement
    }

    /// The notice that a grant rests on.
    ///
    /// A page that was left open must not record an agreement to words that are not in force any more.
    private func judge(
        _ reference: NoticeReference?,
        for purpose: Purpose
    ) throws(RelayProblem) -> NoticeVersion? {
        let accepted = authority.durable.notices(acceptedFor: purpose)
        guard let reference else {
            guard let needed = accepted.last else { return nil }
            throw RelayProblem(
                "outdated-notice",
                status: 422,
                detail: "\(purpose.rawValue) is granted under a notice here: name \(needed.id) version"
                    + " \(needed.version), sha256 \(needed.sha256), once it was shown"
            )
        }
        if let notice = accepted.last(where: { $0.reference == reference }) { return notice }
        let isKnown = authority.durable.notices.contains { $0.reference == reference }
        guard isKnown else {
            throw RelayProblem(
                "unknown-notice",
                status: 422,
                detail:
                    "no notice \(reference.id) version \(reference.version) of that digest was published in"
                    + " this room"
            )
        }
        guard accepted.isEmpty else {
            throw RelayProblem(
                "outdated-notice",
                status: 422,
                detail: "notice \(reference.id) version \(reference.version) is not the one in force for"
                    + " \(purpose.rawValue); show the present one and ask again"
            )
        }
        return authority.durable.notices.last { $0.reference == reference }
    }

    /// What Global Privacy Control says beside a request's own choices.
    ///
    /// The signal refuses sharing with third parties, once. Its absence says nothing; but who grants a purpose
    /// by a request that comes without the signal has lifted for that purpose what a machine refused.
    func privacyControl(
        of participant: ParticipantID,
        isSent: Bool,
        _ changes: [ConsentChange] = [],
        at now: WallClockTime
    ) -> [ConsentStatement] {
        let standing = authority.records(of: participant)
            .filter { $0.statement.source == .globalPrivacyControl && $0.statement.state.refuses }
            .map(\.statement.purpose)
        if isSent {
            return ConsentStatement.globalPrivacyControl(of: participant, at: now)
                .filter { !standing.contains($0.purpose) }
        }
        let granted = Set(changes.filter { $0.choice == .grant }.map(\.purpose))
        return granted.intersection(standing).sorted { $0.rawValue < $1.rawValue }.map { purpose in
            ConsentStatement(
                participant: participant,
                purpose: purpose,
                state: .unknown,
                media: [],
                source: .globalPrivacyControl,
                givenAt: now
            )
        }
    }
}

extension ConsentChange.Choice {
    /// The state that the choice brings about where `earlier` stood.
    fileprivate func state(after earlier: ConsentState?) -> ConsentState {
        switch self {
        case .grant: earlier?.permits == true ? .renewed : .given
        case .withdraw: .withdrawn
        case .revoke: .revoked
        case .refuse: .refused
        case .defer: .requestDeferred
        case .request: .requested
        }
    }
}

extension ConsentState {
    /// Whether asking takes nothing back that the person has said.
    fileprivate var mayBeAsked: Bool {
        switch self {
        case .unknown, .requested, .requestDeferred, .expired: true
        case .given, .renewed, .refused, .withdrawn, .revoked, .invalidated: false
        }
    }
}
