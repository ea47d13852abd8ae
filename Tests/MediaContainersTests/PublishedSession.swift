import MediaCodecs
import MediaContainers
import Primitives
import RTPPackets
import Testing

/// What a publisher sends of some media and how it arrives: packets and sender reports in the order of their arrival.
struct PublishedSession {
    /// One thing that the recorder gets.
    enum Event {
        case packet(RecordedPacket, MediaKind)
        case report(NTPTimestamp, timestamp: UInt32, MediaKind)
    }

    /// How the publisher and its network are.
    struct Conditions {
        var seed: UInt64 = 1
        /// Seconds from capture to sending.
        var videoLag = 0.06
        var audioLag = 0.005
        /// Seconds on the way: at least, and more at random.
        var delay = 0.02
        var jitter = 0.008
        /// Packets of a thousand that do not come, and those that come 60 ms later.
        var lost = 0
        var late = 0
        /// Seconds between sender reports; none if 0.
        var reportInterval = 1.0
        /// Reports are not handed on: packets have capture times by them, and before the first the relay's own.
        var hasCaptureTimes = false
        /// The relay's clock, in seconds, at the media's beginning.
        var start = 100.0
        var source: UInt32 = 0
        var audioTimestamp: UInt32 = 0xFFFF_F000
        var videoTimestamp: UInt32 = 0xFFFE_0000
        /// Millionths by which the publisher's clock is slow.
        var drift = 0.0
        /// Seconds of media that are sent.
        var range: Range<Double> = 0..<Double.infinity
    }

    private(set) var events: [(arrival: MonotonicTime, event: Event)] = []
    private var random: SeededRandom
    private let conditions: Conditions
    /// Seconds since 1970 on the publisher's clock at the media's beginning.
    private static let wallClock: Int64 = 1_700_000_000

    init(_ media: [FlashAndBeep], _ conditions: Conditions = Conditions()) throws {
        self.conditions = conditions
        random = SeededRandom(seed: conditions.seed)
        for media in media { try add(media) }
        sort()
        if conditions.hasCaptureTimes { putReportsIntoPackets() }
    }

    /// As a ring's writer does it.
    private mutating func putReportsIntoPackets() {
        var references: [MediaKind: (time: NTPTimestamp, timestamp: UInt32)] = [:]
        var packets: [(arrival: MonotonicTime, event: Event)] = []
        for (arrival, event) in events {
            switch event {
            case .report(let time, let timestamp, let kind):
                references[kind] = (time, timestamp)
            case .packet(var packet, let kind):
                packet.captureTime = NTPTimestamp(nanosecondsSince1970: arrival.nanoseconds).rawValue
                if let reference = references[kind] {
                    let ticks = RTPTimestamp.distance(from: reference.timestamp, to: packet.timestamp)
                    let rate = kind == .audio ? 48_000 : 90_000
                    let offset = (Int64(ticks / rate) << 32) + (Int64(ticks % rate) << 32) / Int64(rate)
                    packet.captureTime = reference.time.rawValue &+ UInt64(bitPattern: offset)
                }
                packets.append((arrival, .packet(packet, kind)))
            }
        }
        events = packets
    }

    private mutating func sort() {
        events = events.enumerated().sorted {
            ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset)
        }.map(\.element)
    }

    /// Two sessions, one after the other.
    static func + (left: PublishedSession, right: PublishedSession) -> PublishedSession {
        var both = left
        both.events += right.events
        both.sort()
        return both
    }

    private mutating func arrival(of time: Double, lag: Double) -> MonotonicTime {
        let more = Double.random(in: 0...1, using: &random) * conditions.jitter
        let seconds =
            conditions.start + time * (1 + conditions.drift / 1e6) + lag + conditions.delay + more
        return MonotonicTime(nanoseconds: Int64(seconds * 1e9))
    }

    private func payloads(
        _ frame: FlashAndBeep.Frame,
        _ packetizer: inout VideoPacketizer?,
        _ codec: MediaCodec
    )
        -> [[UInt8]]
    {
        switch codec {
        case .opus: return [frame.bytes]
        case .av1:
            return AV1TestPacketizer(form: .counted, limit: 1_150)
                .packetize(frame.bytes, startsSequence: frame.isKeyframe)
        default:
            return packetizer?.packetize(
                EncodedFrame(
                    codec: codec,
                    bytes: frame.bytes,
                    timestamp: 0,
                    isKeyframe: frame.isKeyframe,
                    width: frame.width,
                    height: frame.height
                )
            ) ?? []
        }
    }

    private mutating func add(_ media: FlashAndBeep) throws {
        let kind = media.codec.kind
        let rate = Double(media.codec.clockRate)
        let base = kind == .audio ? conditions.audioTimestamp : conditions.videoTimestamp
        let lag = kind == .audio ? conditions.audioLag : conditions.videoLag
        var packetizer: VideoPacketizer?
        if kind == .video, media.codec != .av1 { packetizer = VideoPacketizer(codec: media.codec) }
        var sequence: Int64 = 65_000
        var nextReport = 0.4
        func timestamp(_ time: Double) -> UInt32 {
            base &+ UInt32(truncatingIfNeeded: Int64((time * rate).rounded()))
        }
        for frame in media.frames {
            let payloads = payloads(frame, &packetizer, media.codec)
            for (index, payload) in payloads.enumerated() {
                sequence += 1
                let isSent = conditions.range.contains(frame.time)
                let isLost = Int.random(in: 0..<1_000, using: &random) < conditions.lost
                let isLate = Int.random(in: 0..<1_000, using: &random) < conditions.late
                // Packets of a frame leave one after the other.
                let place = lag + Double(index) * 0.000_2 + (isLate ? 0.06 : 0)
                let arrival = arrival(of: frame.time, lag: place)
                guard isSent, !isLost else { continue }
                let packet = RecordedPacket(
                    sequence: sequence,
                    timestamp: timestamp(frame.time),
                    marker: index == payloads.count - 1,
                    arrival: arrival,
                    source: conditions.source,
                    payload: payload
                )
                events.append((arrival, .packet(packet, kind)))
            }
            if conditions.reportInterval > 0, conditions.range.contains(frame.time), frame.time >= nextReport
            {
                nextReport = frame.time + conditions.reportInterval
                let nanoseconds = Self.wallClock * 1_000_000_000 + Int64(frame.time * 1e9)
                let report = Event.report(
                    NTPTimestamp(nanosecondsSince1970: nanoseconds),
                    timestamp: timestamp(frame.time),
                    kind
                )
                events.append((arrival(of: frame.time, lag: lag + 0.001), report))
            }
        }
    }

    /// Seconds of the relay's clock at the first packet.
    var firstArrival: Double {
        let first = events.first { if case .packet = $0.event { true } else { false } }
        return Double(first?.arrival.nanoseconds ?? 0) / 1e9
    }
}

