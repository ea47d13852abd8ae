import Disclosures
import Primitives
import Rooms

/// One write to the disclosure ledger.
package struct RecordTicket: Hashable, Sendable {
    package let rawValue: UInt64
}

/// What the driver has to do for a room's accounts, in this order.
package enum AccountEffect: Sendable {
    /// Make these entries durable, all or none; answer with `recorded`, `recordFailed` or `recordContradicted`.
    ///
    /// After a failure the same entries come once more: what the ledger has already of an interval and a kind
    /// (but progress) is no other one.
    case record([DisclosureEntry], RecordTicket)
    /// Tell a media loop; `notAdmitted` if it takes nothing.
    case post([EngineCommand], loop: Int)
}

/// One room's books of disclosure: which interval every line is in, and what has left in it.
///
/// A machine without I/O. A line is admitted to an opening of its gate only after the ledger holds the interval;
/// an interval is closed in the ledger with the counts that the media loop says are final. When lines of one
/// interval go apart (sound goes on and the picture does not), those that go on move to a new interval
/// without a pause, so that no entry claims more than there was.
package struct DisclosureAccounts: Sendable {
    /// Entries of one write: bounds how long one room keeps the others from the ledger.
    package static let entriesPerWrite = 1_024
    /// How soon a write that failed is tried again.
    package static let retryMilliseconds: Int64 = 250
    /// A write that takes longer has failed; should it still come true, its entries are there twice.
    package static let writeMilliseconds: Int64 = 5_000
    /// How soon a line that a loop would not admit is tried again.
    package static let parkedMilliseconds: Int64 = 1_000

    let room: RoomName
    /// The room's number in account identifiers.
    package let number: UInt64
    var lines: [LineName: Line] = [:]
    var linesOfGates: [GateKey: Set<LineName>] = [:]
    var gates: [GateKey: GateState] = [:]
    var intervals: [UInt64: Interval] = [:]
    /// The interval of each account that is not final, by the account's number.
    var intervalsOfAccounts: [UInt64: UInt64] = [:]
    /// Lines that may need an interval, in order.
    var wanting: [LineName] = []
    /// Lines that may need a refusal.
    var refusable: [LineName] = []
    var parked: [(line: LineName, until: MonotonicTime)] = []
    var progressed: [UInt64] = []
    var doubtful: [UInt64] = []
    /// Entries that are not about openings, in order.
    var outbox: [DisclosureEntry] = []
    var inFlight: [RecordTicket: Write] = [:]
    var outboxInFlight: RecordTicket?
    var retryAt = MonotonicTime.distantPast
    private var lastNumber: UInt64 = 0

    /// Whether the last write failed: nothing new is disclosed until one succeeds.
    package internal(set) var isUnavailable = false

    package init(room: RoomName, number: UInt64) {
        self.room = room
        self.number = number
    }

    /// Whether the ledger holds everything there is to say.
    package var isSettled: Bool { intervals.isEmpty && outbox.isEmpty && inFlight.isEmpty }

    /// Whether the ledger holds everything there is to say of a participant.
    package func isSettled(about participant: ParticipantID) -> Bool {
        !intervals.values.contains { $0.interval.participant == participant }
            && !outbox.contains { $0.interval.participant == participant }
            && !inFlight.values.contains { write in
                write.entries.contains { $0.interval.participant == participant }
            }
            && !lines.values.contains { $0.assignment.participant == participant }
    }

    /// Whether lines of a stream are permitted and wait for a ledger that takes nothing.
    package func isBlocked(stream: String, audience: Audience) -> Bool {
        isUnavailable
            && lines.values.contains { line in
                line.assignment.stream == stream && line.assignment.audience == audience
                    && !isAdmitted(line)
            }
    }

    private func isAdmitted(_ line: Line) -> Bool {
        guard let account = line.account, let number = intervalsOfAccounts[account.number] else {
            return false
        }
        return intervals[number]?.phase == .open
    }

    /// The interval that an account counts for, until it is closed.
    package func interval(of account: AccountID) -> DisclosureInterval? {
        intervalsOfAccounts[account.number].flatMap { intervals[$0]?.interval }
    }

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    // MARK: Lines

    /// A line is fed from a track from now on.
    package mutating func attach(_ assignment: LineAssignment) {
        detach(assignment.line)
        lines[assignment.line] = Line(assignment: assignment)
        linesOfGates[GateKey(assignment.gate), default: []].insert(assignment.line)
        want(assignment.line)
    }

    /// A line is fed from nothing, or gone.
    package mutating func detach(_ name: LineName) {
        guard let line = lines[name] else { return }
        leave(name)
        let key = GateKey(line.assignment.gate)
        linesOfGates[key]?.remove(name)
        if linesOfGates[key]?.isEmpty == true { linesOfGates[key] = nil }
        lines[name] = nil
    }

    mutating func want(_ name: LineName) {
        guard lines[name]?.isWanting == false else { return }
        lines[name]?.isWanting = true
        wanting.append(name)
    }

    /// The line's account takes no more; the loop says when it is final.
    private mutating func leave(_ name: LineName) {
        guard let account = lines[name]?.account else { return }
        lines[name]?.account = nil
        breakInterval(of: account)
    }

    /// Ends what an account and its line have in common; the lines that stay want an interval of their own.
    mutating func breakInterval(of account: AccountID) {
        guard let number = intervalsOfAccounts[account.number], var interval = intervals[number] else {
            return
        }
        interval.isBroken = true
        for index in interval.accounts.indices
        where interval.accounts[index].id == account && !interval.accounts[index].isPosted {
            interval.accounts[index].isFinal = true
        }
        intervals[number] = interval
        for other in interval.accounts where lines[other.line]?.account == other.id { want(other.line) }
        closeIfOver(number)
    }

    // MARK: Gates

    /// The grant that a gate is open under; `nil` while it is closed.
    package func grant(of gate: DisclosureGate) -> UInt64? {
        if case .open(_, let ground)? = gates[GateKey(gate)] { return ground.grant }
        return nil
    }

    /// The gate was opened just now, or opened anew after a lapse, under this permit.
    ///
    /// So is told of an opening that goes on under another grant: lines move to intervals that name it.
    package mutating func opened(_ gate: DisclosureGate, _ permit: Permit, notice: NoticeReference?) {
        let state = GateState.open(
            opening: gate.opening,
            Ground(epoch: permit.epoch, grant: permit.grant, basis: permit.basis, notice: notice)
        )
        let key = GateKey(gate)
        if case .open(let opening, _)? = gates[key], opening == gate.opening {
            gates[key] = state
            for line in (linesOfGates[key] ?? []).sorted() {
                if let account = lines[line]?.account { breakInterval(of: account) }
            }
            return
        }
        change(key, to: state)
    }

    /// The gate was closed.
    package mutating func closed(_ gate: DisclosureGate) {
        change(GateKey(gate), to: .closed(nil, epoch: gate.epoch))
    }

    /// Why a gate is closed; says nothing about one that is open, whose lease alone has run out.
    package mutating func denied(
        _ track: TrackID,
        _ audience: AudienceID,
        _ reason: DenyReason,
        epoch: UInt64
    ) {
        let key = GateKey(track, audience)
        if case .open = gates[key] { return }
        change(key, to: .closed(reason, epoch: epoch))
    }

    private mutating func change(_ key: GateKey, to state: GateState) {
        gates[key] = state
        for line in (linesOfGates[key] ?? []).sorted() {
            leave(line)
            want(line)
        }
    }

    /// The track or the audience is gone, and with it the gate.
    package mutating func forget(_ track: TrackID, _ audience: AudienceID) {
        gates[GateKey(track, audience)] = nil
    }

    // MARK: Counts

    /// Takes what media loops have counted.
    package mutating func counted(_ reports: [AccountReport], now: ClockReading) {
        for report in reports {
            guard let number = intervalsOfAccounts[report.account.number], var interval = intervals[number],
                let index = interval.accounts.firstIndex(where: { $0.id == report.account })
            else { continue }
            interval.accounts[index].packets = report.packets
            interval.accounts[index].bytes = report.bytes
            interval.accounts[index].isFinal = report.isFinal
            // A clock that was set back must not end an interval before its last entry.
            interval.countedAt = max(interval.countedAt, now.wall)
            let isNew = !report.isFinal && !interval.hasProgress
            if isNew { interval.hasProgress = true }
            let line = interval.accounts[index].line
            intervals[number] = interval
            if isNew { progressed.append(number) }
            guard report.isFinal else { continue }
            if lines[line]?.account == report.account {
                // The loop would not admit the line, or has lost it: not at once again.
                leave(line)
                parked.append((line, now.monotonic.advanced(byMilliseconds: Self.parkedMilliseconds)))
            }
            closeIfOver(number)
        }
    }

    /// A loop did not take the admission.
    package mutating func notAdmitted(_ account: AccountID, now: ClockReading) {
        counted([AccountReport(account: account, packets: 0, bytes: 0, isFinal: true)], now: now)
    }
}
