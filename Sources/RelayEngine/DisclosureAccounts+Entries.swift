import Disclosures
import Primitives
import Rooms

extension DisclosureAccounts {
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

    mutating func appendProgress() {
        for number in progressed {
            intervals[number]?.hasProgress = false
            if let interval = intervals[number] { outbox.append(entry(.progress, interval)) }
        }
        progressed = []
    }

    mutating func refuse(_ name: LineName) {
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
    mutating func appendRefusals(
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
                nil,
                &random
            )
            outbox.append(
                DisclosureEntry(interval: interval, kind: .refused(refusal.reason), from: now, time: now)
            )
        }
    }
}
