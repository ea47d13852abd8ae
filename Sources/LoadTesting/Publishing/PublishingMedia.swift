import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions

/// What a publication has sent and heard so far.
package struct PublishingStatistics: Sendable {
    package var framesSent = 0
    package var keyframesSent = 0
    package var packetsSent = 0
    package var payloadBytesSent = 0
    package var packetsRepeated = 0
    package var keyframeRequests = 0
    package var reportsReceived = 0
    /// The newest REMB, bits per second.
    package var estimatedBitsPerSecond: UInt64?
    /// The newest report's loss, 0 to 1.
    package var lossFraction = 0.0
    /// Frames that the encoder did not give.
    package var failedFrames = 0
}

/// Sees each payload before it is sent.
package protocol PayloadObserver: AnyObject, Sendable {
    func willSend(_ payload: [UInt8], codec: MediaCodec)
}

/// A synthetic or recorded broadcast: frames and sound at their pace, reports, and answers to feedback.
final class PublishingMedia: PeerMedia {
    /// Behind by more than this, frames are left out instead of sent in a burst.
    private static let maximumLagMilliseconds: Int64 = 500
    private static let audioMilliseconds: Int64 = 20
    private static let reportMilliseconds: Int64 = 1_000
    /// Requests for a keyframe within this time of one are answered by it.
    private static let keyframeSpacingMilliseconds: Int64 = 250

    private struct Video {
        var track: OutgoingTrack
        let source: any VideoSource
        var packetizer: VideoPacketizer
        let codec: MediaCodec
        var due: MonotonicTime
        var wantsKeyframe = true
        var lastKeyframe = MonotonicTime.distantPast
    }

    private struct Audio {
        var track: OutgoingTrack
        let source: AudioSource
        var due: MonotonicTime
        var isFirst = true
    }

    private var video: Video?
    private var audio: Audio?
    private var start = MonotonicTime.distantPast
    private var reportDue = MonotonicTime.distantPast
    private var transportSequence: UInt16 = 0
    private let cname: String
    private let observer: (any PayloadObserver)?
    private let onEstablished: @Sendable () -> Void
    private let onEnd: @Sendable (PeerEnd) -> Void
    private(set) var statistics = PublishingStatistics()

    /// Throws `CodecError`, and `SignalingError.unusableAnswer` if `session` takes nothing of what there is.
    init(
        _ session: NegotiatedSession,
        video videoInput: VideoInput?,
        audio audioInput: AudioInput?,
        cname: String,
        observer: (any PayloadObserver)?,
        onEstablished: @escaping @Sendable () -> Void,
        onEnd: @escaping @Sendable (PeerEnd) -> Void
    ) throws {
        self.cname = cname
        self.observer = observer
        self.onEstablished = onEstablished
        self.onEnd = onEnd
        var random = SystemRandomNumberGenerator()
        for media in session.media where media.accepted {
            if media.kind == .video, let videoInput,
                let track = OutgoingTrack(media, codec: videoInput.codec.codecName, random: &random)
            {
                video = Video(
                    track: track,
                    source: try videoInput.makeSource(),
                    packetizer: VideoPacketizer(
                        codec: videoInput.codec,
                        firstPictureID: UInt16.random(in: 0...0x7FFF, using: &random)
                    ),
                    codec: videoInput.codec,
                    due: .distantFuture
                )
            } else if media.kind == .audio, let audioInput,
                let track = OutgoingTrack(media, codec: .opus, random: &random)
            {
                audio = Audio(track: track, source: try AudioSource(audioInput), due: .distantFuture)
            }
        }
        guard video != nil || audio != nil else {
            throw SignalingError.unusableAnswer("the server takes none of our streams")
        }
    }

