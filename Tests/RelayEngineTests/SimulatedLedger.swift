import Disclosures
import MediaRings
import Primitives
import RelayEngine
import Rooms

/// The disclosure ledger of a simulation, behind the books that serve in production; and what the wire says
/// against it, by books of its own.
final class SimulatedLedger {
    struct Committed {
        let entry: DisclosureEntry
        let moment: Moment
    }

    /// A line may carry an opening's media from a moment on.
    private struct Admitted {
        let step: UInt64
        let admission: LineAdmission
        let interval: DisclosureInterval
    }

    struct Count: Equatable {
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
    }

    struct Shown: Hashable {
        let session: String
        let stream: String
    }

    private unowned let simulation: Simulation
    private var random: SeededRandom
    private(set) var accounts: DisclosureAccounts
    private(set) var committed: [Committed] = []
    private var written: Set<String> = []
    private var admitted: [LineName: [Admitted]] = [:]
    /// What the wire says, by interval and by session and stream.
    private(set) var seen: [String: Count] = [:]
    private(set) var seenByShown: [Shown: Count] = [:]
    /// How long a write takes.
    var latencyMicroseconds: ClosedRange<Int64> = 300...5_000
    /// Writes fail; some of them are in the ledger all the same.
    var isFailing = false
    private(set) var failures = 0
    /// What the ledger will not take, whoever says it: a write that has one such entry is refused whole.
    var contradicts: (DisclosureEntry) -> Bool = { _ in false }

    init(_ simulation: Simulation, seed: UInt64) throws {
        guard let room = RoomName("studio") else { throw PermitError.denied }
        self.simulation = simulation
        random = SeededRandom(seed: seed &+ 0xACC0_0417)
        accounts = DisclosureAccounts(room: room, number: 1)
    }

    // MARK: The control plane

    func start() {
        func tick() {
            run { $0.tick(now: simulation.reading, using: &random, effects: &$1) }
            simulation.after(100, tick)
        }
        simulation.after(100, tick)
    }

    /// Changes the books, and does what they then ask for.
    func change(_ body: (inout DisclosureAccounts) -> Void) {
        run { accounts, effects in
            body(&accounts)
            accounts.settle(now: simulation.reading, using: &random, effects: &effects)
        }
    }

    /// Changes the books without asking for anything yet.
    func note(_ body: (inout DisclosureAccounts) -> Void) { body(&accounts) }

    private func run(_ body: (inout DisclosureAccounts, inout [AccountEffect]) -> Void) {
        var effects: [AccountEffect] = []
        body(&accounts, &effects)
        for effect in effects {
            switch effect {
            case .record(let entries, let ticket): write(entries, ticket)
            case .post(let commands, let loop):
                if loop < simulation.loops.count {
                    simulation.loops[loop].post(commands)
                } else {
                    simulation.recorder?.post(commands)
                }
            }
        }
    }

    private func write(_ entries: [DisclosureEntry], _ ticket: RecordTicket) {
        let delay = random.number(latencyMicroseconds) * 1_000
        simulation.at(simulation.now.advanced(byNanoseconds: delay)) { [unowned self] in
            if entries.contains(where: contradicts) {
                return run {
                    $0.recordContradicted(ticket, now: simulation.reading, effects: &$1)
                }
            }
            let fails = isFailing
            if !fails || random.chance(50) { commit(entries) }
            if fails {
                failures += 1
                run { accounts, _ in accounts.recordFailed(ticket, now: simulation.reading) }
            } else {
                run { $0.recorded(ticket, now: simulation.reading, using: &random, effects: &$1) }
            }
        }
    }

    private func commit(_ entries: [DisclosureEntry]) {
        let moment = simulation.moment()
        for entry in entries {
            let isProgress = entry.kind == .progress
            guard isProgress || written.insert("\(entry.interval.id) \(entry.kind)").inserted else {
                continue
            }
            committed.append(Committed(entry: entry, moment: moment))
        }
    }

    // MARK: The wire

    /// A loop applies an admission.
    func applied(_ line: LineName, _ admission: LineAdmission, at moment: Moment) {
        guard let interval = accounts.interval(of: admission.account) else {
            return simulation.violate("an admission of no interval")
        }
        let isOpened = committed.contains { $0.entry.interval == interval && $0.entry.kind == .opened }
        if !isOpened { simulation.violate("an admission that the ledger does not hold") }
        guard !admission.gate.hasEnded(admission.opening) else { return }
        admitted[line, default: []].append(
            Admitted(step: moment.step, admission: admission, interval: interval)
        )
    }

