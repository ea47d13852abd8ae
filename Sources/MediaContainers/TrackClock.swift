import Primitives
import RTPPackets

/// The timestamps of one track on the recording's clock, which a `RecordedTimeline` keeps together with the other's.
struct TrackClock: Sendable {
    /// Ticks a second.
    private let rate: Int64
    private var unwrapper = TimestampUnwrapper()
    /// A timestamp and its time; `nil` before the first frame of a source.
    private var anchor: Anchor?
    /// The timestamp of the newest frame.
    private var newest: Int64 = 0
    /// The time given last.
    private var last: Int64?
    private var lateness = RecentMinimum()
    /// What the last sender report said.
    var report: Anchor?

    struct Anchor: Sendable {
        var timestamp: Int64
        /// Nanoseconds: of the recording, or of the sender's clock.
        var time: Int64
    }

    /// A frame cannot be captured after it arrived, so that one so far ahead has timestamps of another base.
    private static let maximumLead: Int64 = 1_000_000_000
    /// Nor are all frames of seconds so late, unless the timestamps stood still while time passed.
    private static let maximumLateness: Int64 = 1_000_000_000
    /// A timestamp that goes back farther is of another base: frames come in the order they were sent.
    private static let maximumStepBack: Int64 = 500_000_000
    /// What begins anew comes behind what was before by as much as files can tell.
    private static let minimumStep: Int64 = 1_000_000
    /// A track is moved by this part of the time that passes in it, so that neither is heard nor seen.
    private static let slewShare: Int64 = 16

    init(rate: UInt32) {
        self.rate = Int64(rate)
    }

    /// Takes the next frame's timestamp; answers the nanoseconds since the one before, 0 where the track begins anew.
    mutating func advance(to timestamp: UInt32, arrived: Int64) -> Int64 {
        guard anchor != nil else {
            begin(at: timestamp, arrived)
            return 0
        }
        let extended = unwrapper.unwrap(timestamp)
        let elapsed = nanoseconds(extended - newest)
        let late = arrived &- time(extended)
        guard elapsed > -Self.maximumStepBack, late > -Self.maximumLead else {
            begin(at: timestamp, arrived)
            return 0
        }
        lateness.note(late, at: arrived)
        if let least = lateness.value, least > Self.maximumLateness {
            begin(at: timestamp, arrived)
            return 0
        }
        newest = max(newest, extended)
        return max(0, elapsed)
    }

    /// The newest frame's time; later than what was given before.
    mutating func take() -> Int64 {
        let time = max(time(newest), last.map { $0 + 1 } ?? .min)
        last = time
        return time
    }

    /// The time of any timestamp of this source; `nil` before its first frame.
    func time(of timestamp: UInt32) -> Int64? {
        anchor == nil ? nil : time(unwrapper.peek(timestamp))
    }

    mutating func setReport(_ time: Int64, timestamp: UInt32) {
        report = Anchor(timestamp: unwrapper.peek(timestamp), time: time)
    }

    /// The newest frame's time by the last report.
    func reportedTime(offset: Int64) -> Int64? {
        report.map { $0.time &+ offset &+ nanoseconds(newest - $0.timestamp) }
    }

    /// Moves the newest frame, and those after it, toward `target`.
    mutating func move(toward target: Int64, elapsed: Int64) {
        shift(by: target &- time(newest), elapsed: elapsed)
    }

    /// Moves the track where all its packets arrive too early or too late.
    mutating func followArrival(elapsed: Int64) {
        guard let late = lateness.value, abs(late) > RecordedTimeline.arrivalTolerance else { return }
        shift(by: late, elapsed: elapsed)
    }

    mutating func restart() {
        anchor = nil
        report = nil
    }

    private mutating func begin(at timestamp: UInt32, _ arrived: Int64) {
        unwrapper = TimestampUnwrapper()
        newest = unwrapper.unwrap(timestamp)
        anchor = Anchor(timestamp: newest, time: max(arrived, last.map { $0 + Self.minimumStep } ?? .min))
        lateness = RecentMinimum()
        report = nil
    }

    private mutating func shift(by wish: Int64, elapsed: Int64) {
        let limit = elapsed / Self.slewShare
        let step = max(-limit, min(limit, wish))
        anchor?.time += step
        lateness.shift(by: -step)
    }

    private func time(_ extended: Int64) -> Int64 {
        guard let anchor else { return 0 }
        return anchor.time &+ nanoseconds(extended - anchor.timestamp)
    }

    /// Split, so that no recording is long enough to overflow.
    private func nanoseconds(_ ticks: Int64) -> Int64 {
        ticks / rate &* 1_000_000_000 &+ ticks % rate * 1_000_000_000 / rate
    }
}