/// A recording in the making, and the files that can be made of it.
struct RecordedSession {
    private var muxer: PacketMuxer
    private(set) var header: [UInt8] = []
    private(set) var headerCount = 0
    private(set) var clusters: [WebMCluster] = []
    /// Arrivals not yet told to the muxer are less than this apart, as a recorder's timer would have it.
    private static let tickNanoseconds: Int64 = 20_000_000
    private var ticked: MonotonicTime?
    /// Nanoseconds: how old the oldest frame of any cluster was when the cluster was finished.
    private(set) var longestHold: Int64 = 0
    private var now: MonotonicTime?
    private var origin: MonotonicTime?

    init(video: MediaCodec?, hasAudio: Bool = true) {
        muxer = PacketMuxer(video: video, hasAudio: hasAudio)
    }

    /// What a restarted relay goes on with `pause` nanoseconds after the last cluster: it knows what is stored.
    init(continuing recording: RecordedSession, after pause: Int64, video: MediaCodec?) throws {
        (header, clusters) = (recording.header, recording.clusters)
        let end = clusters.last?.entry.endNanoseconds ?? 0
        let tracks = try WebMHeader(reading: header).tracks
        muxer = PacketMuxer(video: video, hasAudio: true, start: end + pause, continuing: tracks)
    }

    /// The whole of a session as one recording.
    init(of session: PublishedSession, video: MediaCodec?, hasAudio: Bool = true) throws {
        self.init(video: video, hasAudio: hasAudio)
        try take(session)
        try finish()
    }

    var droppedFrames: Int { muxer.droppedFrames }
    var wantsKeyframe: Bool { muxer.wantsKeyframe }

    /// Gives the recorder what arrives, but for what `isWithheld` says of the arrival in seconds.
    mutating func take(_ session: PublishedSession, isWithheld: (Double) -> Bool = { _ in false }) throws {
        var wasWithheld = false
        for (arrival, event) in session.events {
            try tick(until: arrival)
            if isWithheld(Double(arrival.nanoseconds) / 1e9) {
                if !wasWithheld {
                    keep(try muxer.interrupt(.audio))
                    keep(try muxer.interrupt(.video))
                }
                wasWithheld = true
                continue
            }
            wasWithheld = false
            switch event {
            case .packet(let packet, let kind):
                origin = origin ?? arrival
                keep(try muxer.append(packet, kind: kind))
            case .report(let time, let timestamp, let kind):
                muxer.senderReport(time, timestamp: timestamp, kind: kind)
            }
        }
    }

    mutating func tick(until arrival: MonotonicTime) throws {
        var next = ticked ?? arrival
        while next <= arrival {
            now = next
            if origin != nil { keep(try muxer.advance(to: next)) }
            next = next.advanced(byNanoseconds: Self.tickNanoseconds)
        }
        ticked = next
        now = arrival
    }

    mutating func finish() throws {
        keep(try muxer.finish())
    }

    private mutating func keep(_ outputs: [WebMOutput]) {
        for output in outputs {
            switch output {
            case .header(let bytes):
                header = bytes
                headerCount += 1
            case .cluster(let cluster):
                clusters.append(cluster)
                if let now, let origin {
                    longestHold = max(
                        longestHold,
                        now.nanoseconds(since: origin) - cluster.entry.startNanoseconds
                    )
                }
            }
        }
    }

    /// The file while it is recorded: the header and the first clusters.
    func live(clusters count: Int = .max) -> [UInt8] {
        header + clusters.prefix(count).flatMap(\.bytes)
    }

    func layout() throws -> WebMFileLayout {
        try WebMFileLayout(header: header, clusters: clusters.map(\.entry))
    }

    /// The finished file, put together from the pieces of some range, the whole if there is none.
    func finished(_ range: Range<Int64>? = nil) throws -> [UInt8] {
        let layout = try layout()
        return layout.pieces(of: range ?? 0..<layout.byteCount).flatMap { piece in
            switch piece {
            case .beginning(let bytes): Array(layout.beginning[bytes])
            case .cluster(let number, let bytes): Array(clusters[number].bytes[bytes])
            }
        }
    }
}
