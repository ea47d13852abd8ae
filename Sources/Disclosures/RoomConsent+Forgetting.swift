import Primitives

extension RoomConsent {
    /// Takes a participant out of this state as the ledger takes them out of the log: nothing is said of them any
    /// more, and where others' events name them as guardian, entity or approver there is nobody of that name.
    package mutating func forget(_ participant: ParticipantID) {
        participants[participant] = nil
        for other in participants.keys { participants[other]?.forget(participant.text) }
    }
}

extension RoomConsent.Participant {
    fileprivate mutating func forget(_ name: String) {
        if status?.guardian == name { status?.guardian = nil }
        records = records.mapValues { record in
            guard record.statement.entity == name else { return record }
            return ConsentRecord(
                sequence: record.sequence,
                time: record.time,
                statement: record.statement.with(entity: ConsentStatement.erasedEntity)
            )
        }
        demands = demands.mapValues { recorded in
            RoomConsent.RecordedDemand(
                sequence: recorded.sequence,
                demand: recorded.demand.without(name)
            )
        }
        captureHistory = captureHistory.map { event in
            switch event.content {
            case .statement(let statement) where statement.entity == name:
                return event.saying(.statement(statement.with(entity: ConsentStatement.erasedEntity)))
            case .principal(var status) where status.guardian == name:
                status.guardian = nil
                return event.saying(.principal(status))
            default: return event
            }
        }
    }
}

extension ConsentStatement {
    /// What stands for somebody who has been erased where an event names more than one.
    package static let erasedEntity = "erased"

    fileprivate func with(entity: String) -> ConsentStatement {
        ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            coversWholeClass: coversWholeClass,
            stream: stream,
            session: session,
            state: state,
            media: media,
            validity: validity,
            source: source,
            givenAt: givenAt,
            entity: entity,
            notice: notice,
            terms: terms
        )
    }
}

extension LegalDemand {
    /// The same demand, approved by somebody nameless in the place of `name`.
    fileprivate func without(_ name: String) -> LegalDemand {
        guard approvals.contains(name) else { return self }
        var number = 1
        while approvals.contains("\(ConsentStatement.erasedEntity) \(number)") { number += 1 }
        return LegalDemand(
            id: id,
            participant: participant,
            authority: authority,
            basis: basis,
            purposes: purposes,
            media: media,
            stream: stream,
            validity: validity,
            approvals: approvals.subtracting([name]).union(["\(ConsentStatement.erasedEntity) \(number)"]),
            isLifted: isLifted
        )
    }
}

extension ConsentEvent {
    fileprivate func saying(_ content: Content) -> ConsentEvent {
        ConsentEvent(sequence: sequence, time: time, content: content)
    }
}
