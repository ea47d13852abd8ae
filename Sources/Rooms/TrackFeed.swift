import Disclosures
import MediaRings
import Primitives

/// One track as a media loop forwards it: its ring, and the viewers of each audience behind that audience's gate.
struct TrackFeed {
    let ring: MediaRing
    /// Publisher's codec is known from its packets; slates before the first packet use the viewer's choice.
    var audiences: [AudienceFeed] = []
    /// The ring's head when the feed was last served whole.
    var servedHead: UInt64 = 0
    /// Lines wait for something other than the next packet (pacing, a keyframe, a slate).
    var needsSweep = false
    /// The feed is in the forwarder's list of those to be looked at.
    var isListed = false

    init(ring: MediaRing) {
        self.ring = ring
    }

    /// Whether serving it now could send or change anything.
    func isDue(now: MonotonicTime) -> Bool {
        if audiences.isEmpty { return false }
        if needsSweep || ring.head != servedHead { return true }
        for audience in audiences where !audience.lines.isEmpty {
            if audience.gate.opening(at: now) != audience.servedOpening { return true }
        }
        return false
    }
}

/// The viewers of one audience that this loop serves from one track.
struct AudienceFeed {
    let gate: DisclosureGate
    /// Slots of the line table.
    var lines: [Int] = []
    /// The opening of the gate under which the lines were served last; 0 if it was closed.
    var servedOpening: UInt64 = 0

    init(gate: DisclosureGate) {
        self.gate = gate
    }
}
