import Primitives

/// What became of one attempt.
package enum DeliveryOutcome: Sendable, Equatable {
    case answered(status: Int, retryAfterSeconds: Int?)
    case failed(DeliveryFault)
}

/// Why an attempt got no answer; raw values stand in the API and in logs.
package enum DeliveryFault: String, Sendable, Codable {
    case timeout
    /// No connection, or one that broke or whose certificate is not trusted.
    case unreachable
    /// The name has no address.
    case unresolvable
    /// Only addresses that the endpoint may not be at.
    case refusedAddress = "refused-address"
}

/// Why a delivery was given up; raw values stand in the API and in the file.
package enum DeadLetterReason: String, Sendable, Codable, CaseIterable {
    case attempts
    case age
    /// The endpoint answered 410, or the operator stopped telling it.
    case endpointDisabled = "disabled"
    /// Too many waited already.
    case overflow
}

/// When the deliveries of one endpoint are tried, and when they are given up.
///
/// A machine without I/O: time and randomness come in as arguments, what is to be done goes out as steps.
struct DeliverySchedule {
    enum Step: Equatable {
        case attempt(Int64)
        case delivered(Int64)
        case postpone(Int64, attempts: Int, until: WallClockTime)
        case giveUp(Int64, DeadLetterReason)
        /// The receiver wants no more events; every delivery that waits is given up by steps of its own.
        case disable
    }

    /// A delivery by its number in the file.
    struct Delivery: Equatable {
        let number: Int64
        let createdAt: WallClockTime
        var attempts = 0
        var dueAt: WallClockTime
    }

    private let limits: DeliveryLimits
    /// The next one last, so that taking it moves nothing.
    private var waiting: [Delivery] = []
    private var inFlight: [Int64: Delivery] = [:]
    /// Until when the endpoint asked to be left alone.
    private var heldUntil = WallClockTime(nanosecondsSince1970: .min)
    private(set) var isDisabled: Bool

    init(limits: DeliveryLimits, isDisabled: Bool = false) {
        self.limits = limits
        self.isDisabled = isDisabled
    }

    var count: Int { waiting.count + inFlight.count }
    /// How many more deliveries may wait.
    var room: Int { isDisabled ? 0 : max(0, limits.waiting - count) }

    /// Takes a delivery that the file holds.
    mutating func add(_ delivery: Delivery) {
        insert(delivery)
    }

    /// Forgets deliveries that the file no longer holds; those in flight end without a trace.
    mutating func remove(_ numbers: Set<Int64>) {
        waiting.removeAll { numbers.contains($0.number) }
        for number in numbers { inFlight[number] = nil }
    }

    /// Begins what is due.
    mutating func advance(now: WallClockTime, steps: inout [Step]) {
        while !isDisabled, inFlight.count < limits.inFlight, isDue(now: now), let next = waiting.popLast() {
            guard now < lastMoment(of: next) else {
                steps.append(.giveUp(next.number, .age))
                continue
            }
            inFlight[next.number] = next
            steps.append(.attempt(next.number))
        }
    }

    /// What an attempt came to.
    mutating func finish(
        _ number: Int64,
        _ outcome: DeliveryOutcome,
        now: WallClockTime,
        random: inout some RandomNumberGenerator,
        steps: inout [Step]
    ) {
        guard var delivery = inFlight.removeValue(forKey: number) else { return }
        delivery.attempts += 1
        var askedMilliseconds = 0 as Int64
        if case .answered(let status, let retryAfterSeconds) = outcome {
            if (200...299).contains(status) {
                steps.append(.delivered(number))
                return
            }
            if status == 410 {
                steps.append(.giveUp(number, .endpointDisabled))
                disable(steps: &steps)
                return
            }
            if let retryAfterSeconds {
                askedMilliseconds = Int64(min(max(retryAfterSeconds, 0), limits.ageSeconds)) * 1000
                heldUntil = max(heldUntil, now.advanced(byMilliseconds: askedMilliseconds))
            }
        }
        guard !isDisabled else {
            steps.append(.giveUp(number, .endpointDisabled))
            return
        }
        guard delivery.attempts < limits.attempts else {
            steps.append(.giveUp(number, .attempts))
            return
        }
        let wait = max(wait(after: delivery.attempts, random: &random), askedMilliseconds)
        delivery.dueAt = now.advanced(byMilliseconds: wait)
        guard delivery.dueAt < lastMoment(of: delivery) else {
            steps.append(.giveUp(number, .age))
            return
        }
        steps.append(.postpone(number, attempts: delivery.attempts, until: delivery.dueAt))
        insert(delivery)
    }

    /// Takes events again after a 410.
    mutating func enable() {
        isDisabled = false
        heldUntil = WallClockTime(nanosecondsSince1970: .min)
    }

    /// When `advance` has something to do next; `nil` if only an attempt's end or a new delivery can bring that.
    func nextWakeUp(now: WallClockTime) -> WallClockTime? {
        guard !isDisabled, inFlight.count < limits.inFlight, let next = waiting.last else { return nil }
        return isDue(now: now) ? now : max(next.dueAt, heldUntil)
    }

    /// Gives everything up and takes nothing more.
    mutating func disable(steps: inout [Step]) {
        guard !isDisabled else { return }
        isDisabled = true
        steps.append(.disable)
        steps += waiting.reversed().map { .giveUp($0.number, .endpointDisabled) }
        waiting = []
    }

    private func isDue(now: WallClockTime) -> Bool {
        guard let next = waiting.last else { return false }
        let time = max(next.dueAt, heldUntil)
        // A clock that was set back must not make anything wait longer than any wait can be.
        return time <= now || now.advanced(byMilliseconds: Int64(limits.ageSeconds) * 1000) < time
    }

    private func lastMoment(of delivery: Delivery) -> WallClockTime {
        delivery.createdAt.advanced(byMilliseconds: Int64(limits.ageSeconds) * 1000)
    }

    /// Twice as long each time up to the longest, and of that somewhere between half and all of it, so that
    /// deliveries that failed together do not all come back together.
    private func wait(after attempts: Int, random: inout some RandomNumberGenerator) -> Int64 {
        let doublings = min(attempts - 1, 32)
        let (product, overflow) = Int64(limits.firstWaitMilliseconds)
            .multipliedReportingOverflow(by: 1 << Int64(doublings))
        let full = overflow ? .max : product
        let bounded = min(full, Int64(limits.longestWaitMilliseconds))
        return Int64.random(in: bounded / 2...max(bounded, bounded / 2), using: &random)
    }

    private mutating func insert(_ delivery: Delivery) {
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low + high) / 2
            let other = waiting[middle]
            if (other.dueAt, other.number) > (delivery.dueAt, delivery.number) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        waiting.insert(delivery, at: low)
    }
}

extension WallClockTime {
    /// Saturates instead of overflowing.
    func advanced(byMilliseconds delta: Int64) -> WallClockTime {
        let (product, overflow) = delta.multipliedReportingOverflow(by: 1_000_000)
        return advanced(byNanoseconds: overflow ? (delta < 0 ? .min : .max) : product)
    }
}
