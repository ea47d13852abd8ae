import Logging
import Primitives

/// Tells endpoints what happened: writes down, sends, tries again, gives up.
///
/// One loop changes the schedules; attempts run beside it. What is written is told at least once, also over
/// restarts; receivers tell repetitions by `webhook-id`.
package actor WebhookDispatcher {
    struct Attempt {
        let endpoint: String
        let number: Int64
        let outcome: DeliveryOutcome
    }

    /// Events written in one transaction.
    private static let eventsPerWrite = 512
    /// After a write that failed.
    private static let storeRetryMilliseconds = 1_000 as Int64
    /// The loop looks at its clock at least this often, so that a clock that is set changes nothing for long.
    private static let longestSleepMilliseconds = 60_000 as Int64
    /// Dead letters of one answer or one replay.
    package static let maximumPage = 1000

    /// Where the relay leaves events.
    package nonisolated let outbox: WebhookOutbox
    package nonisolated let endpoints: [WebhookEndpoint]

    let limits: DeliveryLimits
    let store: WebhookStore
    private let sender: WebhookSender
    let logger: Logger
    let clock: @Sendable () -> WallClockTime
    var random = SystemRandomNumberGenerator()
    var schedules: [String: DeliverySchedule] = [:]
    var counts: [String: WebhookStatus.Counts] = [:]
    var lastAnswers: [String: String] = [:]
    private var ended: [Attempt] = []
    /// People erased since the last write began, whose events that write may bring back.
    var erasedWhileWriting: [ParticipantID] = []
    private var lostReported = 0 as UInt64

    /// Opens the deliveries in `directory` and takes up what waits there; removes what is for endpoints that
    /// there are no more.
    ///
    /// Throws `WebhookStoreError`, and `WebhookEndpointError` for two endpoints of one name.
    package init(
        endpoints: [WebhookEndpoint],
        directory: String,
        limits: DeliveryLimits = DeliveryLimits(),
        logger: Logger,
        clock: @escaping @Sendable () -> WallClockTime
    ) async throws {
        guard Set(endpoints.map(\.name)).count == endpoints.count else {
            throw WebhookEndpointError(description: "two webhook endpoints have the same name")
        }
        self.endpoints = endpoints
        self.limits = limits
        self.logger = logger
        self.clock = clock
        outbox = WebhookOutbox(
            types: endpoints.contains { $0.types.isEmpty }
                ? nil : Set(endpoints.flatMap(\.types))
        )
        store = try WebhookStore(directory: directory, limits: limits, now: clock())
        sender = WebhookSender(limits: limits)
        let forgotten = try await store.forgetAllBut(endpoints.map(\.name))
        if forgotten > 0 {
            logger.notice(
                "webhook deliveries to former endpoints are removed",
                metadata: ["count": "\(forgotten)"]
            )
        }
        for endpoint in endpoints {
            var schedule = DeliverySchedule(
                limits: limits,
                isDisabled: try await store.isDisabled(endpoint.name)
            )
            for delivery in try await store.waiting(for: endpoint.name) { schedule.add(delivery) }
            schedules[endpoint.name] = schedule
            counts[endpoint.name] = WebhookStatus.Counts()
        }
    }

    /// Delivers until its task is cancelled; what is not delivered then stays in the file.
    package func run() async {
        await withDiscardingTaskGroup { group in
            let waker = outbox
            var alarm: Task<Void, Never>?
            outbox.wake()
            for await _ in outbox.signals {
                guard !Task.isCancelled else { break }
                await step(&group)
                alarm?.cancel()
                let milliseconds = millisecondsToWakeUp()
                alarm = Task {
                    try? await Task.sleep(for: .milliseconds(milliseconds))
                    if !Task.isCancelled { waker.wake() }
                }
            }
            alarm?.cancel()
            group.cancelAll()
        }
        // What was left until the end is told after the next start; a task that is cancelled could not write it.
        await Task { while await write() {} }.value
        await sender.close()
        await store.close()
    }

    // MARK: - The loop

    private func step(_ group: inout DiscardingTaskGroup) async {
        await write()
        var changes: [WebhookStore.Change] = []
        let attempts = ended
        ended = []
        for attempt in attempts { finish(attempt, &changes) }
        var begun: [(WebhookEndpoint, Int64)] = []
        let now = clock()
        for endpoint in endpoints {
            var steps: [DeliverySchedule.Step] = []
            schedules[endpoint.name]?.advance(now: now, steps: &steps)
            for step in steps {
                if case .attempt(let number) = step {
                    begun.append((endpoint, number))
                } else {
                    note(step, of: endpoint.name, nil, &changes)
                }
            }
        }
        await apply(changes)
        for (endpoint, number) in begun {
            group.addTask { await self.attempt(number, endpoint) }
        }
        reportLoss()
    }

    /// Writes what the outbox has, and takes it into the schedules; answers whether there is more of it.
    @discardableResult
    private func write() async -> Bool {
        var portion = outbox.take(Self.eventsPerWrite)
        let events = portion.events
        guard !events.isEmpty || !portion.reached.isEmpty else { return false }
        erasedWhileWriting = []
        let now = clock()
        var rows: [WebhookStore.Row] = []
        var room = schedules.mapValues(\.room)
        var suppressed: [String] = []
        for event in events {
            for endpoint in endpoints where endpoint.takes(event) {
                guard schedules[endpoint.name]?.isDisabled == false else {
                    suppressed.append(endpoint.name)
                    continue
                }
                let left = room[endpoint.name, default: 0]
                room[endpoint.name] = left - 1
                rows.append(
                    WebhookStore.Row(
                        endpoint: endpoint.name,
                        event: event,
                        createdAt: now,
                        deadReason: left > 0 ? nil : .overflow
                    )
                )
            }
        }
        do {
            let numbers = try await store.insert(rows, reached: portion.reached)
            for name in suppressed { counts[name]?.suppressed += 1 }
            for (row, number) in zip(rows, numbers) {
                if row.deadReason != nil {
                    counts[row.endpoint]?.overflowed += 1
                    counts[row.endpoint]?.deadLettered += 1
                } else {
                    schedules[row.endpoint]?.add(.init(number: number, createdAt: now, dueAt: now))
                }
            }
            for subject in erasedWhileWriting { try await erase(subject) }
            if portion.hasMore { outbox.wake() }
            return portion.hasMore
        } catch {
            // They wait in the outbox, whose bound counts what it cannot take meanwhile.
            portion.events.removeAll { event in erasedWhileWriting.contains { $0 == event.subject } }
            outbox.putBack(portion)
            logger.error("webhook deliveries could not be written", metadata: ["error": "\(type(of: error))"])
            let waker = outbox
            Task {
                try? await Task.sleep(for: .milliseconds(Self.storeRetryMilliseconds))
                waker.wake()
            }
            return false
        }
    }

    private func attempt(_ number: Int64, _ endpoint: WebhookEndpoint) async {
        var outcome: DeliveryOutcome?
        if let message = try? await store.message(number) {
            outcome = await sender.send(message, to: endpoint, at: clock())
        }
        // An attempt that the relay's own end cut short is none.
        guard !Task.isCancelled else { return }
        // A message that cannot be read, or that was erased, is tried later and given up at last.
        ended.append(
            Attempt(endpoint: endpoint.name, number: number, outcome: outcome ?? .failed(.unreachable))
        )
        outbox.wake()
    }

    private func millisecondsToWakeUp() -> Int64 {
        let now = clock()
        let next = schedules.values.compactMap { $0.nextWakeUp(now: now) }.min()
        guard let next else { return Self.longestSleepMilliseconds }
        let (delta, overflow) = next.nanosecondsSince1970.subtractingReportingOverflow(
            now.nanosecondsSince1970
        )
        guard !overflow else { return Self.longestSleepMilliseconds }
        return min(max(0, delta / 1_000_000 + 1), Self.longestSleepMilliseconds)
    }

    private func reportLoss() {
        let lost = outbox.lost
        guard lost > lostReported else { return }
        logger.error(
            "webhook events were lost: too many at once",
            metadata: ["count": "\(lost - lostReported)"]
        )
        lostReported = lost
    }
}
