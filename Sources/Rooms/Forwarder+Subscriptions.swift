import Disclosures
import MediaRings
import Primitives
import RTPPackets

extension Forwarder {
    /// Sets what the packets of a line say that the receiving server may do, from the next one on.
    package mutating func carry(_ carried: CarriedConsent, on line: Int) {
        guard lines[line].carried != carried else { return }
        if lines[line].packetCount > 0 {
            lines[line].carriedThroughout.formIntersection(lines[line].carried.intersection(carried))
        }
        lines[line].carriedFrom = lines[line].lastSequence + 1
        lines[line].carried = carried
    }

    /// Takes a track in, to be forwarded by this loop; answers its feed's slot.
    package mutating func addFeed(_ ring: MediaRing) -> Int {
        feeds.insert(TrackFeed(ring: ring))
    }

    /// Lets a track go; its lines become idle.
    package mutating func removeFeed(_ feed: Int) {
        guard feeds.contains(feed) else { return }
        for audience in feeds[feed].audiences {
            for line in audience.lines { detach(line) }
        }
        feeds.remove(feed)
    }

    /// The loop's viewers watch this track, so that its publisher's loop must wake us.
    package func hasLines(feed: Int) -> Bool {
        feeds.contains(feed) && feeds[feed].audiences.contains { !$0.lines.isEmpty }
    }

    /// Puts a viewer and its m-lines into the tables; answers the viewer's slot.
    package mutating func addViewer(_ parameters: [MediaLineParameters]) -> Int {
        let viewer = viewers.insert(ViewerOutlet())
        var slots: [Int] = []
        for (mediaIndex, line) in parameters.enumerated() {
            slots.append(lines.insert(MediaLine(parameters: line, viewer: viewer, mediaIndex: mediaIndex)))
        }
        viewers[viewer].lines = slots
        return viewer
    }

    /// Takes a viewer and its lines out of the tables.
    package mutating func removeViewer(_ viewer: Int) {
        guard viewers.contains(viewer) else { return }
        let slots = viewers[viewer].lines
        for line in slots {
            unsubscribe(line)
            lines.remove(line)
        }
        _ = viewers.remove(viewer)
        changes.removeAll { $0.viewer == viewer }
    }

    /// Feeds a line from a track behind the gate of the viewer's audience, instead of what fed it before.
    ///
    /// `payloadTypes` are those of the viewer that fit the track's own profile.
    package mutating func subscribe(
        _ line: Int,
        feed: Int,
        gate: DisclosureGate,
        payloadTypes: PayloadTypeTable,
        now: MonotonicTime
    ) {
        guard lines.contains(line), feeds.contains(feed) else { return }
        precondition(gate.track == feeds[feed].ring.track, "a gate of the feed's own track")
        guard lines[line].parameters.kind == feeds[feed].ring.kind else { return }
        unsubscribe(line)
        var audience = feeds[feed].audiences.firstIndex { $0.gate === gate }
        if audience == nil, let free = feeds[feed].audiences.firstIndex(where: { $0.lines.isEmpty }) {
            // Audiences come and go; the place of one that nobody is left of serves again.
            feeds[feed].audiences[free] = AudienceFeed(gate: gate)
            audience = free
        }
        if audience == nil {
            feeds[feed].audiences.append(AudienceFeed(gate: gate))
            audience = feeds[feed].audiences.count - 1
        }
        guard let audience else { return }
        feeds[feed].audiences[audience].lines.append(line)
        requestSweep(feed)
        lines[line].parameters.payloadTypes = payloadTypes
        lines[line].feed = feed
        lines[line].audience = audience
        beginSlates(line, now: now)
        lines[line].keyframeWishedAt = .distantPast
        begin(line, now: now)
    }

    /// Leaves a line without a source; nothing more is sent on it.
    package mutating func unsubscribe(_ line: Int) {
        guard lines.contains(line), lines[line].feed >= 0 else { return }
        let feed = lines[line].feed
        let audience = lines[line].audience
        feeds[feed].audiences[audience].lines.removeAll { $0 == line }
        // A walk that a full slab has interrupted may pass over the line that moved up.
        requestSweep(feed)
        detach(line)
    }

    /// Replaces the slates that withheld lines are shown.
    package mutating func setSlates(_ slates: [SlateFrames]) {
        self.slates = slates
    }

    /// Decides every viewer's level anew from what its receiver reports, and applies it; about every 200 ms.
    package mutating func updateEstimates(now: MonotonicTime) {
        for viewer in 0..<viewers.end where viewers.contains(viewer) {
            guard viewers[viewer].estimate.update(now: now) else { continue }
            let level = viewers[viewer].estimate.level
            for line in viewers[viewer].lines where lines[line].parameters.kind == .video {
                let limit: UInt8 = level == .full ? .max : 0
                let hasChanged = lines[line].temporalLimit != limit
                lines[line].temporalLimit = limit
                lines[line].isStopped = level == .stopped
                if hasChanged { announce(line) }
                if level == .stopped {
                    if lines[line].state == .live || lines[line].state == .joining { set(line, .overloaded) }
                } else if lines[line].state == .overloaded {
                    begin(line, now: now)
                    requestSweep(lines[line].feed)
                }
            }
        }
    }

    private mutating func detach(_ line: Int) {
        endAdmission(line)
        lines[line].feed = -1
        lines[line].audience = -1
        lines[line].isStarting = true
        set(line, .idle)
    }
}