    func established(_ peer: ClientPeer, now: MonotonicTime) {
        start = now
        video?.due = now
        audio?.due = now
        // Reports in turn with frames would say little; half a second on is soon enough for the first.
        reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds / 2)
        onEstablished()
    }

    func ended(_ end: PeerEnd) {
        onEnd(end)
    }

    func received(
        _ packet: RawSpan,
        header: RTPHeader,
        receivedAt: Int64,
        on peer: ClientPeer,
        now: MonotonicTime
    ) {}

    // MARK: Sending

    func tick(_ peer: ClientPeer, now: MonotonicTime) -> MonotonicTime {
        sendAudio(peer, now: now)
        sendVideo(peer, now: now)
        if reportDue <= now {
            sendReports(peer, now: now)
            reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds)
        }
        return min(video?.due ?? .distantFuture, audio?.due ?? .distantFuture, reportDue)
    }

    private func sendVideo(_ peer: ClientPeer, now: MonotonicTime) {
        guard var video, video.due <= now else { return }
        defer { self.video = video }
        let interval = 1_000_000_000 / Int64(video.source.framesPerSecond)
        if now.milliseconds(since: video.due) > Self.maximumLagMilliseconds { video.due = now }
        let elapsed = video.due.nanoseconds(since: start)
        video.due = video.due.advanced(byNanoseconds: interval)
        let timestamp = video.track.timestamp(nanoseconds: elapsed)
        let isSpaced = now.milliseconds(since: video.lastKeyframe) >= Self.keyframeSpacingMilliseconds
        guard
            let frame = try? video.source.next(
                timestamp: timestamp,
                wall: SystemClock.wall,
                wantsKeyframe: video.wantsKeyframe && isSpaced
            )
        else {
            statistics.failedFrames += 1
            return
        }
        if frame.isKeyframe {
            video.wantsKeyframe = false
            video.lastKeyframe = now
            statistics.keyframesSent += 1
        }
        let payloads = video.packetizer.packetize(frame)
        for (index, payload) in payloads.enumerated() {
            observer?.willSend(payload, codec: video.codec)
            video.track.send(
                payload,
                timestamp: timestamp,
                marker: index == payloads.count - 1,
                transportSequence: &transportSequence,
                on: peer,
                now: SystemClock.monotonic
            )
            statistics.packetsSent += 1
            statistics.payloadBytesSent += payload.count
        }
        statistics.framesSent += 1
    }

    private func sendAudio(_ peer: ClientPeer, now: MonotonicTime) {
        guard var audio else { return }
        defer { self.audio = audio }
        if now.milliseconds(since: audio.due) > Self.maximumLagMilliseconds { audio.due = now }
        while audio.due <= now {
            let elapsed = audio.due.nanoseconds(since: start)
            audio.due = audio.due.advanced(byMilliseconds: Self.audioMilliseconds)
            guard let payload = try? audio.source.next() else { return }
            observer?.willSend(payload, codec: .opus)
            audio.track.send(
                payload,
                timestamp: audio.track.timestamp(nanoseconds: elapsed),
                // The marker opens a talk spurt (RFC 7587 4.2).
                marker: audio.isFirst,
                transportSequence: &transportSequence,
                on: peer,
                now: now
            )
            audio.isFirst = false
            statistics.packetsSent += 1
            statistics.payloadBytesSent += payload.count
        }
    }

    private func sendReports(_ peer: ClientPeer, now: MonotonicTime) {
        let wall = SystemClock.wall
        let elapsed = now.nanoseconds(since: start)
        var writer = RTCPWriter()
        for track in [video?.track, audio?.track] {
            guard let track, track.packetCount > 0 else { continue }
            writer.appendSenderReport(track.senderReport(elapsedNanoseconds: elapsed, wall: wall))
            writer.appendCanonicalName(cname, ssrc: track.ssrc)
        }
        peer.sendControl(writer)
    }

    // MARK: Feedback

    func receivedControl(_ packet: RawSpan, on peer: ClientPeer, now: MonotonicTime) {
        var reader = RTCPReader(packet)
        while let part = reader.next() {
            switch part.kind {
            case .genericNACK:
                var lost = part.lostSequences
                while let sequence = lost.next() {
                    repeatPacket(sequence, of: part.mediaSSRC ?? 0, on: peer, now: now)
                }
            case .pictureLossIndication:
                wantKeyframe()
            case .fullIntraRequest:
                if part.fullIntraRequestCount > 0 { wantKeyframe() }
            case .receiverEstimate:
                statistics.estimatedBitsPerSecond = part.estimatedBitsPerSecond
            case .senderReport, .receiverReport:
                for index in 0..<part.reportBlockCount {
                    guard let block = part.reportBlock(at: index), block.ssrc == video?.track.ssrc else {
                        continue
                    }
                    statistics.reportsReceived += 1
                    statistics.lossFraction = Double(block.fractionLost) / 256
                }
            case .sourceDescription, .bye, .transportFeedback, .other:
                break
            }
        }
    }

    private func wantKeyframe() {
        statistics.keyframeRequests += 1
        video?.wantsKeyframe = true
    }

    private func repeatPacket(_ sequence: UInt16, of ssrc: UInt32, on peer: ClientPeer, now: MonotonicTime) {
        let isFound: Bool?
        if ssrc == video?.track.ssrc {
            isFound = video?.track.retransmit(
                sequence,
                transportSequence: &transportSequence,
                on: peer,
                now: now
            )
        } else if ssrc == audio?.track.ssrc {
            isFound = audio?.track.retransmit(
                sequence,
                transportSequence: &transportSequence,
                on: peer,
                now: now
            )
        } else {
            isFound = false
        }
        if isFound == true { statistics.packetsRepeated += 1 }
    }
}

extension MediaCodec {
    /// The same codec as session descriptions call it.
    var codecName: CodecName {
        switch self {
        case .vp8: .vp8
        case .vp9: .vp9
        case .h264: .h264
        case .av1: .av1
        case .opus: .opus
        }
    }
}

extension CodecName {
    /// The same codec as packets call it.
    var mediaCodec: MediaCodec {
        switch self {
        case .vp8: .vp8
        case .vp9: .vp9
        case .h264: .h264
        case .av1: .av1
        case .opus: .opus
        }
    }
}
