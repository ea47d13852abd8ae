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
            write(Write(startedAt: now.monotonic, openings: part), effects: &effects)
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

    /// One of the entries cannot follow what the ledger says of its interval, now or ever.
    ///
    /// Which one is found by halves; it is left out, and an interval that is not in the ledger admits nothing.
    package mutating func recordContradicted(
        _ ticket: RecordTicket,
        now: ClockReading,
        effects: inout [AccountEffect]
    ) {
        guard let refused = inFlight.removeValue(forKey: ticket) else { return }
        if outboxInFlight == ticket { outboxInFlight = nil }
        if refused.count > 1 {
            for half in refused.halves { write(half, effects: &effects) }
        } else if let number = refused.openings.first {
            drop(number, now: now)
        }
    }

    /// Gives up an interval; its lines are tried again a little later, in another.
    private mutating func drop(_ number: UInt64, now: ClockReading) {
        guard let interval = intervals.removeValue(forKey: number) else { return }
        for account in interval.accounts {
            intervalsOfAccounts[account.id.number] = nil
            guard lines[account.line]?.account == account.id else { continue }
            lines[account.line]?.account = nil
            parked.append((account.line, now.monotonic.advanced(byMilliseconds: Self.parkedMilliseconds)))
        }
    }

    /// After a failure, one attempt at a time.
    private func mayWrite(_ now: ClockReading) -> Bool {
        !isUnavailable || (inFlight.isEmpty && retryAt <= now.monotonic)
    }

    @discardableResult
    private mutating func write(_ write: Write, effects: inout [AccountEffect]) -> RecordTicket {
        let openings = write.openings.compactMap { intervals[$0] }.map {
            DisclosureEntry(interval: $0.interval, kind: .opened, from: $0.from, time: $0.from)
        }
        let ticket = RecordTicket(rawValue: nextNumber())
        inFlight[ticket] = write
        effects.append(.record(openings + write.entries, ticket))
        return ticket
    }

    private mutating func writeOutbox(_ now: ClockReading, effects: inout [AccountEffect]) {
        guard outboxInFlight == nil, !outbox.isEmpty, mayWrite(now) else { return }
        let entries = Array(outbox.prefix(Self.entriesPerWrite))
        outbox.removeFirst(entries.count)
        outboxInFlight = write(Write(startedAt: now.monotonic, entries: entries), effects: &effects)
    }
}
