import Disclosures
import Primitives
import Rooms

extension DisclosureAccounts {
    private struct Group: Hashable {
        let session: String
        let stream: String
        let epoch: UInt64
        let grant: UInt64
    }

    /// Makes intervals for the lines that want one; answers their numbers.
    mutating func openIntervals(
        _ now: ClockReading,
        _ random: inout some RandomNumberGenerator
    ) -> [UInt64] {
        var groups: [(group: Group, ground: Ground, lines: [(LineName, opening: UInt64)])] = []
        var places: [Group: Int] = [:]
        for name in wanting {
            guard let line = lines[name] else { continue }
            lines[name]?.isWanting = false
            guard case .open(let opening, let ground)? = gates[GateKey(line.assignment.gate)] else {
                refuse(name)
                continue
            }
            guard needsInterval(line) else { continue }
            let group = Group(
                session: line.assignment.session,
                stream: line.assignment.stream,
                epoch: ground.epoch,
                grant: ground.grant
            )
            if let place = places[group] {
                groups[place].lines.append((name, opening))
            } else {
                places[group] = groups.count
                groups.append((group, ground, [(name, opening)]))
            }
        }
        wanting = []
        return groups.compactMap { _, ground, members in open(ground, members, now.wall, &random) }
    }

    private func needsInterval(_ line: Line) -> Bool {
        guard let account = line.account, let number = intervalsOfAccounts[account.number] else {
            return true
        }
        return intervals[number]?.isBroken ?? true
    }

    private mutating func open(
        _ ground: Ground,
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
                epoch: ground.epoch,
                ground,
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

    func interval(
        _ assignment: LineAssignment,
        media: Set<MediaType>,
        epoch: UInt64,
        _ ground: Ground?,
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
            grant: ground?.grant,
            notice: ground?.notice,
            basis: ground?.basis
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
    mutating func admit(_ numbers: [UInt64], effects: inout [AccountEffect]) {
        var commands: [(loop: Int, commands: [EngineCommand])] = []
        for number in numbers {
            guard var interval = intervals[number] else { continue }
            interval.phase = .open
            for index in interval.accounts.indices {
                let account = interval.accounts[index]
                guard !account.isFinal else { continue }
                guard let line = lines[account.line], line.account == account.id,
                    case .open(let opening, _)? = gates[GateKey(line.assignment.gate)],
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
}
