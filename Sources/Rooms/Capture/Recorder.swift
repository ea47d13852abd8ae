import Disclosures
import MediaRings
import Primitives
import RTPPackets

/// Captures tracks for recordings: an audience like any other, that reads rings through its gates and asks for
/// nothing else.
///
/// A machine without I/O. A turn is: commands, then `captureNext` until every line had its turn, then events. After a
/// turn it holds no media; what the sink holds of stretches that have ended is the sink's to say (`flushed`).
package struct Recorder: ~Copyable {
    /// Packets of one line under one pass: bounds what a process that is suspended meanwhile still takes.
    package static let batchLimit = 64
    /// A wish for a keyframe that was not met is repeated after this long.
    package static let keyframePatienceMilliseconds: Int64 = 500
    /// A recording has a keyframe at least this often, so that one can seek in it, and what was lost heals.
    package static let seekMilliseconds: Int64 = 10_000
    /// The sink that takes nothing is asked again after this long.
    package static let refusalMilliseconds: Int64 = 500
    /// Every open account is reported this often, and the ledger with it.
    package static let accountMilliseconds: Int64 = 5_000
    /// How far behind a keyframe's first packet others of it may stand that came before it.
    static let reorderReach: UInt64 = 16

    var lines = SlotArray<CaptureLine>()
    private var slots: [LineName: Int] = [:]
    var accounts = LineAccounts()
    package internal(set) var counters = CaptureCounters()
    var events: [RecorderEvent] = []
    /// One packet's payload, from the slot to the sink.
    var scratch = [UInt8](repeating: 0, count: MediaRing.maximumPayloadByteCount)
    /// How much of the scratch was written since it was wiped.
    var scratchLength = 0
    /// The next line of the turn.
    private var cursor = 0
    private var hasBacklogSoFar = false
    /// Lines have more to read than the last turn could take.
    package private(set) var hasBacklog = false
    /// Stretches that have ended so far.
    package internal(set) var endedStretches: UInt64 = 0

    package init() {}

    /// Whether no line is followed.
    package var isIdle: Bool { lines.count == 0 }

    /// Accounts whose last count has not been taken.
    package var accountCount: Int { accounts.count }

    /// Whether no byte of media is in memory here; so it is between turns.
    var holdsNothing: Bool { scratch.allSatisfy { $0 == 0 } }

    /// Applies one command of the control plane, between turns.
    package mutating func apply<Sink: CaptureSink & ~Copyable>(
        _ command: RecorderCommand,
        into sink: inout Sink
    ) {
        precondition(cursor == 0, "commands come between turns")
        switch command {
        case .follow(let name, let ring, let gate, let position):
            release(name, into: &sink)
            slots[name] = lines.insert(CaptureLine(name: name, ring: ring, gate: gate, from: position))
        case .admit(let name, let admission):
            admit(slots[name], admission, into: &sink)
        case .release(let name):
            release(name, into: &sink)
        }
    }

    /// Lets a line be read under one opening of its gate, from now on in this account.
    ///
    /// An admission that comes too late (the line is gone, the gate has closed since) admits nothing. In any case
    /// the account is reported as final once.
    private mutating func admit<Sink: CaptureSink & ~Copyable>(
        _ line: Int?,
        _ admission: LineAdmission,
        into sink: inout Sink
    ) {
        let account = accounts.open(admission.account)
        guard let line, lines[line].gate === admission.gate, !admission.gate.hasEnded(admission.opening)
        else { return accounts.close(account) }
        // In between lies what was withheld.
        if lines[line].admittedOpening != admission.opening { end(line, because: .withheld, into: &sink) }
        endAdmission(line)
        lines[line].admittedOpening = admission.opening
        lines[line].accountID = admission.account
        lines[line].account = account
    }

    /// Has nothing read of a line until it is admitted again.
    mutating func endAdmission(_ line: Int) {
        lines[line].admittedOpening = 0
        lines[line].accountID = nil
        guard lines[line].account >= 0 else { return }
        accounts.close(lines[line].account)
        lines[line].account = -1
    }

    private mutating func release<Sink: CaptureSink & ~Copyable>(_ name: LineName, into sink: inout Sink) {
        guard let line = slots.removeValue(forKey: name) else { return }
        end(line, because: .released, into: &sink)
        endAdmission(line)
        set(line, .released)
        lines.remove(line)
    }

    /// Captures no line any longer.
    package mutating func releaseAll<Sink: CaptureSink & ~Copyable>(into sink: inout Sink) {
        for name in slots.keys.sorted() { release(name, into: &sink) }
    }

    /// Captures what the next line of the turn has, a batch at most; `false` once every line had its turn.
    package mutating func captureNext<Sink: CaptureSink & ~Copyable>(
        _ now: ClockReading,
        into sink: inout Sink
    ) -> Bool {
        while cursor < lines.end, !lines.contains(cursor) { cursor += 1 }
        if cursor < lines.end {
            if capture(cursor, now, into: &sink) { hasBacklogSoFar = true }
            cursor += 1
            return true
        }
        for name in sink.takeKeyframeWishes() {
            guard let line = slots[name] else { continue }
            wishForKeyframe(line, now: now.monotonic, after: Self.keyframePatienceMilliseconds)
        }
        for index in 0..<scratchLength { scratch[index] = 0 }
        scratchLength = 0
        cursor = 0
        hasBacklog = hasBacklogSoFar
        hasBacklogSoFar = false
        return false
    }

    /// The recorder was cut off: stretches are over without the sink, and lines begin anew with what comes next.
    package mutating func recover<Sink: CaptureSink & ~Copyable>(into sink: inout Sink) {
        sink.recover()
        for line in 0..<lines.end where lines.contains(line) {
            if lines[line].stretch != nil { endedStretches += 1 }
            lines[line].stretch = nil
            lines[line].next = nil
            lines[line].floor = lines[line].ring.head
            lines[line].refusedUntil = .distantPast
        }
    }

    /// Takes the events since the last call; between turns.
    package mutating func takeEvents() -> [RecorderEvent] {
        let reports = accounts.takeReports()
        if !reports.isEmpty { events.append(.counted(reports)) }
        defer { events = [] }
        return events
    }

    // MARK: Stretches

    /// Ends a line's stretch, if it is in one; what comes next has a place of its own to begin.
    mutating func end<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        because reason: CaptureEnd,
        into sink: inout Sink
    ) {
        if let next = lines[line].next { lines[line].floor = max(lines[line].floor, next) }
        lines[line].next = nil
        guard lines[line].stretch != nil else { return }
        lines[line].stretch = nil
        endedStretches += 1
        sink.end(lines[line].name, because: reason)
    }

    /// Moves a line to a state and remembers to tell it.
    mutating func set(_ line: Int, _ state: CaptureLine.State) {
        guard lines[line].state != state else { return }
        lines[line].state = state
        events.append(.line(lines[line].name, state))
    }

    /// Asks the publisher for a keyframe, unless that was done less than `milliseconds` ago.
    mutating func wishForKeyframe(_ line: Int, now: MonotonicTime, after milliseconds: Int64) {
        guard lines[line].ring.kind == .video,
            lines[line].keyframeWishedAt == .distantPast
                || now.milliseconds(since: lines[line].keyframeWishedAt) >= milliseconds
        else { return }
        lines[line].keyframeWishedAt = now
        counters.keyframeWishes += 1
        lines[line].ring.wishForKeyframe()
    }
}
