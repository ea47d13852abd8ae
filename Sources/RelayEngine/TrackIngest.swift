import MediaRings
import Primitives
import RTPPackets
import Rooms

/// One track of one publisher on its way into the ring.
struct TrackIngest {
    let parameters: IngestParameters
    let ring: MediaRing
    var mediaSSRC: UInt32?
    var unwrapper = SequenceUnwrapper()
    /// Closes the gaps of padding that is not forwarded.
    var numbering = SequenceMap()
    var hasNumbering = false
    var missing = MissingSequences()
    var admitted = AdmittedSequences()
    var keyframes = KeyframeRequests()
    var statistics: ReceptionStatistics?
    var structure: DependencyStructure?
    var isStarted = false
    /// The source that the numbers are of; another one starts them anew.
    var activeSSRC: UInt32?
    /// How many sources there were before it.
    var sourceCount: UInt32 = 0
    /// Highest number published into the ring; -1 before the first.
    var lastPublished: Int64 = -1
    /// RTP timestamp of the newest keyframe, of which H.264 tells several times.
    var keyframeTimestamp: UInt32?
    /// A sender report's moment on both of the publisher's clocks.
    private var captureReference: (ntp: UInt64, timestamp: UInt32)?

    init(_ parameters: IngestParameters) {
        self.parameters = parameters
        ring = parameters.ring
        mediaSSRC = parameters.ssrcs.first
    }

    /// Takes a new source in: its numbers have nothing to do with the earlier one's, and continue the ring's.
    mutating func startSource(_ ssrc: UInt32) {
        guard activeSSRC != ssrc else { return }
        if activeSSRC != nil {
            unwrapper = SequenceUnwrapper()
            missing = MissingSequences()
            admitted = AdmittedSequences()
            hasNumbering = false
            captureReference = nil
            sourceCount &+= 1
            keyframeTimestamp = nil
            if ring.kind == .video { keyframes.wish() }
        }
        activeSSRC = ssrc
    }

    mutating func note(_ report: SenderReport, arrival: MonotonicTime) {
        captureReference = (report.ntpTime.rawValue, report.rtpTimestamp)
        statistics?.noteSenderReport(report, arrival: arrival)
    }

    /// The capture time of `timestamp`, as NTP; from `fallback` (the relay's clock at arrival) before the
    /// first sender report.
    func captureTime(of timestamp: UInt32, fallback: UInt64) -> UInt64 {
        guard let captureReference else { return fallback }
        let rate: Int64 = ring.kind == .audio ? 48_000 : 90_000
        let ticks = Int64(Int32(bitPattern: timestamp &- captureReference.timestamp))
        let seconds = ticks / rate
        let rest = ticks % rate
        let offset = (seconds << 32) + (rest << 32) / rate
        return captureReference.ntp &+ UInt64(bitPattern: offset)
    }
}
