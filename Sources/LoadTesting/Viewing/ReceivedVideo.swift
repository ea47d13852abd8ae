import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime

/// What a video slot shows: frames put together, decoded and read.
struct ReceivedVideo {
    /// A pause between pictures that a person sees.
    static let freezeMilliseconds: Int64 = 500

    private var assembler: FrameAssembler?
    private var decoder: VideoDecoder?
    private(set) var codec: MediaCodec?
    /// Nothing decodes until a keyframe comes.
    private(set) var needsKeyframe = true
    private(set) var width = 0
    private(set) var height = 0
    private(set) var framesDecoded = 0
    private(set) var keyframesDecoded = 0
    private(set) var framesDropped = 0
    private(set) var lastStamp: PictureStamp?
    /// When the newest picture with a stamp, and the newest without one, was decoded.
    private(set) var lastStampedAt: MonotonicTime?
    private(set) var lastUnstampedAt: MonotonicTime?
    /// When the first picture of each kind since `forgetFirsts` was decoded.
    private(set) var firstStampedAt: MonotonicTime?
    private(set) var firstUnstampedAt: MonotonicTime?
    /// Whether the first picture with a stamp since `forgetFirsts` was a keyframe.
    private(set) var firstStampedIsKeyframe = false
    /// From a stamp's time to its decoding, in milliseconds.
    private(set) var latencyMilliseconds: Int?
    private(set) var lastDecodedAt: MonotonicTime?
    private(set) var longestPauseNanoseconds: Int64 = 0
    private(set) var freezeCount = 0
    /// The newest decoded picture, kept for whoever wants to look.
    private(set) var picture: I420Picture?
    /// Log entries of packets whose frame is not decoded yet, by sequence number.
    private var records: [Int64: Int] = [:]

    /// What became of a packet's frame: the log's entries and what they carry.
    typealias Finding = (records: [Int], content: PacketContent)

    /// Takes the next packet in order; `codec` is its payload type's.
    mutating func append(_ packet: ReceivedPacket, codec: MediaCodec, now: MonotonicTime) -> [Finding] {
        guard codec == .vp8 || codec == .vp9 || codec == .h264 else { return [] }
        if self.codec != codec || assembler == nil {
            // Another broadcaster's codec in this slot.
            self.codec = codec
            assembler = FrameAssembler(codec: codec)
            decoder = try? VideoDecoder(codec: codec)
            needsKeyframe = true
        }
        if let record = packet.record {
            if packet.payload.isEmpty { return [([record], .empty)] }
            records[packet.sequence] = record
        }
        let events =
            assembler?.append(
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                marker: packet.marker,
                payload: packet.payload
            ) ?? []
        var findings: [Finding] = []
        for event in events {
            switch event {
            case .gap: needsKeyframe = true
            case .dropped:
                framesDropped += 1
                needsKeyframe = true
            case .frame(let frame):
                if let content = decode(frame, now: now) {
                    let found = (frame.firstSequence...frame.lastSequence).compactMap { records[$0] }
                    if !found.isEmpty { findings.append((found, content)) }
                }
            }
        }
        if records.count > 4_096 { records = records.filter { $0.key > packet.sequence - 2_048 } }
        return findings
    }

    /// Starts measuring anew, for the next second's report.
    mutating func forgetPause(now: MonotonicTime) {
        longestPauseNanoseconds = 0
    }

    mutating func forgetFirsts() {
        firstStampedAt = nil
        firstUnstampedAt = nil
    }

    /// Nanoseconds since the newest picture; `nil` before the first.
    func pauseNanoseconds(now: MonotonicTime) -> Int64? {
        lastDecodedAt.map { now.nanoseconds(since: $0) }
    }

    private mutating func decode(_ frame: AssembledFrame, now: MonotonicTime) -> PacketContent? {
        guard frame.isKeyframe || !needsKeyframe else { return nil }
        let decoded: I420Picture
        do {
            guard let picture = try decoder?.decode(frame.bytes) else { return nil }
            decoded = picture
        } catch {
            needsKeyframe = true
            framesDropped += 1
            return nil
        }
        needsKeyframe = false
        framesDecoded += 1
        if frame.isKeyframe { keyframesDecoded += 1 }
        (width, height) = (decoded.width, decoded.height)
        picture = decoded
        // Decoding takes its time, which belongs to the latency.
        let time = SystemClock.monotonic
        let stamp = PictureStamp(reading: decoded)
        if let last = lastDecodedAt {
            let pause = time.nanoseconds(since: last)
            longestPauseNanoseconds = max(longestPauseNanoseconds, pause)
            // A slate comes once a second, all keyframes, and the way back from it is no freeze either.
            let isSlate = stamp == nil && frame.isKeyframe
            let isResumption = stamp != nil && lastStamp == nil
            if pause > Self.freezeMilliseconds * 1_000_000, !isSlate, !isResumption { freezeCount += 1 }
        }
        lastDecodedAt = time
        guard let stamp else {
            lastStamp = nil
            latencyMilliseconds = nil
            lastUnstampedAt = time
            firstUnstampedAt = firstUnstampedAt ?? time
            return .unstamped
        }
        lastStamp = stamp
        lastStampedAt = time
        if firstStampedAt == nil {
            firstStampedAt = time
            firstStampedIsKeyframe = frame.isKeyframe
        }
        let difference = Int32(
            bitPattern: SyntheticVideo.milliseconds(SystemClock.wall) &- stamp.milliseconds
        )
        // Farther off than this, the stamp is of another clock: a recording's.
        latencyMilliseconds = (-1_000...60_000).contains(difference) ? Int(difference) : nil
        return .stamped(PictureSource(number: stamp.source))
    }
}
