import Disclosures
import Primitives
import Rooms

extension DisclosureAccounts {
    /// Asks the ledger for intervals of all lines that may be shown something and are in none.
    ///
    /// Call it after anything was told, once for all that happened together: that becomes one write.
    package mutating func settle(
        now: ClockReading,
        using random: inout some RandomNumberGenerator,
        effects: inout [AccountEffect]
    ) {
        guard mayWrite(now) else { return }
        var numbers = doubtful
        doubtful = []
        for number in numbers { intervals[number]?.phase = .writing }
        if !wanting.isEmpty { numbers += openIntervals(now, &random) }
        var start = 0
        while start < numbers.count {
            let part = Array(numbers[start..<min(numbers.count, start + Self.entriesPerWrite)])
            let entries = part.compactMap { intervals[$0] }.map {
                DisclosureEntry(interval: $0.interval, kind: .opened, from: $0.from, time: $0.from)
            }
            write(Write(startedAt: now.monotonic, openings: part), entries, effects: &effects)
            start += Self.entriesPerWrite
        }
    }

    /// Writes what is not urgent: refusals, progress, closings; and tries again what failed.
    package mutating func tick(
        now: ClockReading,
        using random: inout some RandomNumberGenerator,
        effects: inout [AccountEffect]
    ) {
        for entry in parked where entry.until <= now.monotonic { want(entry.line) }
        parked.removeAll { $0.until <= now.monotonic }
        for ticket in inFlight.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let startedAt = inFlight[ticket]?.startedAt,
                now.monotonic.milliseconds(since: startedAt) >= Self.writeMilliseconds
            else { continue }
            recordFailed(ticket, now: now)
        }
        settle(now: now, using: &random, effects: &effects)
        guard mayWrite(now) else { return }
        appendProgress()
        appendRefusals(now.wall, &random)
        writeOutbox(now, effects: &effects)
    }

    /// The entries of a write are durable.
    package mutating func recorded(
        _ ticket: RecordTicket,
        now: ClockReading,
        using random: inout some RandomNumberGenerator,
        effects: inout [AccountEffect]
    ) {
        guard let written = inFlight.removeValue(forKey: ticket) else { return }
        isUnavailable = false
        if outboxInFlight == ticket { outboxInFlight = nil }
        admit(written.openings, effects: &effects)
        settle(now: now, using: &random, effects: &effects)
        if outbox.count >= Self.entriesPerWrite { writeOutbox(now, effects: &effects) }
    }

    /// The entries of a write are not durable, or it is not known whether they are.
    package mutating func recordFailed(_ ticket: RecordTicket, now: ClockReading) {
        guard let failed = inFlight.removeValue(forKey: ticket) else { return }
        isUnavailable = true
        retryAt = now.monotonic.advanced(byMilliseconds: Self.retryMilliseconds)
        if outboxInFlight == ticket { outboxInFlight = nil }
        for number in failed.openings { intervals[number]?.phase = .doubtful }
        doubtful += failed.openings
        // Progress is told again, with newer counts.
        outbox = failed.entries.filter { $0.kind != .progress } + outbox
    }

    /// After a failure, one attempt at a time.
    private func mayWrite(_ now: ClockReading) -> Bool {
        !isUnavailable || (inFlight.isEmpty && retryAt <= now.monotonic)
    }

    private mutating func write(
        _ write: Write,
        _ entries: [DisclosureEntry],
        effects: inout [AccountEffect]
    ) {
        let ticket = RecordTicket(rawValue: nextNumber())
        inFlight[ticket] = write
        effects.append(.record(entries, ticket))
    }

    private mutating func writeOutbox(_ now: ClockReading, effects: inout [AccountEffect]) {
        guard outboxInFlight == nil, !outbox.isEmpty, mayWrite(now) else { return }
        let entries = Array(outbox.prefix(Self.entriesPerWrite))
        outbox.removeFirst(entries.count)
        write(Write(startedAt: now.monotonic, entries: entries), entries, effects: &effects)
        if case .record(_, let ticket)? = effects.last { outboxInFlight = ticket }
    }

    // MARK: Openings

    private struct Group: Hashable {
        let session: String
        let stream: String
        let epoch: UInt64
        let grant: UInt64
    }

    /// Makes intervals for the lines that want one; answers their numbers.
    private mutating func openIntervals(
        _ now: ClockReading,
        _ random: inout some RandomNumberGenerator
    ) -> [UInt64] {
        var groups: [(group: Group, notice: NoticeReference?, lines: [(LineName, opening: UInt64)])] = []
        var places: [Group: Int] = [:]
        for name in wanting {
            guard let line = lines[name] else { continue }
            lines[name]?.isWanting = false
            guard
                case .open(let opening, let epoch, let grant, let notice)? =
                    gates[GateKey(line.assignment.gate)]
            else {
                refuse(name)
                continue
            }
            guard needsInterval(line) else { continue }
            let group = Group(
                session: line.assignment.session,
                stream: line.assignment.stream,
                epoch: epoch,
                grant: grant
            )
            if let place = places[group] {
                groups[place].lines.append((name, opening))
            } else {
                places[group] = groups.count
                groups.append((group, notice, [(name, opening)]))
            }
        }
        wanting = []
        return groups.compactMap { group, notice, members in
            open(group, notice, members, now.wall, &random)
        }
    }

    private func needsInterval(_ line: Line) -> Bool {
        guard let account = line.account, let number = intervalsOfAccounts[account.number] else {
            return true
        }
        return intervals[number]?.isBroken ?? true
    }

    private mutating func open(
        _ group: Group,
        _ notice: NoticeReference?,
        _ members: [(LineName, opening: UInt64)],
        _ now: WallClockTime,
        _ random: inout some RandomNumberGenerator
    ) -> UInt64? {
        let assignments = members.compactMap { lines[$0.0]?.assignment }
        guard let first = assignments.first else { return nil }
        let number = nextNumber()
        var interval = Interval(
            interval: interval(
                first,
                media: Set(assignments.map(\.media)),
                epoch: group.epoch,
                grant: group.grant,
                notice: notice,
                &random
            ),
            from: now,
            countedAt: now
        )
        for (name, opening) in members {
            let account = AccountID(room: self.number, number: nextNumber())
            let before = lines[name]?.account
            lines[name]?.account = account
            lines[name]?.refused = nil
            interval.accounts.append(Account(id: account, line: name, opening: opening))
            intervalsOfAccounts[account.number] = number
            // An account that is posted goes on until the line is admitted in the new one.
            if let before { breakInterval(of: before) }
        }
        intervals[number] = interval
        return number
    }

    private func interval(
        _ assignment: LineAssignment,
        media: Set<MediaType>,
        epoch: UInt64,
        grant: UInt64?,
        notice: NoticeReference?,
        _ random: inout some RandomNumberGenerator
    ) -> DisclosureInterval {
        DisclosureInterval(
            id: Self.identifier(&random),
            room: room,
            participant: assignment.participant,
            stream: assignment.stream,
            audience: assignment.audience,
            session: assignment.session,
            media: media,
            epoch: epoch,
            grant: grant,
            notice: notice
        )
    }

    private static func identifier(_ random: inout some RandomNumberGenerator) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(32)
        for _ in 0..<2 {
            let word = random.next()
            for shift in stride(from: 60, through: 0, by: -4) { text.append(digits[Int(word >> shift & 15)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Admits the lines of intervals that the ledger holds now, as far as they are still what they were.
    private mutating func admit(_ numbers: [UInt64], effects: inout [AccountEffect]) {
        var commands: [(loop: Int, commands: [EngineCommand])] = []
        for number in numbers {
            guard var interval = intervals[number] else { continue }
            interval.phase = .open
            for index in interval.accounts.indices {
                let account = interval.accounts[index]
                guard !account.isFinal else { continue }
                guard let line = lines[account.line], line.account == account.id,
                    case .open(let opening, _, _, _)? = gates[GateKey(line.assignment.gate)],
                    opening == account.opening
                else {
                    interval.accounts[index].isFinal = true
                    continue
                }
                interval.accounts[index].isPosted = true
                let command = EngineCommand.admit(
                    account.line.peer,
                    mediaIndex: account.line.mediaIndex,
                    LineAdmission(gate: line.assignment.gate, opening: opening, account: account.id)
                )
                let loop = line.assignment.loop
                if let place = commands.firstIndex(where: { $0.loop == loop }) {
                    commands[place].commands.append(command)
                } else {
                    commands.append((loop, [command]))
                }
            }
            intervals[number] = interval
            closeIfOver(number)
        }
        for (loop, commands) in commands { effects.append(.post(commands, loop: loop)) }
    }

    // MARK: Everything else

    /// Closes an interval whose counts are final, if the ledger holds its opening.
    mutating func closeIfOver(_ number: UInt64) {
        guard let interval = intervals[number], interval.phase == .open,
            interval.accounts.allSatisfy(\.isFinal)
        else { return }
        outbox.append(entry(.closed, interval))
        for account in interval.accounts { intervalsOfAccounts[account.id.number] = nil }
        intervals[number] = nil
    }

    private func entry(_ kind: DisclosureEntry.Kind, _ interval: Interval) -> DisclosureEntry {
        DisclosureEntry(
            interval: interval.interval,
            kind: kind,
            from: interval.from,
            time: max(interval.from, interval.countedAt),
            packets: interval.accounts.reduce(0) { $0 &+ $1.packets },
            bytes: interval.accounts.reduce(0) { $0 &+ $1.bytes }
        )
    }

    private mutating func appendProgress() {
        for number in progressed {
            intervals[number]?.hasProgress = false
            if let interval = intervals[number] { outbox.append(entry(.progress, interval)) }
        }
        progressed = []
    }

    private mutating func refuse(_ name: LineName) {
        guard lines[name]?.isRefusable == false else { return }
        lines[name]?.isRefusable = true
        refusable.append(name)
    }

    private struct Refusal: Hashable {
        let session: String
        let stream: String
        let reason: DenyReason
    }

    /// One refusal for each session and stream, and one more when the reason has changed.
    private mutating func appendRefusals(
        _ now: WallClockTime,
        _ random: inout some RandomNumberGenerator
    ) {
        guard !refusable.isEmpty else { return }
        var refusals: [(refusal: Refusal, epoch: UInt64, assignments: [LineAssignment])] = []
        var places: [Refusal: Int] = [:]
        for name in refusable {
            lines[name]?.isRefusable = false
            guard let line = lines[name],
                case .closed(let reason?, let epoch)? = gates[GateKey(line.assignment.gate)],
                line.refused != reason
            else { continue }
            lines[name]?.refused = reason
            let refusal = Refusal(
                session: line.assignment.session,
                stream: line.assignment.stream,
                reason: reason
            )
            if let place = places[refusal] {
                refusals[place].assignments.append(line.assignment)
            } else {
                places[refusal] = refusals.count
                refusals.append((refusal, epoch, [line.assignment]))
            }
        }
        refusable = []
        for (refusal, epoch, assignments) in refusals {
            let interval = interval(
                assignments[0],
                media: Set(assignments.map(\.media)),
                epoch: epoch,
                grant: nil,
                notice: nil,
                &random
            )
            outbox.append(
                DisclosureEntry(interval: interval, kind: .refused(refusal.reason), from: now, time: now)
            )
        }
    }
}
