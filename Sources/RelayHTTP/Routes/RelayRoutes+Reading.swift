import Hummingbird
import Primitives
import RoomControl

/// What an operator's look at personal data is about, as the ledger says it.
enum ReadScope: String {
    case accounting
    case breach
    case consents
    case correction
    case erasure
    case events
    case export
    case history
    case profile
    case receipts
    case status
}

extension RelayRoutes {
    /// Most bytes of a reason, as the ledger holds it.
    static let maximumReasonBytes = 512

    /// Lets the participant itself, or who answers for it, read what is held about it, and an operator who says why; the operator's look is
    /// in the ledger before the answer is given.
    @discardableResult
    func admitReader(
        _ request: Request,
        of participant: ParticipantID,
        in room: RoomName? = nil,
        _ scope: ReadScope
    ) async throws -> ParticipantActor {
        let actor: ParticipantActor
        if let room {
            actor = try await bearer.participantActor(of: request, room: room, participant: participant)
        } else {
            actor = try await bearer.participantActor(of: request, participant: participant)
        }
        _ = try Self.reason(request)
        try await refuseErased(actor, participant)
        if case .relayOperator(let token) = actor { try await note(token, request, scope, participant) }
        return actor
    }

    /// Writes an operator's look at personal data into the ledger.
    ///
    /// 428 without a reason.
    func note(
        _ token: VerifiedToken,
        _ request: Request,
        _ scope: ReadScope,
        _ participant: ParticipantID?
    ) async throws {
        guard case .relayOperator(let holder) = token.access else { return }
        guard let reason = try Self.reason(request) else {
            throw RelayProblem(
                "reason-required",
                status: 428,
                detail:
                    "an operator's look at personal data is recorded with its reason: send it as Tally-Reason"
            )
        }
        try await service.record(
            PersonalRead(
                role: holder.role.rawValue,
                scope: scope.rawValue,
                reason: reason,
                participant: participant
            )
        )
    }

    /// Why somebody looks; `nil` without a reason, 400 for one that cannot be written down.
    private static func reason(_ request: Request) throws(RelayProblem) -> String? {
        let reasons = request.headers[values: .tallyReason]
        guard let reason = reasons.first else { return nil }
        // RFC 9110 5.5: field values are printable ASCII.
        guard reasons.count == 1, (1...maximumReasonBytes).contains(reason.utf8.count),
            reason.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw RelayProblem(
                "malformed-reason",
                status: 400,
                detail: "there is one Tally-Reason of 1 to \(maximumReasonBytes) printable ASCII characters"
            )
        }
        return reason
    }

    /// 410 for a participant who was erased: to an operator while nobody new has that identifier, and to whoever
    /// still has a token from before.
    ///
    /// What cannot be found out refuses nothing: taking consent back must not wait for the ledger.
    func refuseErased(_ actor: ParticipantActor, _ participant: ParticipantID) async throws {
        guard let standing = try? await service.standing(of: participant), let erasedAt = standing.erasedAt
        else { return }
        switch actor {
        case .participant(let token), .guardian(let token, _):
            guard token.wasIssued(before: erasedAt) else { return }
        case .relayOperator: guard !standing.isKnown else { return }
        }
        throw RelayProblem.erased
    }
}

extension RelayProblem {
    static let noErasure = RelayProblem(
        "no-erasure",
        status: 404,
        detail: "nobody has asked for the erasure of this participant"
    )
}

extension VerifiedToken {
    /// Tokens say the second: one of the same second counts as issued before.
    func wasIssued(before time: WallClockTime) -> Bool {
        WallClockTime(nanosecondsSince1970: Int64(issuedAt) * 1_000_000_000) <= time
    }
}

extension ParticipantActor {
    /// An operator needs a reason for what the participant, and who answers for them, may read as it is.
    var isOperator: Bool {
        if case .relayOperator = self { return true }
        return false
    }
}
