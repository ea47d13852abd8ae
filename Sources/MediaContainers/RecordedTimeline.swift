import Primitives
import RTPPackets

/// Maps the RTP timestamps of a participant's audio and video onto one clock, in nanoseconds since the recording began.
///
/// A track starts where its first packet arrived and goes on by its timestamps. Sender reports say how its tracks lie
/// to each other, and arrival says how the sender's clock runs against ours; both move a track by a sixteenth of the
/// time that passes in it, so that it never stands still or goes back. Gaps stay as long as timestamps or, over a new
/// source, arrival say. Whatever a sender writes into timestamps and reports, a track stays near its arrival.
package struct RecordedTimeline: Sendable {
    /// Arrival of what has the time `start`; `nil` until the first packet.
    private var origin: MonotonicTime?
    private let start: Int64
    private var audio = TrackClock(rate: MediaCodec.opus.clockRate)
    private var video = TrackClock(rate: MediaCodec.vp8.clockRate)
    /// Recording time less the sender's clock; `nil` without reports.
    private var senderOffset: Int64?
    /// The track that `senderOffset` was taken from.
    private var offsetIsFromAudio = false
    /// How late tracks that follow the sender's clock are at least.
    private var senderLateness = RecentMinimum()

    /// What would move a track farther is a report of another clock than the one before.
    static let maximumReportShift: Int64 = 500_000_000
    /// The sender's clock is followed once packets lie farther from their arrival than this at least.
    static let arrivalTolerance: Int64 = 20_000_000
    /// The sender's clock is moved by this part of the time that passes: clocks drift by less than a thousandth.
    private static let driftShare: Int64 = 64

    /// A recording that goes on at `start` gives its first packet, or what arrives at `origin`, that time.
    package init(origin: MonotonicTime? = nil, start: Int64 = 0) {
        self.origin = origin
        self.start = start
    }

    /// The time of a frame whose first packet arrived at `arrival`; later than that of the track's frame before.
    ///
    /// Frames come in the order of their sequence numbers.
    package mutating func time(of timestamp: UInt32, kind: MediaKind, arrival: MonotonicTime) -> Int64 {
        begin(at: arrival)
        let arrived = recordingTime(arrival)
        var track = self[kind]
        let elapsed = track.advance(to: timestamp, arrived: arrived)
        if let offset = senderOffset, let target = track.reportedTime(offset: offset) {
            senderLateness.note(arrived - target, at: arrived)
            let drift = followArrival(elapsed)
            track.move(toward: target + drift, elapsed: elapsed)
        } else {
            track.followArrival(elapsed: elapsed)
        }
        let time = track.take()
        self[kind] = track
        return time
    }

    /// Gives `arrival` the time `start` unless that was done before.
    package mutating func begin(at arrival: MonotonicTime) {
        origin = origin ?? arrival
    }

    /// Whether there was a first packet, or an origin from the start.
    package var hasBegun: Bool { origin != nil }

    /// The time of an arrival; `start` up to the recording's beginning.
    package func recordingTime(_ arrival: MonotonicTime) -> Int64 {
        start + max(0, origin.map { arrival.nanoseconds(since: $0) } ?? 0)
    }

    /// A sender report: what its timestamp was when the sender's clock stood at `wallClock` (RFC 3550 6.4.1).
    ///
    /// Ignored before the track's first frame.
    package mutating func senderReport(_ wallClock: NTPTimestamp, timestamp: UInt32, kind: MediaKind) {
        guard let now = self[kind].time(of: timestamp) else { return }
        let sent = wallClock.nanosecondsSince1970
        if let offset = senderOffset, abs(sent &+ offset &- now) > Self.maximumReportShift {
            senderOffset = nil
            self[.audio].report = nil
            self[.video].report = nil
        }
        // A sound that is moved is heard, a picture's move is not seen: the clock begins where the audio stands.
        if senderOffset == nil || (kind == .audio && !offsetIsFromAudio) {
            senderOffset = now &- sent
            offsetIsFromAudio = kind == .audio
            senderLateness = RecentMinimum()
        }
        self[kind].setReport(sent, timestamp: timestamp)
    }

    /// What follows of this track has other timestamps: it begins at its arrival again, after what was before.
    package mutating func restart(_ kind: MediaKind) {
        self[kind].restart()
    }

    private subscript(kind: MediaKind) -> TrackClock {
        get { kind == .audio ? audio : video }
        set { if kind == .audio { audio = newValue } else { video = newValue } }
    }

    /// Moves the sender's clock toward what arrival says; answers by how much.
    private mutating func followArrival(_ elapsed: Int64) -> Int64 {
        guard let late = senderLateness.value, abs(late) > Self.arrivalTolerance, let offset = senderOffset
        else {
            return 0
        }
        let limit = elapsed / Self.driftShare
        let step = max(-limit, min(limit, late))
        senderOffset = offset &+ step
        senderLateness.shift(by: -step)
        return step
    }
}
