import MediaCodecs
import Primitives
import RTPPackets

/// Makes a recording of one participant's RTP packets: order, frames, times, and then the clusters of a file.
///
/// For one caller at a time. It knows no clock and no file; what it gives is to be stored in that order. A crash
/// loses what it holds: 0.9 s with the settings that are there, if packets were missing, and 0.75 s otherwise.
package struct PacketMuxer: Sendable {
    private var timeline: RecordedTimeline
    private var writer: WebMWriter
    private var audio = Intake()
    private var video = Intake()
    private let videoCodec: MediaCodec?
    private var assembler: FrameAssembler?
    /// Times of the video frames whose packets are being read, the newest last.
    private var frameTimes: [FrameTime] = []
    /// Packets and frames that are in no cluster: damaged, incomplete, or without a keyframe before them.
    package var droppedFrames: Int { unreadableFrames + writer.droppedFrames }
    private var unreadableFrames = 0

    private struct FrameTime {
        var timestamp: UInt32
        var time: Int64
    }

    /// What is remembered of a track's packets.
    private struct Intake: Sendable {
        var sequencer = PacketSequencer()
        var source: UInt32?
        var capture = CaptureClock()
        /// Frames are missing before the next.
        var hasGap = false
    }

    /// `origin` is the arrival that has the time `start`, or the first packet's.
    ///
    /// A recording that goes on after a restart of the relay goes on at the time that passed, and with the tracks of its
    /// header, which must fit (`WebMHeader.canContinue`).
    package init(
        video: MediaCodec?,
        hasAudio: Bool,
        origin: MonotonicTime? = nil,
        start: Int64 = 0,
        continuing: [WebMTrack] = [],
        settings: WebMWriter.Settings = WebMWriter.Settings()
    ) {
        timeline = RecordedTimeline(origin: origin, start: start)
        writer = WebMWriter(video: video, hasAudio: hasAudio, continuing: continuing, settings: settings)
        videoCodec = video
        assembler = video.map { FrameAssembler(codec: $0) }
    }

    /// The publisher should be asked for a keyframe.
    package var wantsKeyframe: Bool { writer.wantsKeyframe }

    /// Takes a packet as it is read from its ring.
    package mutating func append(_ packet: RecordedPacket, kind: MediaKind) throws(WebMError) -> [WebMOutput]
    {
        // The recording begins with the first packet, also if that one has to wait.
        timeline.begin(at: packet.arrival)
        var output: [WebMOutput] = []
        for packet in self[kind].sequencer.insert(packet) {
            output += kind == .audio ? try appendAudio(packet) : try appendVideo(packet)
        }
        return output + (try release(at: packet.arrival))
    }

    /// A sender report of one of the tracks, where the caller sees those.
    package mutating func senderReport(_ wallClock: NTPTimestamp, timestamp: UInt32, kind: MediaKind) {
        timeline.senderReport(wallClock, timestamp: timestamp, kind: kind)
    }

    /// Says what time it is, at least some times a second: what has waited long enough is finished.
    package mutating func advance(to now: MonotonicTime) throws(WebMError) -> [WebMOutput] {
        guard timeline.hasBegun else { return [] }
        return try release(at: now) + writer.advance(to: timeline.recordingTime(now))
    }

    /// The track is withheld from now on, or its packets were missed: what began is dropped, what was whole stays.
    package mutating func interrupt(_ kind: MediaKind) throws(WebMError) -> [WebMOutput] {
        var output: [WebMOutput] = []
        for packet in self[kind].sequencer.flush() {
            output += kind == .audio ? try appendAudio(packet) : try appendVideo(packet)
        }
        self[kind].sequencer = PacketSequencer()
        self[kind].hasGap = true
        if kind == .video { assembler = videoCodec.map { FrameAssembler(codec: $0) } }
        writer.interrupt(kind)
        return output
    }

    /// Finishes everything that is whole.
    package mutating func finish() throws(WebMError) -> [WebMOutput] {
        let output = try interrupt(.audio) + interrupt(.video)
        return output + (try writer.finish())
    }

    private subscript(kind: MediaKind) -> Intake {
        get { kind == .audio ? audio : video }
        set { if kind == .audio { audio = newValue } else { video = newValue } }
    }

    private mutating func release(at now: MonotonicTime) throws(WebMError) -> [WebMOutput] {
        var output: [WebMOutput] = []
        for packet in audio.sequencer.release(at: now) { output += try appendAudio(packet) }
        for packet in video.sequencer.release(at: now) { output += try appendVideo(packet) }
        return output
    }

    /// What comes of a source that is new, and of what the packet says of its capture.
    private mutating func note(_ packet: RecordedPacket, kind: MediaKind) {
        if let source = self[kind].source, source != packet.source {
            timeline.restart(kind)
            self[kind].capture = CaptureClock()
            self[kind].hasGap = true
            if kind == .video { assembler = videoCodec.map { FrameAssembler(codec: $0) } }
        }
        self[kind].source = packet.source
    }

    private mutating func noteCapture(_ packet: RecordedPacket, kind: MediaKind) {
        let rate: UInt32 = kind == .audio ? MediaCodec.opus.clockRate : MediaCodec.vp8.clockRate
        guard let report = self[kind].capture.report(packet, rate: rate) else { return }
        timeline.senderReport(report, timestamp: packet.timestamp, kind: kind)
    }

    private mutating func appendAudio(_ packet: RecordedPacket) throws(WebMError) -> [WebMOutput] {
        note(packet, kind: .audio)
        // A packet without payload is padding.
        guard !packet.payload.isEmpty else { return [] }
        guard let contents = OpusTOC(parsing: packet.payload.span.bytes) else {
            unreadableFrames += 1
            return []
        }
        let time = timeline.time(of: packet.timestamp, kind: .audio, arrival: packet.arrival)
        noteCapture(packet, kind: .audio)
        let frame = MediaFrame(
            kind: .audio,
            time: time,
            duration: Int64(contents.samples) * 1_000_000_000 / 48_000,
            isKeyframe: true,
            followsGap: audio.hasGap,
            bytes: packet.payload
        )
        audio.hasGap = false
        return try writer.append(frame)
    }

    private mutating func appendVideo(_ packet: RecordedPacket) throws(WebMError) -> [WebMOutput] {
        note(packet, kind: .video)
        guard assembler != nil else { return [] }
        if !packet.payload.isEmpty, frameTimes.last?.timestamp != packet.timestamp {
            let time = timeline.time(of: packet.timestamp, kind: .video, arrival: packet.arrival)
            noteCapture(packet, kind: .video)
            // Packets of a frame stand together: a frame ends before the next but one begins.
            if frameTimes.count == 2 { frameTimes.removeFirst() }
            frameTimes.append(FrameTime(timestamp: packet.timestamp, time: time))
        }
        let events =
            assembler?.append(
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                marker: packet.marker,
                payload: packet.payload
            ) ?? []
        var output: [WebMOutput] = []
        for event in events {
            switch event {
            case .gap:
                video.hasGap = true
            case .dropped:
                unreadableFrames += 1
                video.hasGap = true
            case .frame(let whole):
                guard let place = frameTimes.last(where: { $0.timestamp == whole.timestamp }) else {
                    continue
                }
                let frame = MediaFrame(
                    kind: .video,
                    time: place.time,
                    isKeyframe: whole.isKeyframe,
                    followsGap: whole.followsGap || video.hasGap,
                    bytes: whole.bytes
                )
                video.hasGap = false
                output += try writer.append(frame)
            }
        }
        return output
    }
}
