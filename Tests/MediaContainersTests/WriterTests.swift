import MediaCodecs
import MediaContainers
import Primitives
import RTPPackets
import Testing

@Suite struct WriterTests {
    /// The start of a VP8 keyframe of 32 by 16 pixels, and of a frame that is none.
    private static let keyframe: [UInt8] = [0x10, 0, 0, 0x9D, 0x01, 0x2A, 32, 0, 16, 0, 1, 2, 3]
    private static let interframe: [UInt8] = [0x11, 0, 0, 4, 5, 6]
    /// 20 ms of Opus.
    private static let sound: [UInt8] = [0xF8, 0xFF, 0xFE]

    private func video(_ milliseconds: Int64, key: Bool = false, gap: Bool = false) -> MediaFrame {
        MediaFrame(
            kind: .video,
            time: milliseconds * 1_000_000,
            isKeyframe: key,
            followsGap: gap,
            bytes: key ? Self.keyframe : Self.interframe
        )
    }

    private func audio(_ milliseconds: Int64) -> MediaFrame {
        MediaFrame(
            kind: .audio,
            time: milliseconds * 1_000_000,
            duration: 20_000_000,
            isKeyframe: true,
            bytes: Self.sound
        )
    }

    private func clusters(_ outputs: [WebMOutput]) -> [WebMCluster] {
        outputs.compactMap { if case .cluster(let cluster) = $0 { cluster } else { nil } }
    }

    private func headers(_ outputs: [WebMOutput]) -> [[UInt8]] {
        outputs.compactMap { if case .header(let header) = $0 { header } else { nil } }
    }

    /// Everything that is in the clusters, in the order of the file, with times in milliseconds.
    private func contents(_ outputs: [WebMOutput]) throws -> [(kind: MediaKind, time: Int64)] {
        let reader = try WebMReader(header: try #require(headers(outputs).last))
        return try clusters(outputs).flatMap { try reader.frames(of: $0.bytes) }
            .map { ($0.kind, $0.time / 1_000_000) }
    }

    @Test func framesOfBothTracksAreInTheOrderOfTheirTimes() throws {
        var writer = WebMWriter(video: .vp8, hasAudio: true)
        var outputs: [WebMOutput] = []
        // Audio comes 120 ms after the video of the same time.
        for number in 0..<100 as Range<Int64> {
            outputs += try writer.append(video(number * 20, key: number == 0))
            if number >= 6 { outputs += try writer.append(audio((number - 6) * 20)) }
        }
        outputs += try writer.finish()
        let times = try contents(outputs).map(\.time)
        #expect(times.count == 194 && times == times.sorted())
        #expect(writer.droppedFrames == 0)
        #expect(headers(outputs).count == 1)
        guard case .header = try #require(outputs.first) else {
            Issue.record("begins with \(outputs[0])")
            return
        }
    }

    @Test func aKeyframeBeginsAClusterAndNoneIsLongerThanAskedFor() throws {
        var writer = WebMWriter(video: .vp8, hasAudio: true)
        var outputs: [WebMOutput] = []
        for number in 0..<300 as Range<Int64> {
            outputs += try writer.append(audio(number * 20))
            outputs += try writer.append(video(number * 20, key: number % 40 == 0))
        }
        outputs += try writer.finish()
        let clusters = clusters(outputs)
        #expect(
            clusters.filter(\.entry.beginsWithKeyframe).map(\.entry.startNanoseconds)
                == (0..<8).map { $0 * 800_000_000 }
        )
        let reader = try WebMReader(header: try #require(headers(outputs).last))
        for cluster in clusters {
            let entry = cluster.entry
            #expect(entry.endNanoseconds - entry.startNanoseconds <= 520_000_000)
            let frames = try reader.frames(of: cluster.bytes)
            #expect(entry.byteCount == cluster.bytes.count)
            #expect(frames.first?.time == entry.startNanoseconds)
            let isKeyframe = frames.first.map { $0.kind == .video && $0.isKeyframe }
            #expect(isKeyframe == entry.beginsWithKeyframe)
        }
        for (before, after) in zip(clusters, clusters.dropFirst()) {
            #expect(before.entry.endNanoseconds <= after.entry.startNanoseconds + 20_000_000)
        }
    }

