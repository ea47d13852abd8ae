import ConsentAuthority
import Disclosures
import Foundation
import LedgerStore
import Primitives

/// A thousand withdrawals at once, each acknowledged when it is durable in SQLite and past its grace period (which
/// nobody delays here): in one room, and in a thousand rooms.
enum WithdrawalBurst {
    private static let withdrawals = 1000

    static func run() async throws {
        try await measure("in one room", rooms: 1)
        try await measure("in a thousand rooms", rooms: withdrawals)
    }

    private static func measure(_ title: String, rooms: Int) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("burst-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try await SQLiteLedgerStore(directory: directory)
        let drivers = (0..<rooms).compactMap { number in
            RoomName("room\(number)").map { AuthorityDriver(room: $0, store: store) }
        }
        let people = (0..<withdrawals).compactMap { ParticipantID("participant\($0)") }
        for (index, person) in people.enumerated() { await drivers[index % rooms].goLive(person) }
        try await store.heartbeat()
        for driver in drivers { await driver.beat() }
        _ = await latencies(people, drivers, .given)
        let before = await store.statistics.commits
        let clock = ContinuousClock()
        let began = clock.now
        let sorted = await latencies(people, drivers, .withdrawn).sorted()
        let seconds = (clock.now - began).inSeconds
        let commits = await store.statistics.commits - before
        func milliseconds(_ place: Double) -> String {
            String(format: "%.1f", sorted[min(sorted.count - 1, Int(place * Double(sorted.count)))] * 1000)
        }
        print(
            "withdrawals \(title): \(sorted.count) acknowledged in \(String(format: "%.3f", seconds)) s with "
                + "\(commits) commits; p50 \(milliseconds(0.5)) ms, p99 \(milliseconds(0.99)) ms"
        )
        await store.close()
    }

    private static func latencies(
        _ people: [ParticipantID],
        _ drivers: [AuthorityDriver],
        _ state: ConsentState
    ) async -> [Double] {
        await withTaskGroup(of: Double.self) { group in
            for (index, person) in people.enumerated() {
                let driver = drivers[index % drivers.count]
                group.addTask {
                    let clock = ContinuousClock()
                    let began = clock.now
                    await driver.submit(state, of: person)
                    return (clock.now - began).inSeconds
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}

/// Executes what one room's authority asks for, as the relay's rooms do.
actor AuthorityDriver {
    private let room: RoomName
    private let store: SQLiteLedgerStore
    private var authority: RoomAuthority
    private var waiting: [ConsentTicket: CheckedContinuation<Void, Never>] = [:]
    private var gates: [TrackID: DisclosureGate] = [:]
    private let began = ContinuousClock().now

    init(room: RoomName, store: SQLiteLedgerStore) {
        self.room = room
        self.store = store
        authority = RoomAuthority(room: room, state: RoomConsent())
        var effects: [ConsentEffect] = []
        authority.audienceArrived(
            AudienceID(1),
            .roomViewers,
            now: ClockReading(wall: WallClockTime(nanosecondsSince1970: 0), monotonic: .distantPast),
            effects: &effects
        )
    }

    private var now: ClockReading {
        let elapsed = Int64((ContinuousClock().now - began).inSeconds * 1e9)
        let start = 1_700_000_000_000_000_000 as Int64
        return ClockReading(
            wall: WallClockTime(nanosecondsSince1970: start + elapsed),
            monotonic: MonotonicTime(nanoseconds: 1_000_000_000 + elapsed)
        )
    }

    func goLive(_ participant: ParticipantID) {
        let track = TrackID(UInt64(gates.count) + 1)
        gates[track] = DisclosureGate(track: track, audience: AudienceID(1))
        var effects: [ConsentEffect] = []
        authority.trackStarted(
            track,
            participant: participant,
            media: .video,
            stream: "cam",
            now: now,
            effects: &effects
        )
        execute(effects)
    }

    func beat() {
        var effects: [ConsentEffect] = []
        authority.heartbeatCommitted(startedAt: now.monotonic, now: now, effects: &effects)
        execute(effects)
    }

    func submit(_ state: ConsentState, of participant: ParticipantID) async {
        let statement = ConsentStatement(
            participant: participant,
            purpose: .liveRoom,
            state: state,
            media: MediaType.live,
            source: .page,
            givenAt: now.wall
        )
        var effects: [ConsentEffect] = []
        let ticket = authority.submit([statement], of: participant, now: now, effects: &effects)
        execute(effects)
        await withCheckedContinuation { waiting[ticket] = $0 }
    }

    private func execute(_ effects: [ConsentEffect]) {
        for effect in effects {
            switch effect {
            case .append(let events, let ticket): Task { await append(events, ticket) }
            case .openGate(let track, _, let permit, let end):
                gates[track]?.open(permit, from: 0, leaseEnd: end)
            case .renewGate(let track, _, let permit, let end):
                gates[track]?.renew(permit, from: 0, leaseEnd: end, now: now.monotonic)
            case .closeGate(let track, _): gates[track]?.close()
            case .beginGrace(let ticket): Task { endGrace(ticket) }
            case .acknowledge(let ticket, _): waiting.removeValue(forKey: ticket)?.resume()
            case .refuse(_, let reason): fatalError("refused: \(reason.rawValue)")
            case .readLog, .recorded, .changed: break
            }
        }
    }

    private func append(_ events: [ConsentEvent], _ ticket: AppendTicket) async {
        do {
            try await store.append(events, room: room)
        } catch {
            fatalError("the store of a benchmark failed: \(error)")
        }
        var effects: [ConsentEffect] = []
        authority.appendCommitted(ticket, now: now, effects: &effects)
        execute(effects)
    }

    private func endGrace(_ ticket: GraceTicket) {
        var effects: [ConsentEffect] = []
        authority.graceCompleted(ticket, now: now, effects: &effects)
        execute(effects)
    }
}
