import Primitives
import RelayRuntime
import Synchronization

extension LoadRun {
    private static let aroundWithdrawal: Int64 = 1_000
    /// Resumption is looked for this long after a grant's acknowledgement.
    private static let resumptionMilliseconds: Int64 = 1_000

    /// Those of the viewers that vanish without a word do so now.
    func silenceDead() async throws {
        guard plan.deadShare > 0 else { return }
        let dead = crowd.withLock { $0.viewers }.enumerated()
            .filter { Self.isAmong(plan.deadShare, number: $0.offset) }.map(\.element)
        for viewer in dead {
            try await receivers[viewer.receiver].run { _, peers in
                guard let peer = peers[viewer.peer] else { return }
                viewer.media.value(on: peers).vanish(from: peer)
            }
        }
    }

    /// All that goes on while others watch, until the task is cancelled.
    func disturb() async {
        await withTaskGroup(of: Void.self) { group in
            for room in 0..<plan.flippingRooms { group.addTask { await self.flip(room: room) } }
            if plan.churnPerSecond > 0 { group.addTask { await self.churn() } }
            if plan.herd > 0 { group.addTask { await self.sendHerd() } }
        }
    }

    // MARK: Flips

    /// Withdraws and grants in turn for the room's first publisher.
    private func flip(room: Int) async {
        guard let relay = plan.relay,
            let publisher = crowd.withLock({ crowd in
                crowd.publishers.first { $0.room == room && $0.number == 0 }
            }),
            let token = publisher.token
        else { return }
        let half = Int64(1_000 * Double(plan.flippingRooms) / plan.flipsPerSecond)
        var generator = SystemRandomNumberGenerator()
        /// The acknowledgement of a grant of which it was not looked yet who saw its effect.
        var standing: WallClockTime?
        while !Task.isCancelled {
            do {
                let granted = Int64.random(in: (half - half / 4)...(half + half / 4), using: &generator)
                try await pause(granted - Self.aroundWithdrawal)
                try await examineAll(true, room: room)
                try await pause(min(granted, Self.aroundWithdrawal))
                if let granted = standing { try await noteResumptions(since: granted, room: room) }
                standing = nil
                let withdrawal = try await change(.withdraw, relay, publisher, token: token)
                try await withLedgers(of: room) { $0.withheld(from: withdrawal.effectiveAt) }
                note(flip: withdrawal, isWithdrawal: true)
                let withheld = Int64.random(in: (half - half / 4)...(half + half / 4), using: &generator)
                try await pause(min(withheld, Self.aroundWithdrawal))
                if withheld > 2 * Self.aroundWithdrawal {
                    try await examineAll(false, room: room)
                    try await pause(withheld - Self.aroundWithdrawal)
                    try await examineAll(true, room: room)
                }
                // The ledger must know before the relay does, or the first packets of the new grant would
                // count against the withdrawal.
                let sentAt = SystemClock.wall
                try await withLedgers(of: room) { $0.grantIsSent(at: sentAt) }
                let grant = try await change(.grant, relay, publisher, token: token)
                note(flip: grant, isWithdrawal: false)
                standing = grant.answeredAt
                if granted > 2 * Self.resumptionMilliseconds {
                    try await pause(Self.resumptionMilliseconds)
                    try await noteResumptions(since: grant.answeredAt, room: room)
                    standing = nil
                    try await examineAll(false, room: room)
                }
            } catch is CancellationError {
                break
            } catch {
                crowd.withLock { $0.refusals["a change of consent: \(error)", default: 0] += 1 }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        // What the last withdrawal kept back is looked at to the end.
        try? await examineAll(true, room: room)
    }

    private func change(
        _ choice: RelayAPI.Choice,
        _ relay: RelayAPI,
        _ publisher: RunningPublisher,
        token: String
    ) async throws -> RelayAPI.Acknowledgement {
        let room = plan.roomName(publisher.room)
        // A change that was sent is waited for, whatever happens to this task: its acknowledgement is judged.
        let partners = plan.partners
        return try await Task.detached {
            try await relay.change(
                choice,
                and: partners,
                room: room,
                participant: publisher.name,
                token: token
            )
        }.value
    }

    private func note(flip: RelayAPI.Acknowledgement, isWithdrawal: Bool) {
        let nanoseconds = Int64(flip.milliseconds * 1_000_000)
        crowd.withLock {
            $0.flips.count += 1
            if isWithdrawal {
                $0.flips.withdrawals.record(nanoseconds)
            } else {
                $0.flips.grants.record(nanoseconds)
            }
        }
    }

    private func noteResumptions(since answered: WallClockTime, room: Int) async throws {
        for receiver in receivers {
            let times = try await receiver.run { fleet, _ in
                fleet.rooms[room].ledger?.resumptions(since: answered) ?? []
            }
            crowd.withLock { crowd in
                for case let time? in times { crowd.flips.resumptions.record(max(0, time)) }
            }
        }
    }

    private func examineAll(_ isOn: Bool, room: Int) async throws {
        for receiver in receivers {
            try await receiver.run { fleet, _ in fleet.rooms[room].examinesAll = isOn }
        }
    }

    private func withLedgers(
        of room: Int,
        _ body: @escaping @Sendable (LeakLedger) -> Void
    ) async throws {
        for receiver in receivers {
            try await receiver.run { fleet, _ in
                if let ledger = fleet.rooms[room].ledger { body(ledger) }
            }
        }
    }

    private func pause(_ milliseconds: Int64) async throws {
        guard milliseconds > 0 else { return }
        try await Task.sleep(for: .milliseconds(milliseconds))
    }

    // MARK: Comings and goings

    /// Viewers leave, and others come in their places.
    private func churn() async {
        let wait = Duration.nanoseconds(Int64(1e9 / plan.churnPerSecond))
        await withTaskGroup(of: Void.self) { group in
            while !Task.isCancelled {
                try? await Task.sleep(for: wait)
                guard !Task.isCancelled, let leaving = takeOne() else { break }
                group.addTask {
                    self.receivers[leaving.receiver].loop.perform { $0.remove(leaving.peer) }
                    await self.client.end(leaving.session, token: leaving.token)
                    await self.join(room: leaving.room, number: leaving.number, isLate: true)
                }
            }
        }
    }

    private func takeOne() -> RunningViewer? {
        crowd.withLock { crowd in
            guard let index = crowd.viewers.indices.randomElement() else { return nil }
            return crowd.viewers.remove(at: index)
        }
    }

    /// In the middle of what is measured, so that those who watch were undisturbed before and are after it.
    private func sendHerd() async {
        try? await Task.sleep(for: .nanoseconds(Int64(plan.seconds / 3 * 1e9)))
        guard !Task.isCancelled else { return }
        let pace =
            plan.herdSeconds > 0 ? JoinPace.steady(perSecond: Double(plan.herd) / plan.herdSeconds) : .herd
        note("\(plan.herd) more viewers join, \(pace.text)")
        await join(count: plan.herd, pace: pace) { index in
            await self.join(
                room: index % self.plan.rooms,
                number: self.plan.viewers + index / self.plan.rooms,
                isLate: true
            )
        }
    }
}
