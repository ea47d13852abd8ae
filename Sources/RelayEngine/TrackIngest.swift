import MediaRings
import Primitives
import RTPPackets
import Rooms

/// One track of one publisher on its way into the ring.
struct TrackIngest {
    let parameters: IngestParameters
    let ring: MediaRing
    /// Where this loop's forwarder has the track, as of the last look; -1 before.
    var feed = -1
    var mediaSSRC: UInt32?
    var unwrapper = SequenceUnwrapper()
    /// Closes the gaps of padding that is not forwarded.
    var numbering = SequenceMap()
    var hasNumbering = false
    var missing = MissingSequences()
    var admitted = AdmittedSequences()
    var keyframes = KeyframeRequests()
    var carried = CarriedConsentWatch()
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
    /// The source has said good-bye (RFC 3550 6.6): what comes next is another, whatever its SSRC.
    private var hasEnded = false
    /// The first number of the present source: what is older belongs to the one before it.
    private(set) var sourceStart = Int64.min
    /// The newest packet's number, timestamp and arrival, by which a jump of the publisher's clock is seen.
    private var newest: (number: Int64, timestamp: UInt32, arrival: MonotonicTime)?
    /// A sender report's moment on both of the publisher's clocks.
    private(set) var captureReference: (ntp: UInt64, timestamp: UInt32)?

    init(_ parameters: IngestParameters) {
        self.parameters = parameters
        ring = parameters.ring
        mediaSSRC = parameters.ssrcs.first
    }

    /// Takes a new source in: its numbers have nothing to do with the earlier one's, and continue the ring's.
    mutating func startSource(_ ssrc: UInt32) {
        guard activeSSRC != ssrc || hasEnded else { return }
        if activeSSRC != nil {
            unwrapper = SequenceUnwrapper()
            missing = MissingSequences()
            admitted = AdmittedSequences()
            carried.restart()
            hasNumbering = false
            beginAnew(from: .min)
        }
        activeSSRC = ssrc
    }

    /// Takes the source's good-bye; answers whether it was the present source's.
    mutating func endSource(_ ssrc: UInt32) -> Bool {
        guard activeSSRC == ssrc, !hasEnded else { return false }
        hasEnded = true
        isStarted = false
        return true
    }

    /// A clock set back by more than this is another clock: reordering stays far below.
    static let clockJumpSeconds: Int64 = 1
    /// So is one that runs ahead of time by more than this: pauses do not.
    static let clockLeapSeconds: Int64 = 10

    /// Notes the clock of the packet `number`.
    ///
    /// A jump makes what follows a source of its own, so that viewers' timestamps stay continuous.
    mutating func noteClock(_ number: Int64, _ timestamp: UInt32, arrival: MonotonicTime) {
        if let newest {
            guard number > newest.number else { return }
            let rate: Int64 = ring.kind == .audio ? 48_000 : 90_000
            let ticks = Int64(RTPTimestamp.distance(from: newest.timestamp, to: timestamp))
            let elapsed = min(max(0, arrival.milliseconds(since: newest.arrival)), 3_600_000) * rate / 1_000
            if ticks < -Self.clockJumpSeconds * rate || ticks > elapsed + Self.clockLeapSeconds * rate {
                beginAnew(from: number)
            }
        }
        newest = (number, timestamp, arrival)
    }

    private mutating func beginAnew(from number: Int64) {
        hasEnded = false
        sourceStart = number
        newest = nil
        captureReference = nil
        sourceCount &+= 1
        keyframeTimestamp = nil
        if ring.kind == .video { keyframes.wish() }
    }

    mutating func note(_ report: SenderReport, arrival: MonotonicTime) {
        captureReference = (report.ntpTime.rawValue, report.rtpTimestamp)
        statistics?.noteSenderReport(report, arrival: arrival)
    }

    /// Takes a packet into the reception statistics; those of another source begin anew.
    ///
    /// In place: a look into the optional from outside would copy the whole track for each packet.
    mutating func record(_ header: RTPHeader, clockRate: UInt32, arrival: MonotonicTime) {
        if statistics?.ssrc != header.ssrc {
            statistics = ReceptionStatistics(ssrc: header.ssrc, clockRate: clockRate)
        }
        statistics?.record(
            sequenceNumber: header.sequenceNumber,
            timestamp: header.timestamp,
            arrival: arrival
        )
    }

    /// The capture time of `timestamp`, as NTP; from `fallback` (the relay's clock at arrival) before the
    /// first sender report.
    static func captureTime(
        of timestamp: UInt32,
        _ codec: MediaCodec,
        by captureReference: (ntp: UInt64, timestamp: UInt32)?,
        fallback: UInt64
    ) -> UInt64 {
        guard let captureReference else { return fallback }
        let rate = Int64(codec.clockRate)
        let ticks = Int64(Int32(bitPattern: timestamp &- captureReference.timestamp))
        let seconds = ticks / rate
        let rest = ticks % rate
        let offset = (seconds << 32) + (rest << 32) / rate
        return captureReference.ntp &+ UInt64(bitPattern: offset)
    }
}
