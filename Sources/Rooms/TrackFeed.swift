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
    var needsSweep = true
    var isEnded = false

    init(ring: MediaRing) {
        self.ring = ring
    }
}

/// The viewers of one audience that this loop serves from one track.
struct AudienceFeed {
    let gate: DisclosureGate
    /// Slots of the line table.
    var lines: [Int] = []

    init(gate: DisclosureGate) {
        self.gate = gate
    }
}
