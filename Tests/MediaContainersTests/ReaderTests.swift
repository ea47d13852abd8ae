import Foundation
import MediaCodecs
import MediaContainers
import Primitives
import RTPPackets
import Testing

@Suite struct ReaderTests {
    static let codecs: [MediaCodec] = [.vp8, .vp9, .h264, .av1]

    private func recording(_ codec: MediaCodec) throws -> RecordedSession {
        try RecordedSession(
            of: PublishedSession([FlashAndBeep.of(codec), FlashAndBeep.of(.opus)]),
            video: codec
        )
    }

    @Test(arguments: codecs)
    func framesComeBackAsTheyWereTaken(codec: MediaCodec) throws {
        let media = try FlashAndBeep.of(codec)
        let recording = try recording(codec)
        let reader = try WebMReader(header: recording.header)
        #expect(reader.header.tracks.map(\.codec) == [codec, .opus])
        #expect(reader.header.tracks.first?.width == FlashAndBeep.width)
        #expect(reader.header.tracks.first?.height == FlashAndBeep.height)
        let frames = try recording.clusters.flatMap { try reader.frames(of: $0.bytes) }
        let video = frames.filter { $0.kind == .video }
        #expect(video.map(\.isKeyframe) == media.frames.map(\.isKeyframe))
        for (read, frame) in zip(video, media.frames) {
            let expected =
                switch codec {
                case .av1: try #require(AV1TemporalUnit(reading: frame.bytes)).bytes
                case .h264: AnnexB.join(AnnexB.split(frame.bytes))
                default: frame.bytes
                }
            #expect(read.bytes == expected)
            #expect(abs(Double(read.time - video[0].time) / 1e9 - frame.time) < 0.08)
        }
        let sounds = frames.filter { $0.kind == .audio }
        #expect(sounds.map(\.bytes) == (try FlashAndBeep.of(.opus)).frames.map(\.bytes))
        #expect(sounds.allSatisfy { $0.duration == 20_000_000 })
        if codec != .av1 {
            let decoder = try VideoDecoder(codec: codec)
            for frame in video { #expect(try decoder.decode(frame.bytes) != nil) }
        }
    }

    @Test func aFileThatIsCutOffAnywhereGivesItsWholeClusters() throws {
        let recording = try recording(.vp8)
        let file = recording.live(clusters: 4)
        var ends = [recording.header.count]
        for cluster in recording.clusters.prefix(4) { ends.append((ends.last ?? 0) + cluster.bytes.count) }
        for count in stride(from: 0, through: file.count, by: 37) {
            let cut = Array(file[..<count])
            guard count >= recording.header.count else {
                #expect(throws: WebMError.self) { try WebMFileParts(reading: cut) }
                continue
            }
            let parts = try WebMFileParts(reading: cut)
            let whole = ends.count { $0 <= count } - 1
            #expect(parts.clusters.count == whole)
            #expect(parts.incompleteBytes == count - ends[whole])
        }
    }

    @Test func otherPeoplesFilesAreRefusedByName() throws {
        let folder = try TemporaryFolder()
        let ours = try folder.write(try recording(.vp8).finished(), as: "ours.webm")
        let laced = folder.file("theirs.mkv")
        try MediaTool.ffmpeg.run(["-i", ours.path, "-c:v", "copy", "-c:a", "pcm_s16le", laced.path])
        do {
            _ = try WebMHeader(reading: try [UInt8](contentsOf: laced))
            Issue.record("PCM was taken")
        } catch let error as WebMError {
            #expect(error == .unsupported("codec 'A_PCM/INT/LIT'"))
        }
        #expect(throws: WebMError.malformed("no EBML header")) {
            try WebMHeader(reading: [0x42, 0x86, 0x81, 1])
        }
        #expect(throws: WebMError.self) { try WebMHeader(reading: Array("RIFF0000WAVE".utf8)) }
    }

    /// Damage anywhere gives an error or other frames, in bounded time and memory.
    @Test(arguments: codecs)
    func damagedFilesNeverCrash(codec: MediaCodec) throws {
        let recording = try recording(codec)
        let reader = try WebMReader(header: recording.header)
        let cluster = try #require(recording.clusters.min { $0.bytes.count < $1.bytes.count }).bytes
        let header = try recording.layout().beginning
        var random = SeededRandom(seed: 31)
        var refused = 0
        for _ in 0..<4_000 {
            var bytes = Bool.random(using: &random) ? header : recording.header
            damage(&bytes, &random)
            do { _ = try WebMHeader(reading: bytes) } catch { refused += 1 }
            var damaged = cluster
            damage(&damaged, &random)
            do {
                let frames = try reader.frames(of: damaged)
                #expect(frames.reduce(0) { $0 + $1.bytes.count } <= 2 * damaged.count)
            } catch {
                refused += 1
            }
        }
        #expect((1_000..<8_000).contains(refused))
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            // Most of a file's structure is in its first bytes.
            let limit = Bool.random(using: &random) ? min(64, bytes.count) : bytes.count
            guard limit > 0 else { return }
            let place = Int.random(in: 0..<limit, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = [0, 0x01, 0x7F, 0x80, 0xFF][Int.random(in: 0..<5, using: &random)]
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 3))
            default: bytes.removeSubrange(place...)
            }
        }
    }
}
