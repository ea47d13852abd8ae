import Disclosures
import MediaRings
import Primitives
import RTPPackets

/// What came of one position for one line.
private enum Capture {
    case taken
    /// Left out: older than the stretch's beginning.
    case passedOver
    /// The writer has not been there yet.
    case unpublished
    /// The writer has overtaken the line: begin again.
    case overtaken
    /// The packet is of another source or codec: begin again with it.
    case sourceChanged
    /// The sink did not take it.
    case refused
}

/// On what ground a batch is read, and when.
private struct Ground {
    let opening: UInt64
    let account: AccountID
    let epoch: UInt64
    let now: ClockReading
}

extension Recorder {
    /// Captures what a line has, as far as its gate lets it; answers whether more waits.
    mutating func capture<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        _ now: ClockReading,
        into sink: inout Sink
    ) -> Bool {
        reportProgress(line, now: now.monotonic)
        let gate = lines[line].gate
        let hasMore = gate.withPass(now: now.monotonic) { pass in
            read(line, pass, epoch: gate.epoch, now, into: &sink)
        }
        if let hasMore {
            counters.passesMinted += 1
            return hasMore
        }
        counters.passesDenied += 1
        if lines[line].admittedOpening != 0, gate.hasEnded(lines[line].admittedOpening) { endAdmission(line) }
        withhold(line, into: &sink)
        return false
    }

    private mutating func withhold<Sink: CaptureSink & ~Copyable>(_ line: Int, into sink: inout Sink) {
        end(line, because: .withheld, into: &sink)
        set(line, .withheld)
    }

    /// Reads a batch under one pass: nothing, unless the ledger holds the interval of the pass's opening.
    private mutating func read<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        _ pass: borrowing Pass,
        epoch: UInt64,
        _ now: ClockReading,
        into sink: inout Sink
    ) -> Bool {
        guard lines[line].admittedOpening == pass.opening, let account = lines[line].accountID else {
            endAdmission(line)
            withhold(line, into: &sink)
            return false
        }
        guard lines[line].refusedUntil <= now.monotonic else { return false }
        let ground = Ground(opening: pass.opening, account: account, epoch: epoch, now: now)
        if let stretch = lines[line].stretch, stretch.epoch != epoch || stretch.account != account {
            guard goOn(line, from: stretch, ground, into: &sink) else { return false }
        }
        guard place(line, pass, now: now.monotonic) else {
            set(line, .joining)
            return false
        }
        let head = lines[line].ring.head
        var budget = Self.batchLimit
        while let next = lines[line].next, next < head {
            guard budget > 0 else { return true }
            budget -= 1
            switch capture(line, pass, at: next, ground, into: &sink) {
            case .taken, .passedOver:
                lines[line].next = next + 1
            case .unpublished:
                return false
            case .overtaken:
                counters.overtaken += 1
                end(line, because: .overtaken, into: &sink)
                return true
            case .sourceChanged:
                end(line, because: .sourceChanged, into: &sink)
                return true
            case .refused:
                refuse(line, now: now.monotonic, into: &sink)
                return false
            }
        }
        keepSeekable(line, now: now.monotonic)
        return false
    }

    /// Finds where a line may begin: video at the newest keyframe that pass and order reach, audio at what comes next.
    private mutating func place(_ line: Int, _ pass: borrowing Pass, now: MonotonicTime) -> Bool {
        if lines[line].next != nil { return true }
        let ring = lines[line].ring
        let floor = max(lines[line].floor, pass.opensAt, ring.oldestReadable)
        guard ring.kind == .video else {
            lines[line].next = floor
            lines[line].first = nil
            return true
        }
        if let keyframe = ring.newestKeyframe(pass), keyframe >= floor,
            case .packet(let first) = ring.read(
                pass,
                at: keyframe,
                { packet, _, _ in CaptureLine.FirstPacket(sequence: packet.sequence, source: packet.source) }
            )
        {
            lines[line].next = max(floor, keyframe - min(keyframe, Self.reorderReach))
            lines[line].first = first
            return true
        }
        wishForKeyframe(line, now: now, after: Self.keyframePatienceMilliseconds)
        return false
    }

    private mutating func capture<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        _ pass: borrowing Pass,
        at position: UInt64,
        _ ground: Ground,
        into sink: inout Sink
    ) -> Capture {
        let ring = lines[line].ring
        let read = ring.read(pass, at: position) { packet, payload, _ in
            scratch.withUnsafeMutableBytes { $0.copyMemory(from: payload) }
            return (packet: packet, length: payload.count)
        }
        switch read {
        case .unpublished: return .unpublished
        case .lapped, .refused: return .overtaken
        case .packet(let (packet, length)):
            scratchLength = max(scratchLength, length)
            return hand(packet, length, line, ground, into: &sink)
        }
    }

    /// Hands the packet in the scratch to the sink, if the line's stretch is or begins with it.
    private mutating func hand<Sink: CaptureSink & ~Copyable>(
        _ packet: RingPacket,
        _ length: Int,
        _ line: Int,
        _ ground: Ground,
        into sink: inout Sink
    ) -> Capture {
        if let first = lines[line].first {
            guard packet.source == first.source else {
                // Of an earlier source there may be something that comes late.
                let isOlder = Int32(bitPattern: packet.source &- first.source) < 0
                return isOlder ? .passedOver : .sourceChanged
            }
            guard packet.sequence >= first.sequence else { return .passedOver }
        } else {
            lines[line].first = CaptureLine.FirstPacket(sequence: packet.sequence, source: packet.source)
        }
        if let stretch = lines[line].stretch {
            guard packet.codec == stretch.codec else { return .sourceChanged }
        } else {
            guard begin(line, with: packet, ground, into: &sink) else { return .refused }
        }
        guard sink.take(packet, scratch.span.bytes.extracting(0..<length), of: lines[line].name) else {
            return .refused
        }
        accounts.count(lines[line].account, packets: 1, bytes: length)
        counters.packets += 1
        counters.bytes += UInt64(length)
        if packet.facts.startsKeyframe { lines[line].keyframeCapturedAt = ground.now.monotonic }
        return .taken
    }

    private mutating func begin<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        with packet: RingPacket,
        _ ground: Ground,
        into sink: inout Sink
    ) -> Bool {
        let stretch = CaptureStretch(
            line: lines[line].name,
            account: ground.account,
            opening: ground.opening,
            epoch: ground.epoch,
            codec: packet.codec,
            source: packet.source,
            firstSequence: lines[line].first?.sequence ?? packet.sequence,
            begunAt: ground.now,
            isContinued: false
        )
        return begin(line, stretch, into: &sink)
    }

    /// Lets a stretch go on as another: the permit is of another epoch, or the ledger has another interval.
    private mutating func goOn<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        from last: CaptureStretch,
        _ ground: Ground,
        into sink: inout Sink
    ) -> Bool {
        let next = lines[line].next
        end(line, because: .renewed, into: &sink)
        let stretch = CaptureStretch(
            line: last.line,
            account: ground.account,
            opening: ground.opening,
            epoch: ground.epoch,
            codec: last.codec,
            source: last.source,
            firstSequence: last.firstSequence,
            begunAt: ground.now,
            isContinued: true
        )
        guard begin(line, stretch, into: &sink) else {
            refuse(line, now: ground.now.monotonic, into: &sink)
            return false
        }
        lines[line].next = next
        return true
    }

    /// Begins a stretch with the sink; `false` if it keeps nothing now.
    private mutating func begin<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        _ stretch: CaptureStretch,
        into sink: inout Sink
    ) -> Bool {
        guard sink.begin(stretch) else { return false }
        counters.stretches += 1
        lines[line].stretch = stretch
        set(line, .capturing)
        return true
    }

    /// The sink takes nothing: what comes meanwhile is not captured.
    private mutating func refuse<Sink: CaptureSink & ~Copyable>(
        _ line: Int,
        now: MonotonicTime,
        into sink: inout Sink
    ) {
        counters.refused += 1
        end(line, because: .refused, into: &sink)
        lines[line].floor = max(lines[line].floor, lines[line].ring.head)
        lines[line].refusedUntil = now.advanced(byMilliseconds: Self.refusalMilliseconds)
        set(line, .refused)
    }

    /// Asks for a keyframe where the last one was captured long ago.
    private mutating func keepSeekable(_ line: Int, now: MonotonicTime) {
        let captured = lines[line].keyframeCapturedAt
        guard lines[line].stretch != nil, now.milliseconds(since: captured) >= Self.seekMilliseconds else {
            return
        }
        wishForKeyframe(line, now: now, after: Self.seekMilliseconds)
    }

    /// Has an open account reported that is due.
    private mutating func reportProgress(_ line: Int, now: MonotonicTime) {
        guard lines[line].account >= 0,
            now.milliseconds(since: lines[line].reportedAt) >= Self.accountMilliseconds
        else { return }
        lines[line].reportedAt = now
        accounts.reportProgress(lines[line].account)
    }
}
