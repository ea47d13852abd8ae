import Disclosures
import MediaRings
import Primitives

/// One track as one recorder follows it.
package struct CaptureLine: Sendable {
    /// What is captured of the line, as the enforcement point sees it.
    package enum State: UInt8, Sendable {
        /// The door is closed, or the ledger does not hold the interval yet.
        case withheld
        /// Permitted; waiting for media to begin with.
        case joining
        case capturing
        /// Permitted, and the sink takes nothing.
        case refused
        /// Not followed any more.
        case released
    }

    /// The lowest number of a stretch, and the source that it is of.
    struct FirstPacket {
        let sequence: Int64
        let source: UInt32
    }

    let name: LineName
    let ring: MediaRing
    let gate: DisclosureGate
    /// Nothing before this position is ever read: before the order, or read already.
    var floor: UInt64
    /// The opening of the gate whose media may be read; 0, which no opening has, if none.
    var admittedOpening: UInt64 = 0
    /// Where what is taken under that opening is counted, by name and by slot; -1 while nothing may be.
    var accountID: AccountID?
    var account = -1
    /// The next position to read, once there is a place to begin.
    var next: UInt64?
    /// What the stretch begins with, as far as that was looked for: of video the keyframe's first packet.
    var first: FirstPacket?
    var stretch: CaptureStretch?
    var state = State.withheld
    /// The sink is not asked again before.
    var refusedUntil = MonotonicTime.distantPast
    var keyframeWishedAt = MonotonicTime.distantPast
    var keyframeCapturedAt = MonotonicTime.distantPast
    var reportedAt = MonotonicTime.distantPast

    init(name: LineName, ring: MediaRing, gate: DisclosureGate, from floor: UInt64) {
        precondition(gate.track == ring.track, "a gate of the line's own track")
        self.name = name
        self.ring = ring
        self.gate = gate
        self.floor = floor
    }
}

/// What a recorder counts; totals since it began.
package struct CaptureCounters: Sendable, Equatable {
    package var packets: UInt64 = 0
    package var bytes: UInt64 = 0
    package var stretches: UInt64 = 0
    /// Times that the writer of a ring had overtaken the recorder.
    package var overtaken: UInt64 = 0
    /// Stretches and packets that the sink did not take.
    package var refused: UInt64 = 0
    package var keyframeWishes: UInt64 = 0
    package var passesMinted: UInt64 = 0
    package var passesDenied: UInt64 = 0

    package init() {}
}
