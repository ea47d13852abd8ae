import ConsentAuthority
import Disclosures
import Primitives

extension SimulatedRoom {
    /// The laws that hold at every instant, for every gate that is open.
    mutating func check() {
        let open = gates.filter { $0.value.isOpen(now: now.monotonic) }
        guard !open.isEmpty else { return }
        checkHeartbeat()
        for (key, gate) in open {
            guard let request = request(key) else {
                fail("a gate is open that has no track or no audience")
                return
            }
            // Time has passed since the last decision: a window that ended in between ends with the lease.
            let isJustified = ([now] + clocks).contains {
                decide(request, disk, now: $0).denyReason == nil
            }
            if !isJustified {
                fail("open without a durable grant: \(decide(request, disk, now: now))")
            }
            if gate.epoch > UInt64(log.count) { fail("open at an epoch that the log has not reached") }
            checkFences(request)
        }
    }

    /// No gate outlives the newest durable heartbeat by more than its freshness and a lease.
    mutating func checkHeartbeat() {
        let longest = ConsentTiming.heartbeatFreshnessMilliseconds + ConsentTiming.leaseMilliseconds
        guard let newestHeartbeat,
            now.monotonic < newestHeartbeat.advanced(byMilliseconds: longest)
        else {
            fail("open without a heartbeat within the lease")
            return
        }
    }

    /// Whatever was asked for and not spoken over by a later durable word on the same key is in force.
    private mutating func checkFences(_ request: DisclosureRequest) {
        for submission in outstanding {
            if let participant = submission.subject.participant, participant != request.participant {
                continue
            }
            // Of several words on one key in one request the last counts.
            var last: Set<ConsentEvent.Key> = []
            for content in submission.contents.reversed() where last.insert(content.key).inserted {
                if refuses(content, request) || takesAway(content, request) {
                    fail("\(request) is open against what was asked for: \(content)")
                }
            }
        }
    }

    /// Whether a statement refuses a disclosure by its own words.
    func refuses(_ content: ConsentEvent.Content, _ request: DisclosureRequest) -> Bool {
        guard case .statement(let statement) = content, request.audience.recipientClass != .authority else {
            return false
        }
        return statement.participant == request.participant && statement.state.refuses
            && statement.purpose == request.audience.purpose
            && (statement.recipient == nil || statement.recipient == request.audience.recipient)
            && (statement.stream == nil || statement.stream == request.stream)
            && (statement.session == nil || statement.session == request.session)
            && (statement.media.isEmpty || statement.media.contains(request.media))
    }

    /// Whether the log would deny a disclosure with `content` written at its end.
    private func takesAway(_ content: ConsentEvent.Content, _ request: DisclosureRequest) -> Bool {
        switch content {
        case .statement, .erased: return false
        case .notice(let notice):
            // Whether an editorial one takes away depends on the controller at the time.
            guard notice.change == .material else { return false }
        case .principal(let status):
            guard status.isDeactivated else { return false }
        case .hold(let hold):
            guard !hold.isLifted else { return false }
        case .demand(let demand):
            let earlier = disk.demands(of: demand.participant)
            guard demand.isLifted, earlier.contains(where: { $0.demand.id == demand.id }) else {
                return false
            }
        case .rules:
            // A grant that was asked for before them may be what they ask for.
            guard isDenied(request, with: outstanding.flatMap(\.contents) + [content]) else { return false }
        case .controller: break
        }
        return isDenied(request, with: [content])
    }

    private func isDenied(_ request: DisclosureRequest, with contents: [ConsentEvent.Content]) -> Bool {
        var state = disk
        for (index, content) in contents.enumerated() {
            let sequence = disk.epoch + 1 + UInt64(index)
            state.overlay(ConsentEvent(sequence: sequence, time: now.wall, content: content))
        }
        return ([now] + clocks).allSatisfy { decide(request, state, now: $0).denyReason != nil }
    }

    /// The laws of a room at rest under a healthy log: everything answered, written and open that may be.
    mutating func checkSettled() {
        guard violation == nil else { return }
        for submission in submissions where answers[submission.ticket] == nil {
            fail("\(submission.ticket) was never answered")
        }
        if authority.durable != RoomConsent(folding: log) { fail("the fold differs from the log") }
        for (key, gate) in gates {
            guard let request = request(key) else { continue }
            let decision = authority.wouldDecide(request, now: now)
            let isOpen = gate.isOpen(now: now.monotonic)
            if isOpen != (decision.denyReason == nil) { fail("open is \(isOpen) but \(decision)") }
            if isOpen { counts["settled open", default: 0] += 1 }
            let expected = decide(request, disk, now: now)
            switch (expected, decision) {
            case (.permit(let permit), .deny(let reason)):
                // Clock jumps may have ended a window for good, and another record then names the reason.
                let mayBeOver = reason == .expired || permit.notAfter < .distantFuture
                if !mayBeOver { fail("denies for \(reason), the log says \(expected)") }
            case (.deny, .permit):
                fail("decides \(decision), the log says \(expected)")
            case (.permit, .permit), (.deny, .deny):
                break
            }
        }
    }
}