    @Test func nothingIsKeptBackWhenFramesStopComing() throws {
        var writer = WebMWriter(video: .vp8, hasAudio: true)
        var outputs = try writer.append(video(0, key: true))
        outputs += try writer.append(video(33))
        #expect(try writer.advance(to: 700_000_000).isEmpty)
        outputs += try writer.advance(to: 751_000_000)
        #expect(clusters(outputs).count == 1)
        #expect(try contents(outputs).map(\.time) == [0, 33])
    }

    @Test func afterAGapVideoWaitsForAKeyframe() throws {
        var writer = WebMWriter(video: .vp8, hasAudio: false)
        #expect(writer.wantsKeyframe)
        var outputs = try writer.append(video(0))
        outputs += try writer.append(video(40, key: true))
        #expect(!writer.wantsKeyframe)
        outputs += try writer.append(video(80))
        outputs += try writer.append(video(160, gap: true))
        #expect(writer.wantsKeyframe)
        outputs += try writer.append(video(200))
        outputs += try writer.append(video(240, key: true))
        writer.interrupt(.video)
        outputs += try writer.append(video(280))
        outputs += try writer.append(video(320, key: true, gap: true))
        outputs += try writer.finish()
        #expect(try contents(outputs).map(\.time) == [40, 80, 240, 320])
        #expect(writer.droppedFrames == 4)
    }

    @Test func framesOfOneInstantAreAMillisecondApart() throws {
        var writer = WebMWriter(video: nil, hasAudio: true)
        var outputs: [WebMOutput] = []
        for time in [5, 5, 5, 25] as [Int64] { outputs += try writer.append(audio(time)) }
        outputs += try writer.finish()
        #expect(try contents(outputs).map(\.time) == [5, 6, 7, 25])
    }

    @Test func whatComesTooLateIsMovedALittleOrLeftOut() throws {
        var writer = WebMWriter(video: .vp8, hasAudio: true)
        var outputs = try writer.append(video(0, key: true))
        for number in 1..<100 as Range<Int64> { outputs += try writer.append(video(number * 20)) }
        // All up to 1730 ms was placed without audio, and all up to 1500 ms is in finished clusters.
        outputs += try writer.append(audio(1_300))
        outputs += try writer.append(audio(1_450))
        outputs += try writer.append(audio(1_700))
        outputs += try writer.finish()
        #expect(try contents(outputs).filter { $0.kind == .audio }.map(\.time) == [1_500, 1_700])
        #expect(writer.droppedFrames == 1)
    }

    @Test func absurdFramesAreLeftOut() throws {
        var writer = WebMWriter(video: .vp8, hasAudio: true)
        var frames = [audio(0), audio(0), audio(0), video(0, key: true), video(0, key: true)]
        frames[0].time = -1
        frames[1].time = .max
        frames[2].bytes = []
        frames[3].bytes = [0x10]
        frames[4].bytes = [UInt8](repeating: 0, count: 5 << 20)
        for frame in frames { #expect(try writer.append(frame).isEmpty) }
        #expect(writer.droppedFrames == 5)
        #expect(try writer.finish().isEmpty)
    }

    @Test func memoryIsBoundedWhateverIsTaken() throws {
        var writer = WebMWriter(video: .vp8, hasAudio: true)
        var frame = video(0, key: true)
        frame.bytes += [UInt8](repeating: 7, count: 2 << 20)
        var taken = 0
        var given = 0
        for number in 0..<40 as Range<Int64> {
            frame.time = number * 1_000_000
            taken += frame.bytes.count
            for cluster in clusters(try writer.append(frame)) {
                given += cluster.bytes.count
                #expect(cluster.bytes.count <= (4 << 20) + 1_024)
            }
            #expect(taken - given <= 24 << 20)
        }
    }
}
