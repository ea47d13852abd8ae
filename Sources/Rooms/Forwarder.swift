// Hot path 5/6: per audience one pass, per viewer a rewritten header, encrypted from the ring into the slab

import Disclosures
import MediaRings
import Primitives
import RTPPackets

/// What the enforcement point did to a line, for the control plane to tell.
package struct LineChange: Sendable, Equatable {
    package let viewer: Int
    package let mediaIndex: Int
    package let state: MediaLine.State
    /// Whether temporal layers are left out, because the viewer's path does not carry them.
    package let isThinned: Bool
}

/// What a forwarder counts; totals since it began.
package struct ForwardingCounters: Sendable, Equatable {
    package var packets: UInt64 = 0
    package var bytes: UInt64 = 0
    package var slatePackets: UInt64 = 0
    package var retransmissions: UInt64 = 0
    package var retransmissionsRefused: UInt64 = 0
    package var passesMinted: UInt64 = 0
    /// By the place of the reason in `DenyReason.allCases`.
    package var passesDenied = [UInt64](repeating: 0, count: DenyReason.allCases.count)
    package var lapped: UInt64 = 0
    package var thinned: UInt64 = 0
    package var keyframeWishes: UInt64 = 0

    package init() {}
}

/// Fans the tracks of this loop's rooms out to this loop's viewers.
package struct Forwarder: ~Copyable {
    /// Packets of one line in one batch: what is more (a late joiner's backlog) is paced.
    package static let lineBatchLimit = 32
    /// Pause of a paced line between batches: with the limit above, about 75 Mbit/s.
    package static let pacingMilliseconds: Int64 = 4
    /// A keyframe older than this is not replayed to a late joiner: a new one is sooner on the screen than
    /// the backlog behind it is caught up.
    package static let catchUpMilliseconds: Int64 = 4_000
    /// A wish for a keyframe that was not met is repeated after this long.
    package static let keyframePatienceMilliseconds: Int64 = 500
    /// A permitted line that has nothing to show is sent the slate after this long, so that it is never black.
    package static let blankMilliseconds: Int64 = 1_500
    package static let slateIntervalMilliseconds: Int64 = 1_000
    /// The first slates come closer together: one that is lost is not retransmitted, and leaves a frozen face.
    package static let firstSlatesIntervalMilliseconds: Int64 = 200
    package static let firstSlates = 4
    package static let silenceIntervalMilliseconds: Int64 = 20

    package var viewers = SlotArray<ViewerOutlet>()
    package var lines = SlotArray<MediaLine>(minimumCapacity: 128)
    var feeds = SlotArray<TrackFeed>()
    var slates: [SlateFrames] = []
    package var accounts = LineAccounts()
    package internal(set) var counters = ForwardingCounters()
    package internal(set) var changes: [LineChange] = []
    /// Feeds to be looked at: those with news, and those whose lines wait for something.
    private var listed: [Int] = []
    /// Every feed is to be looked at, once the walk that is under way has ended.
    private var wantsSweep = false
    /// The head of the ring whose feed is being walked, as of the walk's beginning.
    private var walkHead: UInt64 = 0
    /// Where the walk goes on after a full slab: place in the list, audience within it, line within that.
    private var cursor = 0
    private var audienceCursor = 0
    var lineCursor = 0
    /// The next viewer whose accounts are reported, and when the round began.
    var accountCursor = 0
    var accountsSince = MonotonicTime.distantPast

    package init() {}

    /// Fills the slab with what is due; `false` if it is full and more waits: send, clear, call again.
    ///
    /// Looks at the tracks that `noteNews` named and at those that wait for something; `sweep` looks at every
    /// track, for gates that changed and for packets that other loops published.
    package mutating func forward(now: MonotonicTime, sweep: Bool, into slab: inout SendSlab) -> Bool {
        wantsSweep = wantsSweep || sweep
        if wantsSweep, cursor == 0, audienceCursor == 0, lineCursor == 0 {
            wantsSweep = false
            for feed in 0..<feeds.end where feeds.contains(feed) && feeds[feed].isDue(now: now) { list(feed) }
        }
        while cursor < listed.count {
            let feed = listed[cursor]
            if feeds.contains(feed), !feeds[feed].audiences.isEmpty {
                // What comes while a full slab interrupts the walk, the lines before the interruption have not seen.
                if audienceCursor == 0, lineCursor == 0 { walkHead = feeds[feed].ring.head }
                guard serve(feed: feed, now: now, into: &slab) else { return false }
                feeds[feed].servedHead = walkHead
            }
            cursor += 1
            audienceCursor = 0
            lineCursor = 0
        }
        cursor = 0
        // The walk may have taken several turns, and what came to it meanwhile is not to wait for a timer.
        return !keepWaiting() && !wantsSweep
    }

    /// Leaves in the list what waits for something, and what has news again; answers whether anything has.
    private mutating func keepWaiting() -> Bool {
        var hasNews = false
        // A slot may be in the list twice, if its track went and another came meanwhile.
        for feed in listed where feeds.contains(feed) { feeds[feed].isListed = false }
        var kept = 0
        for place in listed.indices {
            let feed = listed[place]
            guard feeds.contains(feed), !feeds[feed].isListed, !feeds[feed].audiences.isEmpty else {
                continue
            }
            let isNew = feeds[feed].ring.head != feeds[feed].servedHead
            guard isNew || feeds[feed].needsSweep else { continue }
            hasNews = hasNews || isNew
            feeds[feed].isListed = true
            listed[kept] = feed
            kept += 1
        }
        listed.removeSubrange(kept...)
        return hasNews
    }

    /// Has a track looked at, because something was published.
    ///
    /// `false` if the slot holds another track.
    package mutating func noteNews(of ring: MediaRing, feed: Int) -> Bool {
        guard feeds.contains(feed), feeds[feed].ring === ring else { return false }
        list(feed)
        return true
    }

    /// Has the tracks of a viewer looked at: packets can reach it from now on.
    package mutating func noteReady(viewer: Int) {
        for line in viewers[viewer].lines where lines[line].feed >= 0 { requestSweep(lines[line].feed) }
    }

    /// Has a feed served although nothing new comes.
    mutating func requestSweep(_ feed: Int) {
        feeds[feed].needsSweep = true
        list(feed)
    }

    private mutating func list(_ feed: Int) {
        guard !feeds[feed].isListed else { return }
        feeds[feed].isListed = true
        listed.append(feed)
    }

    /// Takes the changes of lines since the last call.
    package mutating func takeChanges() -> [LineChange] {
        let taken = changes
        changes = []
        return taken
    }

    private mutating func serve(feed: Int, now: MonotonicTime, into slab: inout SendSlab) -> Bool {
        let ring = feeds[feed].ring
        if audienceCursor == 0, lineCursor == 0 { feeds[feed].needsSweep = false }
        while audienceCursor < feeds[feed].audiences.count {
            let audience = audienceCursor
            guard !feeds[feed].audiences[audience].lines.isEmpty else {
                audienceCursor += 1
                lineCursor = 0
                continue
            }
            let gate = feeds[feed].audiences[audience].gate
            let served = gate.withPass(now: now) { pass in
                noteServed(feed, audience, opening: pass.opening)
                return serve(feed: feed, audience: audience, ring: ring, pass, now: now, into: &slab)
            }
            if let served {
                counters.passesMinted += 1
                guard served else { return false }
            } else {
                counters.passesDenied[gate.refusal] += 1
                noteServed(feed, audience, opening: 0)
                guard withhold(feed: feed, audience: audience, now: now, into: &slab) else { return false }
            }
            audienceCursor += 1
            lineCursor = 0
        }
        return true
    }

    /// Remembers how the gate stood; lines that were served while it stood otherwise are looked at once more.
    private mutating func noteServed(_ feed: Int, _ audience: Int, opening: UInt64) {
        if lineCursor > 0, feeds[feed].audiences[audience].servedOpening != opening {
            feeds[feed].needsSweep = true
        }
        feeds[feed].audiences[audience].servedOpening = opening
    }

    private mutating func serve(
        feed: Int,
        audience: Int,
        ring: MediaRing,
        _ pass: borrowing Pass,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) -> Bool {
        while lineCursor < feeds[feed].audiences[audience].lines.count {
            let line = feeds[feed].audiences[audience].lines[lineCursor]
            if lines[line].admittedOpening != pass.opening { endAdmission(line) }
            guard viewers[lines[line].viewer].isReady else {
                lineCursor += 1
                continue
            }
            guard serve(line: line, ring: ring, pass, now: now, into: &slab) else { return false }
            lineCursor += 1
        }
        return true
    }

    /// Sends one line what it has not got yet; `false` if the slab is full.
    ///
    /// Nothing, unless the ledger holds the interval of the opening that the pass is of.
    private mutating func serve(
        line: Int,
        ring: MediaRing,
        _ pass: borrowing Pass,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) -> Bool {
        guard lines[line].admittedOpening == pass.opening else {
            return awaitAdmission(line, now: now, into: &slab)
        }
        if lines[line].isStopped, lines[line].state != .live {
            set(line, .overloaded)
            return true
        }
        switch lines[line].state {
        case .live:
            break
        case .idle, .withheld, .unsupported, .overloaded:
            if lines[line].state == .unsupported {
                // The publisher may come back to a codec that the viewer has, with a keyframe.
                guard let keyframe = ring.newestKeyframe(pass), keyframe > lines[line].next else {
                    feeds[lines[line].feed].needsSweep = true
                    return slateWhenDue(line, now: now, into: &slab)
                }
            }
            if lines[line].state == .withheld { feeds[lines[line].feed].needsSweep = true }
            begin(line, now: now)
            fallthrough
        case .joining:
            guard join(line, ring: ring, pass, now: now) else {
                feeds[lines[line].feed].needsSweep = true
                return blankWhenDue(line, now: now, into: &slab)
            }
        }
        guard lines[line].pacedUntil <= now else {
            feeds[lines[line].feed].needsSweep = true
            return true
        }
        var budget = Self.lineBatchLimit
        let head = ring.head
        while lines[line].next < head {
            guard slab.hasRoom else { return false }
            guard budget > 0 else {
                lines[line].pacedUntil = now.advanced(byMilliseconds: Self.pacingMilliseconds)
                feeds[lines[line].feed].needsSweep = true
                return true
            }
            switch emit(line, ring: ring, pass, at: lines[line].next, now: now, into: &slab) {
            case .sent: budget -= 1
            case .passedOver: break
            case .lost:
                counters.lapped += 1
                begin(line, now: now)
                feeds[lines[line].feed].needsSweep = true
                return true
            case .unsupported:
                set(line, .unsupported)
                feeds[lines[line].feed].needsSweep = true
                return true
            }
            lines[line].next += 1
        }
        return true
    }

    /// Puts a line into waiting for a place to begin.
    mutating func begin(_ line: Int, now: MonotonicTime) {
        lines[line].state = .joining
        lines[line].joiningSince = now
        lines[line].pacedUntil = .distantPast
    }

    /// Finds where a line may begin: video at the newest keyframe the pass reaches, audio at what comes next.
    private mutating func join(
        _ line: Int,
        ring: MediaRing,
        _ pass: borrowing Pass,
        now: MonotonicTime
    ) -> Bool {
        if lines[line].parameters.kind == .audio {
            lines[line].next = max(ring.head, pass.opensAt)
            lines[line].isStarting = true
            set(line, .live)
            return true
        }
        if let keyframe = ring.newestKeyframe(pass) {
            let age = ring.read(pass, at: keyframe) { packet, _, _ in now.milliseconds(since: packet.arrival)
            }
            if case .packet(let milliseconds) = age, milliseconds <= Self.catchUpMilliseconds {
                lines[line].next = keyframe
                lines[line].isStarting = true
                set(line, .live)
                return true
            }
        }
        if lines[line].keyframeWishedAt == .distantPast
            || now.milliseconds(since: lines[line].keyframeWishedAt) >= Self.keyframePatienceMilliseconds
        {
            lines[line].keyframeWishedAt = now
            counters.keyframeWishes += 1
            ring.wishForKeyframe()
        }
        return false
    }

    /// Moves a line to a state and remembers to tell it.
    mutating func set(_ line: Int, _ state: MediaLine.State) {
        lines[line].state = state
        guard state != .joining, lines[line].announced != state else { return }
        lines[line].announced = state
        announce(line)
    }

    /// Remembers to tell a line's state as it was announced last, and whether it is thinned.
    mutating func announce(_ line: Int) {
        changes.append(
            LineChange(
                viewer: lines[line].viewer,
                mediaIndex: lines[line].mediaIndex,
                state: lines[line].announced,
                isThinned: lines[line].temporalLimit != .max
            )
        )
    }
}
