import Disclosures
import Primitives

extension RoomAuthority {
    /// Ends every grant that the participant has given and that is not ended yet.
    ///
    /// `withdrawn` by the person, `revoked` by somebody else, who is named as `entity`. Tokens issued before grant
    /// nothing new after it.
    package mutating func endEveryGrant(
        of participant: ParticipantID,
        state: ConsentState,
        source: ConsentSource,
        entity: String? = nil,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) -> ConsentTicket {
        let states = base(of: .participant(participant)).prefixes(
            with: pendingRequests(touching: .participant(participant))
        )
        var keys: Set<ConsentKey> = []
        var endings: [ConsentStatement] = []
        for record in states.flatMap({ $0.records(of: participant) }).sorted(by: { $0.sequence < $1.sequence }
        )
        where record.statement.permits {
            let ending = record.statement.ended(state, source: source, entity: entity, at: now.wall)
            if keys.insert(ending.key).inserted { endings.append(ending) }
        }
        if endings.count > ConsentLimits.contentsPerRequest {
            endings = Purpose.allCases.map { purpose in
                ConsentStatement(
                    participant: participant,
                    purpose: purpose,
                    state: state,
                    media: [],
                    source: source,
                    givenAt: now.wall,
                    entity: entity
                )
            }
        }
        if endings.isEmpty {
            // Grants of a token that is still to be presented end too: a later word has to be on record.
            endings = [
                ConsentStatement(
                    participant: participant,
                    purpose: .liveRoom,
                    state: state,
                    media: [],
                    source: source,
                    givenAt: now.wall,
                    entity: entity
                )
            ]
        }
        return submit(endings, of: participant, now: now, effects: &effects)
    }
}

extension ConsentStatement {
    /// The word that ends this grant.
    fileprivate func ended(
        _ state: ConsentState,
        source: ConsentSource,
        entity: String?,
        at time: WallClockTime
    ) -> ConsentStatement {
        ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: recipient,
            stream: stream,
            session: session,
            state: state,
            media: [],
            source: source,
            givenAt: time,
            entity: entity
        )
    }
}
