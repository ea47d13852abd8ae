import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions

/// What a broadcast has sent and heard so far.
package struct BroadcastStatistics: Sendable {
    package var framesSent = 0
    package var packetsSent = 0
    package var payloadBytesSent = 0
    package var packetsRepeated = 0
    package var keyframeRequests = 0
    /// Frames left out because the loop was behind.
    package var framesSkipped = 0
    /// Nanoseconds from when a frame was due to when it was sent.
    package var lag = ValueHistogram()
    /// Nanoseconds from a frame's stamp to the kernel's having taken its last packet.
    package var sending = ValueHistogram()

    package static func += (left: inout BroadcastStatistics, right: BroadcastStatistics) {
        left.framesSent += right.framesSent
        left.packetsSent += right.packetsSent
        left.payloadBytesSent += right.payloadBytesSent
        left.packetsRepeated += right.packetsRepeated
        left.keyframeRequests += right.keyframeRequests
        left.framesSkipped += right.framesSkipped
        left.lag.merge(right.lag)
        left.sending.merge(right.sending)
    }
}

/// Plays recordings into a room at their pace, stamped, and answers feedback.
final class RecordedBroadcast: PeerMedia {
    /// Behind by more than this, frames are left out instead of sent in a burst.
    private static let maximumLagMilliseconds: Int64 = 500
    private static let reportMilliseconds: Int64 = 1_000
    /// Requests for a keyframe within this time of one are answered by it.
    private static let keyframeSpacingMilliseconds: Int64 = 250

    private struct Part {
        var track: RecordedTrack
        var due = MonotonicTime.distantFuture
        var wantsKeyframe = false
        var lastKeyframe = MonotonicTime.distantPast
    }

    private var video: Part?
    private var audio: Part?
    private let origin: StampOrigin
    private let cname: String
    private var start = MonotonicTime.distantPast
    private var reportDue = MonotonicTime.distantFuture
    private var transportSequence: UInt16 = 0
    private let onEvent: @Sendable (SessionEvent) -> Void
    private(set) var statistics = BroadcastStatistics()

    /// Throws `SignalingError.unusableAnswer` if `session` takes nothing of what there is.
    init(
        _ session: NegotiatedSession,
        video videoRecording: PacketRecording?,
        audio audioRecording: PacketRecording?,
        cname: String,
        origin: StampOrigin,
        onEvent: @escaping @Sendable (SessionEvent) -> Void
    ) throws(SignalingError) {
        self.cname = cname
        self.origin = origin
        self.onEvent = onEvent
        var random = SystemRandomNumberGenerator()
        for media in session.media where media.accepted {
            let recording = media.kind == .audio ? audioRecording : videoRecording
            guard let recording,
                let track = RecordedTrack(media, recording: recording, random: &random)
            else { continue }
            if media.kind == .audio { audio = Part(track: track) } else { video = Part(track: track) }
        }
        guard video != nil || audio != nil else {
            throw .unusableAnswer("the server takes none of our streams")
        }
        guard video != nil || videoRecording == nil else {
            throw .unusableAnswer("the server takes no \(videoRecording?.codec.codecName.rawValue ?? "")")
        }
    }

    func established(_ peer: ClientPeer, now: MonotonicTime) {
        start = now
        // Publishers that start together would send all their frames in the same moments.
        let (picture, sound) = (video?.track.nanosecondsOfFrame ?? 1, audio?.track.nanosecondsOfFrame ?? 1)
        video?.due = now.advanced(byNanoseconds: .random(in: 0..<picture))
        audio?.due = now.advanced(byNanoseconds: .random(in: 0..<sound))
        reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds / 2)
        onEvent(.established(now))
    }

    func ended(_ end: PeerEnd) {
        onEvent(.ended(end))
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
        if audio != nil { play(&audio, peer, now: now) }
        if video != nil { play(&video, peer, now: now) }
        if reportDue <= now {
            sendReports(peer, now: now)
            reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds)
        }
        return min(video?.due ?? .distantFuture, audio?.due ?? .distantFuture, reportDue)
    }

    private func play(_ part: inout Part?, _ peer: ClientPeer, now: MonotonicTime) {
        guard var playing = part else { return }
        part = nil
        defer { part = playing }
        let interval = playing.track.nanosecondsOfFrame
        let lag = now.milliseconds(since: playing.due)
        if playing.due != .distantFuture, lag > Self.maximumLagMilliseconds {
            let skipped = now.nanoseconds(since: playing.due) / interval
            statistics.framesSkipped += Int(skipped)
            playing.due = playing.due.advanced(byNanoseconds: skipped * interval)
        }
        while playing.due <= now {
            statistics.lag.record(now.nanoseconds(since: playing.due))
            let timestamp = playing.track.timestamp(nanoseconds: playing.due.nanoseconds(since: start))
            playing.due = playing.due.advanced(byNanoseconds: interval)
            if playing.wantsKeyframe,
                now.milliseconds(since: playing.lastKeyframe) >= Self.keyframeSpacingMilliseconds
            {
                playing.track.seekKeyframe()
            }
            if playing.track.isAtKeyframe {
                playing.wantsKeyframe = false
                playing.lastKeyframe = now
            }
            let octets = playing.track.octetCount
            // Read again, since frames of many publishers may be due in one turn.
            let sentAt = SystemClock.monotonic
            let packets = playing.track.nextFrame(timestamp: timestamp, now: sentAt)
            peer.send(
                packets,
                of: playing.track,
                origin: origin,
                transportSequence: &transportSequence,
                now: sentAt
            )
            statistics.sending.record(SystemClock.monotonic.nanoseconds(since: sentAt))
            statistics.framesSent += 1
            statistics.packetsSent += packets.count
            statistics.payloadBytesSent += Int(playing.track.octetCount &- octets)
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
            case .receiverEstimate, .senderReport, .receiverReport, .sourceDescription, .bye,
                .transportFeedback, .other:
                break
            }
        }
    }

    private func wantKeyframe() {
        statistics.keyframeRequests += 1
        video?.wantsKeyframe = true
    }

    private func repeatPacket(_ sequence: UInt16, of ssrc: UInt32, on peer: ClientPeer, now: MonotonicTime) {
        let isVideo = video?.track.ssrc == ssrc
        guard let track = isVideo ? video?.track : audio?.track, track.ssrc == ssrc else { return }
        let found = isVideo ? video?.track.repetition(of: sequence) : audio?.track.repetition(of: sequence)
        guard let found else { return }
        peer.repeatPacket(
            found.packet,
            of: track,
            as: found.extendedSequence,
            origin: origin,
            transportSequence: &transportSequence,
            now: now
        )
        statistics.packetsRepeated += 1
    }
}
