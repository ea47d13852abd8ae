import Primitives

/// For the operator, and for those who want to be forgotten.
extension WebhookDispatcher {
    /// How every endpoint does, by name.
    package func statuses() async throws -> [WebhookStatus] {
        var statuses: [WebhookStatus] = []
        for endpoint in endpoints.sorted(by: { $0.name < $1.name }) {
            let deadLetters = try await store.deadLetterCount(of: endpoint.name)
            guard let schedule = schedules[endpoint.name], let counts = counts[endpoint.name] else {
                continue
            }
            statuses.append(
                WebhookStatus(
                    name: endpoint.name,
                    host: endpoint.host,
                    types: endpoint.types.map(\.rawValue).sorted(),
                    rooms: endpoint.rooms.map(\.text).sorted(),
                    isEnabled: !schedule.isDisabled,
                    waiting: schedule.count,
                    deadLetters: deadLetters,
                    counts: counts,
                    lastAnswer: lastAnswers[endpoint.name]
                )
            )
        }
        return statuses
    }

    /// Up to where each room's log is told, and since when events are told at all: what comes after, and is not too
    /// old to be delivered still, was lost when an earlier process ended.
    package func progress() async throws -> (told: [RoomName: UInt64], since: WallClockTime) {
        let (told, begun) = try await store.progress()
        let age = Int64(limits.ageSeconds) * 1_000_000_000
        let oldest = WallClockTime(nanosecondsSince1970: clock().nanosecondsSince1970 - age)
        return (told, max(begun, oldest))
    }

    /// Dead letters of an endpoint by number, those after `number`; at most 1001, so that a page
    /// of 1000 can tell whether there is another.
    package func deadLetters(
        of endpoint: String,
        after number: Int64 = 0,
        limit: Int = maximumPage
    ) async throws -> [DeadLetter] {
        try await store.deadLetters(of: endpoint, after: number, limit: min(limit, Self.maximumPage + 1))
    }

    /// Delivers dead letters once more as if they were new: those with these numbers, or the oldest; answers how
    /// many (at most 1000, and as many as have room).
    package func replay(_ endpoint: String, numbers: [Int64]? = nil) async throws -> Int {
        guard let room = schedules[endpoint]?.room, room > 0 else { return 0 }
        let deliveries = try await store.revive(
            endpoint,
            numbers: numbers.map { Array($0.prefix(Self.maximumPage)) },
            limit: min(room, Self.maximumPage),
            at: clock()
        )
        for delivery in deliveries { schedules[endpoint]?.add(delivery) }
        outbox.wake()
        return deliveries.count
    }

    /// Tells an endpoint again that answered 410, or stops telling it; false if there is none of that name.
    package func setEnabled(_ endpoint: String, _ isEnabled: Bool) async throws -> Bool {
        guard schedules[endpoint] != nil else { return false }
        if isEnabled {
            try await store.enable(endpoint)
            schedules[endpoint]?.enable()
        } else {
            var steps: [DeliverySchedule.Step] = []
            schedules[endpoint]?.disable(steps: &steps)
            var changes: [WebhookStore.Change] = []
            for step in steps { note(step, of: endpoint, nil, &changes) }
            await apply(changes)
        }
        outbox.wake()
        return true
    }

    /// Removes every event about a person, told or not, also from the file's write-ahead log.
    package func erase(_ subject: ParticipantID) async throws {
        outbox.erase { $0.subject == subject }
        erasedWhileWriting.append(subject)
        let numbers = try await store.erase(subject)
        for name in schedules.keys { schedules[name]?.remove(numbers) }
        try await store.truncateLog()
    }
}
