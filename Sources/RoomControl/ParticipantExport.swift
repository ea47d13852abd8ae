import Disclosures
import Primitives
import RelayRuntime

/// Gathers everything held about one participant, one piece after the other.
actor ParticipantExport: ExportSource {
    private enum Step {
        case about
        case room(RoomName)
        case status(RoomName)
        case displayFields(RoomName)
        case history(RoomName, after: UInt64, page: Int)
        case disclosures(after: Int64, page: Int)
        case notices
        case keeper(Int)
        case file(ExportedFile)
    }

    /// Some hundred kilobytes a piece.
    private static let eventsPerPage = 500
    private static let disclosuresPerPage = 100

    private let participant: ParticipantID
    private let rooms: [RoomName]
    private let control: RelayControl
    private let keepers: [any PersonalDataKeeper]
    private var steps: [Step]
    /// Digests of the notices that the records so far refer to.
    private var notices: Set<String> = []

    init(
        of participant: ParticipantID,
        rooms: [RoomName],
        from control: RelayControl,
        keepers: [any PersonalDataKeeper]
    ) {
        self.participant = participant
        self.rooms = rooms
        self.control = control
        self.keepers = keepers
        let ofRooms: [Step] = rooms.flatMap { room -> [Step] in
            [.room(room), .status(room), .displayFields(room), .history(room, after: 0, page: 1)]
        }
        // The last comes first.
        steps =
            ([.about] + ofRooms + [.disclosures(after: 0, page: 1), .notices]
            + keepers.indices.map { Step.keeper($0) }).reversed()
    }

    func next() async throws(RelayProblem) -> ExportedRecord? {
        while let step = steps.popLast() {
            if let record = try await take(step) { return record }
        }
        return nil
    }

    private func take(_ step: Step) async throws(RelayProblem) -> ExportedRecord? {
        switch step {
        case .about: return .about(participant, rooms: rooms, at: SystemClock.wall)
        case .room(let room): return .consents(room, try await control.consents(room, participant))
        case .status(let room):
            return .status(room, try await control.governance(of: participant, in: room))
        case .displayFields(let room):
            let profile = try await control.displayFields(of: participant, in: room)
            return profile == ParticipantProfile() ? nil : .displayFields(room, profile)
        case .history(let room, let after, let page): return try await history(room, after: after, page)
        case .disclosures(let after, let page):
            let found = try await control.disclosures(
                of: participant,
                proofs: true,
                after: after,
                limit: Self.disclosuresPerPage
            )
            notices.formUnion(found.notices)
            if let next = found.next { steps.append(.disclosures(after: next, page: page + 1)) }
            return .disclosures(page: page, json: found.json)
        case .notices: return try await notice()
        case .keeper(let index):
            do {
                steps += try await keepers[index].files(about: participant).reversed().map { .file($0) }
            } catch {
                throw LiveRoom.problem(.logUnavailable)
            }
            return nil
        case .file(let file): return .file(file)
        }
    }

    private func history(
        _ room: RoomName,
        after: UInt64,
        _ page: Int
    ) async throws(RelayProblem) -> ExportedRecord {
        let events = try await control.history(
            of: participant,
            in: room,
            after: after,
            limit: Self.eventsPerPage
        )
        notices.formUnion(events.compactMap { $0.statement?.notice?.sha256 })
        if events.count == Self.eventsPerPage, let last = events.last {
            steps.append(.history(room, after: last.sequence, page: page + 1))
        }
        return .history(room, page: page, events)
    }

    /// The words of one notice that was shown; comes back while there are more.
    private func notice() async throws(RelayProblem) -> ExportedRecord? {
        guard let digest = notices.min() else { return nil }
        notices.remove(digest)
        steps.append(.notices)
        return try await control.noticeText(sha256: digest).map { .notice(sha256: digest, $0) }
    }
}
