import Foundation
import MediaCodecs
import MediaContainers
import Primitives
import RTPPackets
import Testing

/// Recordings of real media over a network with jitter, reordering and loss, judged by FFmpeg.
@Suite struct RecordingTests {
    static let codecs: [MediaCodec] = [.vp8, .vp9, .h264, .av1]

    private func expectSynchronous(_ report: MediaReport, flashesAtLeast count: Int) throws {
        let (flashes, beeps) = (try report.flashes(), try report.beeps())
        #expect(flashes.count >= count && flashes.count == beeps.count, "\(flashes) and \(beeps)")
        for (flash, beep) in zip(flashes, beeps) {
            #expect(abs(flash - beep) <= 0.04, "picture at \(flash), sound at \(beep)")
        }
    }

    @Test(arguments: codecs)
    func aRecordingHasItsLengthItsSyncAndEveryFrame(codec: MediaCodec) throws {
        var conditions = PublishedSession.Conditions()
        conditions.late = 20
        let media = try FlashAndBeep.of(codec)
        let session = try PublishedSession([media, FlashAndBeep.of(.opus)], conditions)
        let recording = try RecordedSession(of: session, video: codec)
        #expect(recording.droppedFrames == 0)
        #expect(recording.headerCount == 1)
        let folder = try TemporaryFolder()
        let layout = try recording.layout()
        #expect(layout.documentType == (codec == .h264 ? .matroska : .webM))
        let file = try folder.write(recording.finished(), as: "a.\(layout.documentType.fileExtension)")
        let report = MediaReport(file: file)
        #expect(abs(try report.duration() - Double(FlashAndBeep.seconds)) <= 0.1)
        let packets = try report.packets()
        report.expectMonotonicTimes(packets)
        let keyframes = packets.filter { $0.stream == 0 && $0.isKeyframe }
        #expect(keyframes.count == media.frames.filter(\.isKeyframe).count)
        #expect(packets.count { $0.stream == 0 } == media.frames.count)
        #expect(packets.count { $0.stream == 1 } == FlashAndBeep.seconds * 50)
        #expect(try report.decodedFrames() == [media.frames.count, FlashAndBeep.seconds * 50])
        try expectSynchronous(report, flashesAtLeast: FlashAndBeep.seconds - 1)
        // What is lost when the relay is killed: everything in no finished cluster.
        #expect(recording.longestHold <= 1_000_000_000, "\(recording.longestHold) ns")
        #expect(
            recording.clusters.allSatisfy {
                $0.entry.endNanoseconds - $0.entry.startNanoseconds <= 1_000_000_000
            }
        )
    }

    /// A picture that is on its way for 90 ms longer than the sound, of which only the packets' capture times tell.
    @Test func captureTimesOfPacketsBringPictureAndSoundTogether() throws {
        var conditions = PublishedSession.Conditions()
        conditions.videoLag = 0.1
        conditions.audioLag = 0.01
        conditions.hasCaptureTimes = true
        let media = try [FlashAndBeep.of(.vp8), FlashAndBeep.of(.opus)]
        let folder = try TemporaryFolder()
        for isTold in [true, false] {
            if !isTold { conditions.reportInterval = 0 }
            let recording = try RecordedSession(of: PublishedSession(media, conditions), video: .vp8)
            let report = MediaReport(file: try folder.write(recording.finished(), as: "\(isTold).webm"))
            let (flashes, beeps) = (try report.flashes(), try report.beeps())
            // The slew is over after a second and a half.
            let apart = zip(flashes, beeps).dropFirst().map { abs($0 - $1) }
            #expect(apart.count == FlashAndBeep.seconds - 2)
            #expect(apart.allSatisfy { isTold ? $0 <= 0.04 : $0 > 0.06 }, "\(apart)")
        }
    }

    @Test(arguments: codecs)
    func anyNumberOfClustersIsAPlayableFile(codec: MediaCodec) throws {
        let session = try PublishedSession([FlashAndBeep.of(codec), FlashAndBeep.of(.opus)])
        let recording = try RecordedSession(of: session, video: codec)
        let folder = try TemporaryFolder()
        var last = 0
        for count in [1, 2, 3, recording.clusters.count / 2, recording.clusters.count] {
            let report = MediaReport(
                file: try folder.write(recording.live(clusters: count), as: "\(count).mkv")
            )
            let frames = try report.decodedFrames()
            #expect(frames.count == 2 && frames.allSatisfy { $0 > 0 }, "\(count) clusters: \(frames)")
            #expect(frames.reduce(0, +) > last)
            last = frames.reduce(0, +)
        }
    }

    @Test(arguments: codecs)
    func afterALossVideoGoesOnWithAKeyframeAndEveryFrameDecodes(codec: MediaCodec) throws {
        var conditions = PublishedSession.Conditions()
        conditions.lost = 12
        conditions.seed = 7
        let media = try FlashAndBeep.of(codec)
        let session = try PublishedSession([media, FlashAndBeep.of(.opus)], conditions)
        let recording = try RecordedSession(of: session, video: codec)
        #expect(recording.droppedFrames > 0)
        let folder = try TemporaryFolder()
        let report = MediaReport(file: try folder.write(recording.finished(), as: "a.mkv"))
        let packets = try report.packets()
        report.expectMonotonicTimes(packets)
        let video = packets.filter { $0.stream == 0 }
        #expect((try #require(video.first)).isKeyframe)
        #expect(video.count < media.frames.count)
        var gaps = 0
        for (before, after) in zip(video, video.dropFirst()) where after.time - before.time > 0.06 {
            gaps += 1
            #expect(after.isKeyframe, "after the gap from \(before.time) to \(after.time)")
        }
        #expect(gaps > 0)
        #expect(try report.decodedFrames()[0] == video.count)
        #expect(abs(try report.duration() - Double(FlashAndBeep.seconds)) <= 0.1)
    }

    @Test(arguments: codecs)
    func aWithheldStretchOfThreeSecondsStaysAGapOfThreeSeconds(codec: MediaCodec) throws {
        let session = try PublishedSession([FlashAndBeep.of(codec), FlashAndBeep.of(.opus)])
        var recording = RecordedSession(video: codec)
        let begin = session.firstArrival + 2
        try recording.take(session) { $0 >= begin && $0 < begin + 3 }
        try recording.finish()
        let folder = try TemporaryFolder()
        let report = MediaReport(file: try folder.write(recording.finished(), as: "a.mkv"))
        let packets = try report.packets()
        report.expectMonotonicTimes(packets)
        let audio = packets.filter { $0.stream == 1 }.map(\.time)
        let gap = try #require(zip(audio, audio.dropFirst()).first { $1 - $0 > 0.5 })
        #expect(abs(gap.1 - gap.0 - 3) <= 0.1, "\(gap)")
        #expect(abs(try report.duration() - Double(FlashAndBeep.seconds)) <= 0.1)
        // Frames go on with the keyframe at 6 s, where the encoders write one.
        let video = packets.filter { $0.stream == 0 }
        let resumed = try #require(video.first { $0.time > 4 })
        #expect(resumed.isKeyframe)
        #expect(abs(resumed.time - 6) < 0.15)
        _ = try report.decodedFrames()
        try expectSynchronousAfterGap(report)
    }

    private func expectSynchronousAfterGap(_ report: MediaReport) throws {
        let flash = try #require(try report.flashes().first { $0 > 6.5 })
        let beep = try #require(try report.beeps().first { $0 > 6.5 })
        #expect(abs(flash - beep) <= 0.04, "picture at \(flash), sound at \(beep)")
    }

    @Test(arguments: [MediaCodec.vp8, .h264])
    func aReconnectWithOtherTimestampsGoesOnInTheSameRecording(codec: MediaCodec) throws {
        let media = try [FlashAndBeep.of(codec), FlashAndBeep.of(.opus)]
        var first = PublishedSession.Conditions()
        first.range = 0..<3.5
        var second = PublishedSession.Conditions()
        second.seed = 2
        second.source = 1
        second.start = first.start + 6
        second.audioTimestamp = 12_345
        second.videoTimestamp = 0x8000_0000
        second.range = 0..<4
        let session = try PublishedSession(media, first) + PublishedSession(media, second)
        let recording = try RecordedSession(of: session, video: codec)
        let folder = try TemporaryFolder()
        let report = MediaReport(file: try folder.write(recording.finished(), as: "a.mkv"))
        let packets = try report.packets()
        report.expectMonotonicTimes(packets)
        for (stream, tolerance) in [(0, 0.1), (1, 0.06)] {
            let times = packets.filter { $0.stream == stream }.map(\.time)
            let gap = try #require(zip(times, times.dropFirst()).first { $1 - $0 > 0.5 })
            #expect(abs(gap.0 - 3.5) <= 0.1 && abs(gap.1 - 6) <= tolerance, "stream \(stream): \(gap)")
        }
        #expect(abs(try report.duration() - 10) <= 0.1)
        #expect(try report.decodedFrames() == [105 + 120, 175 + 200])
        try expectSynchronous(report, flashesAtLeast: 6)
    }

    @Test(arguments: codecs)
    func aRecordingGoesOnAfterARestartUnderItsOwnHeader(codec: MediaCodec) throws {
        let media = try [FlashAndBeep.of(codec), FlashAndBeep.of(.opus)]
        var first = PublishedSession.Conditions()
        first.range = 0..<3
        var second = first
        second.start = 500
        second.audioTimestamp = 1
        second.videoTimestamp = 2
        let before = try RecordedSession(of: PublishedSession(media, first), video: codec)
        var recording = try RecordedSession(continuing: before, after: 2_000_000_000, video: codec)
        // Sound comes first, which alone would make a header without video.
        try recording.take(try PublishedSession([media[1]], second))
        let header = recording.header
        second.start = 502.5
        try recording.take(try PublishedSession([media[0]], second))
        try recording.finish()
        #expect(recording.header == before.header && header == before.header)
        let folder = try TemporaryFolder()
        let report = MediaReport(file: try folder.write(recording.finished(), as: "a.mkv"))
        let packets = try report.packets()
        report.expectMonotonicTimes(packets)
        let audio = packets.filter { $0.stream == 1 }.map(\.time)
        let gap = try #require(zip(audio, audio.dropFirst()).first { $1 - $0 > 0.5 })
        #expect(abs(gap.1 - gap.0 - 2) <= 0.1)
        for range in [0.0..<3, 7.5..<10.5] {
            #expect(packets.count { $0.stream == 0 && range.contains($0.time) } >= 85)
        }
        #expect(try report.decodedFrames()[1] == 300)
        #expect(
            !WebMHeader.canContinue(
                try WebMHeader(reading: header).tracks,
                video: codec == .vp8 ? .vp9 : .vp8
            )
        )
    }

    @Test(arguments: [MediaCodec.vp8, .vp9, .h264])
    func aPictureThatGrowsInTheMiddleDecodes(codec: MediaCodec) throws {
        let video = try FlashAndBeep.encode(codec, seconds: 3, growsAt: 1)
        let session = try PublishedSession([video, FlashAndBeep.encodeAudio(seconds: 3)])
        let recording = try RecordedSession(of: session, video: codec)
        let folder = try TemporaryFolder()
        let file = try folder.write(recording.finished(), as: "a.mkv")
        let sizes = try MediaTool.ffprobe.run([
            "-select_streams", "v", "-show_entries", "frame=width", "-of", "csv=p=0", file.path,
        ]).output.split(separator: "\n").compactMap { Int($0.prefix { $0 != "," }) }
        #expect(sizes == [Int](repeating: 320, count: 30) + [Int](repeating: 640, count: 60))
        let complaints = try MediaTool.ffmpeg.run(["-xerror", "-i", file.path] + MediaReport.nowhere)
            .complaints
        #expect(complaints == "")
    }

    @Test func soundAloneIsAFileThatCanBeSought() throws {
        let session = try PublishedSession([FlashAndBeep.of(.opus)])
        let recording = try RecordedSession(of: session, video: .vp8)
        #expect(recording.wantsKeyframe)
        let folder = try TemporaryFolder()
        let report = MediaReport(file: try folder.write(recording.finished(), as: "a.webm"))
        #expect(abs(try report.duration() - Double(FlashAndBeep.seconds)) <= 0.1)
        #expect(try report.decodedFrames() == [FlashAndBeep.seconds * 50])
        #expect(try report.beeps().count == FlashAndBeep.seconds - 1)
        let first = try seek(report, to: 5, streams: "a")
        #expect((4.3...5.05).contains(first), "\(first)")
    }

    @Test func videoThatBeginsLaterIsAddedToTheHeader() throws {
        let video = try FlashAndBeep.of(.vp8)
        let late = FlashAndBeep(codec: .vp8, frames: Array(video.frames.dropFirst(120)))
        let session = try PublishedSession([late, FlashAndBeep.of(.opus)])
        let recording = try RecordedSession(of: session, video: .vp8)
        #expect(recording.headerCount == 2)
        let folder = try TemporaryFolder()
        let report = MediaReport(file: try folder.write(recording.finished(), as: "a.webm"))
        let packets = try report.packets()
        #expect(abs((try #require(packets.first { $0.stream == 0 })).time - 4) < 0.1)
        #expect(try report.decodedFrames() == [120, FlashAndBeep.seconds * 50])
    }

    /// The first packet that FFmpeg gives after seeking, in seconds of the file.
    private func seek(_ report: MediaReport, to seconds: Double, streams: String) throws -> Double {
        let output = try MediaTool.ffprobe.run([
            "-select_streams", streams, "-read_intervals", "\(seconds)%+#1", "-show_entries",
            "packet=pts_time",
            "-of", "csv=p=0", report.file.path,
        ]).output
        return try #require(output.split(separator: "\n").first.flatMap { Double($0) }, "\(output)")
    }

    @Test(arguments: codecs)
    func seekingUsesTheIndexAndShowsTheRightPicture(codec: MediaCodec) throws {
        let session = try PublishedSession([FlashAndBeep.of(codec), FlashAndBeep.of(.opus)])
        let recording = try RecordedSession(of: session, video: codec)
        let folder = try TemporaryFolder()
        let report = MediaReport(file: try folder.write(recording.finished(), as: "a.mkv"))
        let keyframes = try report.packets().filter { $0.stream == 0 && $0.isKeyframe }.map(\.time)
        #expect(keyframes.count == 4)
        for target in [0.5, 3.9, 5.5, 7.5] {
            let expected = try #require(keyframes.last { $0 <= target })
            #expect(try seek(report, to: target, streams: "v") == expected, "to \(target)")
        }
        // Nothing between the beginning and there is read: it could as well be missing.
        let layout = try recording.layout()
        var holed = try recording.finished()
        for (number, cluster) in recording.clusters.enumerated()
        where (2_000_000_000..<5_400_000_000)
            .contains(cluster.entry.startNanoseconds)
        {
            let before = recording.clusters[..<number].reduce(layout.beginning.count) { $0 + $1.bytes.count }
            for place in before..<(before + cluster.bytes.count) { holed[place] = 0 }
        }
        let holes = MediaReport(file: try folder.write(holed, as: "holes.mkv"))
        #expect(try seek(holes, to: 7.5, streams: "v") == keyframes.last)
        // The picture is white from 5.0 to 5.2 s of the media, whose recording began a moment earlier or later.
        let flash = try #require(try report.flashes().first { $0 > 4.5 })
        for (offset, isWhite) in [(-0.1, false), (0.1, true)] {
            let picture = folder.file("\(isWhite).gray")
            try MediaTool.ffmpeg.run([
                "-ss", "\(flash + offset)", "-i", report.file.path, "-frames:v", "1", "-vf",
                "scale=1:1,format=gray",
                "-f", "rawvideo", picture.path,
            ])
            let luma = try #require(try [UInt8](contentsOf: picture).first)
            #expect((luma > 150) == isWhite, "\(luma) at \(flash + offset)")
        }
    }
}
