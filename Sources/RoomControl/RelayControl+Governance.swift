import Disclosures
import LedgerStore
import Logging
import Primitives

extension RelayControl: RoomGovernance {
    package func governance(of room: RoomName) async throws(RelayProblem) -> GovernedRoom {
        let live = try await enter(room, for: .reading)
        defer { leave(room) }
        return await live.governance
    }

    package func governance(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> GovernedParticipant {
        let live = try await enter(room, for: .reading)
        defer { leave(room) }
        return await live.governance(of: participant)
    }

    package func publish(
        _ notice: NoticePublication,
        in room: RoomName
    ) async throws(RelayProblem) -> ConsentAcknowledgement {
        // The words first: a digest that nobody can look up binds nobody.
        try await logged { () async throws(LedgerError) in try await environment.notices.store(notice.text) }
        return try await govern(room, by: .notice(notice.notice), ifEpoch: nil)
    }

    package func noticeText(sha256: String) async throws(RelayProblem) -> NoticeWords? {
        let stored = try await logged { () async throws(LedgerError) in
            try await environment.notices.noticeText(sha256: sha256)
        }
        return stored.map { NoticeWords(language: $0.language, text: $0.text) }
    }

    package func govern(
        _ room: RoomName,
        by content: ConsentEvent.Content,
        ifEpoch: Set<UInt64>?
    ) async throws(RelayProblem) -> ConsentAcknowledgement {
        let live = try await enter(room, for: .narrowing)
        defer { leave(room) }
        try await refuseErased(content)
        try refuse(content)
        let acknowledgement = try await live.govern(by: content, ifEpoch: ifEpoch).get()
        holdChanged(content)
        return ConsentAcknowledgement(acknowledgement)
    }

    package func endEveryGrant(
        of participant: ParticipantID,
        by actor: ConsentActor,
        including room: RoomName?
    ) async throws(RelayProblem) -> [RoomAcknowledgement] {
        var names = try await logged { () async throws(LedgerError) in
            try await environment.log.rooms(of: participant)
        }
        if let room, !names.contains(room) { names.append(room) }
        // Side by side: the media of every room stops at once, and each answers when its log has it. Where no room
        // is open nothing flows, and a few at a time are opened for it.
        let results = await withTaskGroup(of: (RoomName, Result<ConsentAcknowledgement, RelayProblem>).self) {
            group in
            func end(in name: RoomName) {
                group.addTask { (name, await self.endGrants(of: participant, in: name, by: actor)) }
            }
            var closed = names.filter { rooms[$0] == nil }[...]
            names.filter { rooms[$0] != nil }.forEach(end)
            closed.prefix(Self.roomsOpenedAtATime).forEach(end)
            closed = closed.dropFirst(Self.roomsOpenedAtATime)
            var results: [(RoomName, Result<ConsentAcknowledgement, RelayProblem>)] = []
            while let result = await group.next() {
                results.append(result)
                if let name = closed.popFirst() { end(in: name) }
            }
            return results
        }
        var acknowledged: [RoomAcknowledgement] = []
        for (name, result) in results.sorted(by: { $0.0.text < $1.0.text }) {
            acknowledged.append(RoomAcknowledgement(room: name, acknowledgement: try result.get()))
        }
        return acknowledged
    }

    private static let roomsOpenedAtATime = 16

    private func endGrants(
        of participant: ParticipantID,
        in room: RoomName,
        by actor: ConsentActor
    ) async -> Result<ConsentAcknowledgement, RelayProblem> {
        do {
            let live = try await enter(room, for: .narrowing)
            defer { leave(room) }
            return await live.endEveryGrant(of: participant, by: actor).map(ConsentAcknowledgement.init)
        } catch {
            return .failure(error)
        }
    }

    package func history(
        of participant: ParticipantID,
        in room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(RelayProblem) -> [ConsentEvent] {
        try await logged { () async throws(LedgerError) in
            try await records.events(about: participant, room: room, after: sequence, limit: limit)
        }
    }

    /// Refuses what would be about somebody who was erased: nobody has come with the identifier since.
    ///
    /// What cannot be found out refuses nothing, as some of it takes away.
    private func refuseErased(_ content: ConsentEvent.Content) async throws(RelayProblem) {
        guard let participant = content.subject.participant,
            let standing = try? await records.standing(of: participant),
            standing.erasedAt != nil, !standing.isKnown
        else { return }
        // A hold on what was written since keeps its erasure waiting.
        if case .hold(let hold) = content, hold.isLifted, erasures.waiting.contains(participant) { return }
        throw .erased
    }

    func logged<Value>(
        _ body: () async throws(LedgerError) -> Value
    ) async throws(RelayProblem) -> Value {
        do {
            return try await body()
        } catch {
            logger.error("the ledger does not answer", metadata: ["error": "\(error)"])
            throw LiveRoom.problem(.logUnavailable)
        }
    }
}
