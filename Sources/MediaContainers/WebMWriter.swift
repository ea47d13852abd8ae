import RTPPackets

/// Writes the frames of one participant as WebM, or as Matroska for H.264: a header and then clusters, into memory.
///
/// Each cluster is whole, stands for itself, and is not changed afterwards, so that a header and any number of clusters
/// are a playable file. Audio and video are put into one order by time; a frame waits for those of the other track
/// for `Settings.interleaveNanoseconds` at most. Video begins, and goes on after a gap, with a keyframe.
package struct WebMWriter: Sendable {
    /// How long frames are held: the sum, with what packets wait for, is what a crash loses.
    package struct Settings: Hashable, Sendable {
        /// A cluster is finished when it would last longer.
        package var clusterNanoseconds: Int64 = 500_000_000
        /// A keyframe begins a cluster of its own unless the one before would be shorter.
        package var minimumClusterNanoseconds: Int64 = 100_000_000
        /// How long a frame waits for the other track's.
        package var interleaveNanoseconds: Int64 = 250_000_000

        package init() {}
    }

    private let settings: Settings
    private var lanes: [MediaKind: Lane] = [:]
    /// What the header says, or will say.
    private var tracks: [WebMTrack]
    /// Frames in the order of their times that have no place yet.
    private var waiting: [MediaFrame] = []
    private var waitingBytes = 0
    private var open: OpenCluster?
    /// The latest frame of the finished clusters.
    private var lastTime: Int64 = 0
    /// The time that has passed whether or not there were frames.
    private var now: Int64 = 0
    private var isHeaderCurrent = false
    /// Frames that have no place in the file: without a keyframe before them, too late or unreadable.
    package private(set) var droppedFrames = 0

    /// What is known of one track.
    private struct Lane {
        let number: UInt8
        let codec: MediaCodec
        /// Frames are missing that the next ones need.
        var waitsForKeyframe: Bool
        /// A frame was taken and found no place, so that those taken behind it have none either.
        var isBroken = false
        /// Nanoseconds: the latest frame taken.
        var newest: Int64?
        /// Milliseconds: the latest frame placed, and how far it was from the one before.
        var last: Int64?
        var interval: Int64 = 33
    }

    /// A cluster is finished before it gets larger, as a whole one is held, encrypted and sent at once.
    static let maximumClusterBytes = 4 << 20
    /// More bytes than this do not wait for the other track.
    static let maximumWaitingBytes = 16 << 20
    /// A frame is moved behind the ones that overtook it by so many milliseconds at most.
    static let maximumMove: Int64 = 100
    /// What a frame is taken to last at most, in milliseconds, if it does not say.
    private static let longestInterval: Int64 = 100
    /// The longest recording, in nanoseconds: a year.
    private static let maximumTime: Int64 = 366 * 86_400 * 1_000_000_000

    /// For a video track, if `video` is not `nil`, and one of Opus, if `hasAudio`.
    ///
    /// `continuing` are the tracks of the header of a recording that goes on: it stays as it is unless one is added.
    /// They must fit (`WebMHeader.canContinue`): what comes in another codec is another file.
    package init(
        video: MediaCodec?,
        hasAudio: Bool,
        continuing: [WebMTrack] = [],
        settings: Settings = Settings()
    ) {
        precondition(video.map { $0.kind == .video } ?? true, "no video codec")
        precondition(
            (1_000_000...1_000_000_000).contains(settings.clusterNanoseconds),
            "clusters of a second at most"
        )
        precondition(WebMHeader.canContinue(continuing, video: video), "tracks of another codec")
        self.settings = settings
        tracks = continuing
        isHeaderCurrent = !continuing.isEmpty
        if let video {
            lanes[.video] = Lane(number: WebMTrack.videoNumber, codec: video, waitsForKeyframe: true)
        }
        if hasAudio {
            lanes[.audio] = Lane(number: WebMTrack.audioNumber, codec: .opus, waitsForKeyframe: false)
        }
    }

    /// The next keyframe is what the video waits for.
    package var wantsKeyframe: Bool { lanes[.video]?.waitsForKeyframe == true }

    /// Takes a frame; those of a track come in the order in which they decode.
    package mutating func append(_ frame: MediaFrame) throws(WebMError) -> [WebMOutput] {
        guard let frame = admit(frame) else {
            droppedFrames += 1
            return []
        }
        let newest = lanes[frame.kind]?.newest ?? frame.time
        lanes[frame.kind]?.newest = max(newest, frame.time)
        var index = waiting.count
        // At the same time video comes first, so that a keyframe begins its cluster.
        while index > 0, waiting[index - 1].kind != frame.kind {
            let other = waiting[index - 1].time
            guard other > frame.time || (other == frame.time && frame.kind == .video) else { break }
            index -= 1
        }
        waiting.insert(frame, at: index)
        waitingBytes += frame.bytes.count
        return try place(until: waitingBytes > Self.maximumWaitingBytes ? .max : horizon)
    }

    /// Says what time it is, on the recording's clock: what has waited long enough is finished without further frames.
    package mutating func advance(to time: Int64) throws(WebMError) -> [WebMOutput] {
        now = max(now, min(time, Self.maximumTime))
        let horizon = horizon
        var output = try place(until: horizon)
        if let open, horizon - open.start * 1_000_000 >= settings.clusterNanoseconds {
            output += try close()
        }
        return output
    }

    /// Frames of `kind` will be missing: what has been taken stays, and video goes on with a keyframe.
    package mutating func interrupt(_ kind: MediaKind) {
        if kind == .video { lanes[.video]?.waitsForKeyframe = true }
    }

    /// Finishes everything that was taken; further frames may follow.
    package mutating func finish() throws(WebMError) -> [WebMOutput] {
        try place(until: .max) + close()
    }

    /// Whether a frame may be in the file at all, in the form in which files have it.
    private mutating func admit(_ frame: MediaFrame) -> MediaFrame? {
        guard var lane = lanes[frame.kind], !frame.bytes.isEmpty,
            frame.bytes.count <= Self.maximumClusterBytes,
            (0..<Self.maximumTime).contains(frame.time)
        else { return nil }
        defer { lanes[frame.kind] = lane }
        if frame.kind == .video {
            if frame.followsGap { lane.waitsForKeyframe = true }
            guard !lane.waitsForKeyframe || frame.isKeyframe else { return nil }
        }
        if !tracks.contains(where: { $0.number == lane.number }) {
            let track: WebMTrack? =
                frame.kind == .audio
                ? .opus(number: lane.number)
                : WebMTrack(number: lane.number, codec: lane.codec, keyframe: frame.bytes)
            guard let track else { return nil }
            tracks = (tracks + [track]).sorted { $0.number < $1.number }
            isHeaderCurrent = false
        }
        var admitted = frame
        if lane.codec == .h264 {
            admitted.bytes = AVCConfiguration.lengthPrefixed(annexB: frame.bytes)
            guard !admitted.bytes.isEmpty else { return nil }
        }
        lane.waitsForKeyframe = false
        return admitted
    }

    /// Frames up to this time have none to wait for.
    private var horizon: Int64 {
        let newest = lanes.values.map { $0.newest ?? .min }
        let latest = max(now, newest.max() ?? 0)
        return max(newest.min() ?? .min, latest - settings.interleaveNanoseconds)
    }

    private mutating func place(until horizon: Int64) throws(WebMError) -> [WebMOutput] {
        var output: [WebMOutput] = []
        var count = 0
        while count < waiting.count, waiting[count].time <= horizon {
            waitingBytes -= waiting[count].bytes.count
            output += try place(waiting[count])
            count += 1
        }
        waiting.removeFirst(count)
        return output
    }

    private mutating func place(_ frame: MediaFrame) throws(WebMError) -> [WebMOutput] {
        guard var lane = lanes[frame.kind] else { return [] }
        let wanted = (frame.time + 500_000) / 1_000_000
        let time = max(wanted, lane.last.map { $0 + 1 } ?? 0, open?.start ?? lastTime)
        guard time - wanted <= Self.maximumMove, !lane.isBroken || frame.isKeyframe else {
            if frame.kind == .video {
                lanes[.video]?.isBroken = true
                lanes[.video]?.waitsForKeyframe = true
            }
            droppedFrames += 1
            return []
        }
        lane.isBroken = false
        var output: [WebMOutput] = []
        if let open, endsCluster(open, frame, at: time) { output = try close() }
        if let last = lane.last { lane.interval = min(max(1, time - last), Self.longestInterval) }
        lane.last = time
        lanes[frame.kind] = lane
        var cluster = open ?? OpenCluster(start: time)
        // Dropping the property's reference first lets the bytes grow in place.
        open = nil
        cluster.insert(
            frame.bytes,
            track: lane.number,
            kind: frame.kind,
            time: time,
            duration: frame.duration > 0 ? (frame.duration + 500_000) / 1_000_000 : lane.interval,
            isKeyframe: frame.isKeyframe
        )
        open = cluster
        return output
    }

    /// Whether a frame at `time` (milliseconds) belongs into the next cluster.
    private func endsCluster(_ cluster: OpenCluster, _ frame: MediaFrame, at time: Int64) -> Bool {
        let length = (time - cluster.start) * 1_000_000
        if length >= settings.clusterNanoseconds { return true }
        if cluster.data.count + frame.bytes.count > Self.maximumClusterBytes {
            return time >= cluster.lastTime
        }
        return frame.kind == .video && frame.isKeyframe && length >= settings.minimumClusterNanoseconds
            && time >= cluster.lastTime
    }

    private mutating func close() throws(WebMError) -> [WebMOutput] {
        guard let cluster = open else { return [] }
        open = nil
        lastTime = cluster.lastTime
        var output: [WebMOutput] = []
        do throws(MatroskaElements.LibraryFailure) {
            if !isHeaderCurrent {
                output.append(.header(try MatroskaElements.header(tracks)))
                isHeaderCurrent = true
            }
            output.append(.cluster(try cluster.finish()))
        } catch {
            throw .libraryFailure
        }
        return output
    }
}
