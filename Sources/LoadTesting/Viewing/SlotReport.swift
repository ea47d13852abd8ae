import MediaCodecs
import Primitives
import RTPPackets

/// What one slot of a viewer shows now, and what came in it since the report before.
package struct SlotReport: Sendable, Codable {
    /// What is seen or heard.
    package enum Showing: String, Sendable, Codable {
        /// Nothing has come yet.
        case nothing
        /// A picture with a readable stamp.
        case stamped
        /// A picture without one: a slate, or a camera's.
        case unstamped
        case sound
        case silence
    }

    package var kind: String
    /// The place among the slots of its kind, from 0.
    package var slot: Int
    package var mid: String
    package var codec: String?
    package var showing: Showing
    package var packets: Int
    package var bytes: Int
    /// Packets that never came.
    package var lost: Int
    package var totalPackets: Int
    package var totalLost: Int
    /// Packets asked for again, and those that then came, since the start.
    package var totalRequested: Int
    package var totalRecovered: Int
    package var jitterMilliseconds: Double

    package var width: Int?
    package var height: Int?
    package var frames: Int?
    package var totalFrames: Int?
    package var totalKeyframes: Int?
    package var totalFramesDropped: Int?
    package var keyframeRequests: Int?
    /// The longest time without a new picture, the present one included.
    package var longestPauseMilliseconds: Int?
    /// Pauses over 500 ms since the start.
    package var totalFreezes: Int?
    /// The stamp's broadcaster, frame and age.
    package var source: UInt16?
    package var frameNumber: UInt32?
    package var latencyMilliseconds: Int?
    /// Of sound, and its level of full scale.
    package var frequency: Double?
    package var level: Double?
}

extension ViewerSlot {
    func report(now: MonotonicTime) -> SlotReport {
        let clockRate = Double(kind == .audio ? 48_000 : 90_000)
        var report = SlotReport(
            kind: kind == .audio ? "audio" : "video",
            slot: number,
            mid: mid,
            showing: .nothing,
            packets: reorderer.receivedCount - reported.packets,
            bytes: payloadBytes - reported.bytes,
            lost: reorderer.lostCount - reported.lost,
            totalPackets: reorderer.receivedCount,
            totalLost: reorderer.lostCount,
            totalRequested: reorderer.requestedCount,
            totalRecovered: reorderer.recoveredCount,
            jitterMilliseconds: Double(reception?.jitter ?? 0) * 1_000 / clockRate
        )
        switch content {
        case .video(let video): describe(video, in: &report, now: now)
        case .audio(let audio): describe(audio, in: &report)
        }
        return report
    }

    mutating func noteReported(now: MonotonicTime) {
        reported.packets = reorderer.receivedCount
        reported.bytes = payloadBytes
        reported.lost = reorderer.lostCount
        guard case .video(var video) = content else { return }
        reported.frames = video.framesDecoded
        video.forgetPause(now: now)
        content = .video(video)
    }

    private func describe(_ video: ReceivedVideo, in report: inout SlotReport, now: MonotonicTime) {
        report.codec = video.codec?.encodingName
        report.frames = video.framesDecoded - reported.frames
        report.totalFrames = video.framesDecoded
        report.totalKeyframes = video.keyframesDecoded
        report.totalFramesDropped = video.framesDropped
        report.keyframeRequests = keyframeRequests
        report.totalFreezes = video.freezeCount
        guard video.framesDecoded > 0 else { return }
        (report.width, report.height) = (video.width, video.height)
        let pause = max(video.longestPauseNanoseconds, video.pauseNanoseconds(now: now) ?? 0)
        report.longestPauseMilliseconds = Int(pause / 1_000_000)
        report.showing = video.lastStamp == nil ? .unstamped : .stamped
        report.source = video.lastStamp?.source
        report.frameNumber = video.lastStamp?.frameNumber
        report.latencyMilliseconds = video.latencyMilliseconds
    }

    private func describe(_ audio: ReceivedAudio, in report: inout SlotReport) {
        report.codec = audio.packetsDecoded > 0 ? "opus" : nil
        guard audio.packetsDecoded > 0 else { return }
        let measurement = audio.measurement
        report.level = measurement.level
        report.frequency = measurement.dominantFrequency()
        report.showing = measurement.isSilence ? .silence : .sound
    }
}