    /// Whether a line was admitted, at `moment`, to the opening that then was.
    func isAdmitted(_ line: LineName, track: UInt32, audience: AudienceID, at moment: Moment) -> Bool {
        guard let last = admitted[line]?.last(where: { $0.step <= moment.step }) else { return false }
        return UInt32(last.admission.gate.track.rawValue) == track
            && last.admission.opening == simulation.history(track, audience).opening(at: moment)
    }

    /// A packet of a track leaves on a line; `track` is `nil` if nothing in the packet says which.
    func saw(_ line: LineName, track: UInt32?, audience: AudienceID, payloadLength: Int, read: Moment) {
        guard let last = admitted[line]?.last(where: { $0.step <= read.step }) else {
            return simulation.violate("media on a line that was never admitted: \(line)")
        }
        let name = UInt32(last.admission.gate.track.rawValue)
        let opening = simulation.history(name, audience).opening(at: read)
        if opening != last.admission.opening {
            simulation.violate(
                "media of opening \(opening ?? 0) on a line admitted to \(last.admission.opening)"
            )
        }
        if let track, track != name { simulation.violate("media of \(track) on a line admitted to \(name)") }
        seen[last.interval.id, default: Count()].packets += 1
        seen[last.interval.id, default: Count()].bytes += UInt64(payloadLength)
        let shown = Shown(session: last.interval.session, stream: last.interval.stream)
        seenByShown[shown, default: Count()].packets += 1
        seenByShown[shown, default: Count()].bytes += UInt64(payloadLength)
    }

    // MARK: What must hold

    func entries(_ kind: DisclosureEntry.Kind) -> [DisclosureEntry] {
        committed.map(\.entry).filter { $0.kind == kind }
    }

    var refusals: [(entry: DisclosureEntry, reason: DenyReason)] {
        committed.compactMap { committed in
            if case .refused(let reason) = committed.entry.kind { return (committed.entry, reason) }
            return nil
        }
    }

    /// The order of every interval's entries, and counts that never claim more than the wire says; with `isOver`,
    /// every interval is closed and counts are equal.
    func check(isOver: Bool) {
        var last: [String: DisclosureEntry] = [:]
        for entry in committed.map(\.entry) {
            let id = entry.interval.id
            let before = last[id]
            switch entry.kind {
            case .refused, .opened:
                if before != nil { simulation.violate("interval \(id) begins twice") }
            case .progress, .closed, .interrupted:
                guard let before, before.kind == .opened || before.kind == .progress,
                    before.interval == entry.interval, before.from == entry.from,
                    before.time <= entry.time, before.packets <= entry.packets, before.bytes <= entry.bytes
                else {
                    simulation.violate("\(entry.kind) of \(id) does not follow what was before")
                    continue
                }
            }
            last[id] = entry
        }
        // Of a viewer that never came to have keys the wire says nothing.
        let unread = Set(simulation.viewers.filter(\.tap.hasUnread).map { "viewer\($0.id.rawValue)" })
        var sums: [Shown: Count] = [:]
        for (id, entry) in last {
            if case .refused = entry.kind { continue }
            guard !unread.contains(entry.interval.session) else { continue }
            let wire = seen[id] ?? Count()
            if entry.packets > wire.packets || entry.bytes > wire.bytes {
                simulation.violate("the ledger claims \(entry.packets) packets of \(wire.packets) in \(id)")
            }
            let shown = Shown(session: entry.interval.session, stream: entry.interval.stream)
            sums[shown, default: Count()].packets += entry.packets
            sums[shown, default: Count()].bytes += entry.bytes
            guard isOver else { continue }
            if entry.kind != .closed { simulation.violate("\(id) is not closed: \(entry.kind)") }
            if Count(packets: entry.packets, bytes: entry.bytes) != wire {
                simulation.violate("the ledger says \(entry.packets) packets, the wire \(wire.packets)")
            }
        }
        guard isOver else { return }
        for (shown, count) in seenByShown where sums[shown] != count {
            simulation.violate("\(shown): the ledger \(sums[shown] ?? Count()), the wire \(count)")
        }
        if let recorder = simulation.recorder, recorder.accountCount > 0 {
            simulation.violate("the recorder keeps \(recorder.accountCount) accounts")
        }
        for loop in simulation.loops where loop.engine.forwarder.accounts.count > 0 {
            simulation.violate("loop \(loop.number) keeps \(loop.engine.forwarder.accounts.count) accounts")
        }
    }
}
