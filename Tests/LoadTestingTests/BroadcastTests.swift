import MediaCodecs
import Primitives
import RTPPackets
import Testing

@testable import LoadTesting

@Suite struct BroadcastTests {
    private func settings(_ codec: MediaCodec) -> SyntheticVideoSettings {
        var settings = SyntheticVideoSettings(name: "Ada")
        settings.codec = codec
        (settings.width, settings.height) = (160, 96)
        settings.framesPerSecond = 10
        settings.kilobitsPerSecond = 200
        return settings
    }

    @Test func readsBackAnIVFFile() throws {
        let video = try RecordedVideo.encode(settings(.vp8), seconds: 1)
        var bytes = Array("DKIF".utf8) + [0, 0, 32, 0] + Array("VP80".utf8)
        bytes += [160, 0, 96, 0, 10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        for frame in video.frames {
            let count = frame.bytes.count
            bytes += [UInt8(count & 255), UInt8(count >> 8 & 255), 0, 0] + [UInt8](repeating: 0, count: 8)
            bytes += frame.bytes
        }
        let read = try #require(VideoFile.readIVF(bytes))
        #expect(read.codec == .vp8)
        #expect(read.framesPerSecond == 10)
        #expect(read.frames.map(\.bytes) == video.frames.map(\.bytes))
        #expect(read.frames.map(\.isKeyframe) == video.frames.map(\.isKeyframe))
        #expect(VideoFile.readIVF(Array(bytes.dropLast(5)))?.frames.count == video.frames.count - 1)
        for length in 0..<60 { _ = VideoFile.readIVF(Array(bytes.prefix(length))) }
    }

    @Test func readsBackAByteStream() throws {
        let video = try RecordedVideo.encode(settings(.h264), seconds: 1)
        let bytes = video.frames.flatMap(\.bytes)
        let read = try #require(VideoFile.readAnnexB(bytes, framesPerSecond: 10))
        #expect(read.frames.count == video.frames.count)
        #expect(read.frames.map(\.isKeyframe) == video.frames.map(\.isKeyframe))
        let decoder = try VideoDecoder(codec: .h264)
        for (number, frame) in read.frames.enumerated() {
            let picture = try #require(try decoder.decode(frame.bytes))
            #expect(PictureStamp(reading: picture)?.frameNumber == UInt32(number))
        }
    }

    @Test func aRequestForAKeyframeGoesOnAtTheNextOne() throws {
        let video = try RecordedVideo.encode(settings(.vp8), seconds: 2)
        let source = try VideoInput.recorded(video).makeSource()
        let wall = WallClockTime(nanosecondsSince1970: 0)
        #expect(try source.next(timestamp: 1, wall: wall, wantsKeyframe: true).bytes == video.frames[0].bytes)
        #expect(
            try source.next(timestamp: 2, wall: wall, wantsKeyframe: false).bytes == video.frames[1].bytes
        )
        #expect(
            try source.next(timestamp: 3, wall: wall, wantsKeyframe: true).bytes == video.frames[10].bytes
        )
        #expect(try source.next(timestamp: 4, wall: wall, wantsKeyframe: true).bytes == video.frames[0].bytes)
    }

    @Test(arguments: [MediaCodec.vp8, .vp9])
    func aPayloadHasTheSameHashAfterItsPicturesWereRenumbered(_ codec: MediaCodec) throws {
        let frame = try #require(try RecordedVideo.encode(settings(codec), seconds: 1).frames.first)
        var here = VideoPacketizer(codec: codec, firstPictureID: 1)
        var there = VideoPacketizer(codec: codec, firstPictureID: 999, firstLowestLayerIndex: 7)
        let (left, right) = (here.packetize(frame), there.packetize(frame))
        #expect(left != right)
        let hashes = left.map { PayloadHash.of($0.span.bytes, codec: codec) }
        #expect(hashes == right.map { PayloadHash.of($0.span.bytes, codec: codec) })
        #expect(Set(hashes).count == left.count)
        #expect(!hashes.contains(nil))
    }

    @Test func sentPayloadsAreFoundAndOthersAreNot() throws {
        let sent = SentPayloads()
        let sound = try AudioInput.recordedTone(440, seconds: 1)
        guard case .recorded(let packets) = sound else {
            Issue.record("a recording")
            return
        }
        for packet in packets.dropLast() { sent.willSend(packet, codec: .opus) }
        let packet = packets[0]
        let hash = PayloadHash.of(packet.span.bytes, codec: .opus)
        #expect(sent.contains(try #require(hash)))
        let silence = try AudioSource(.silence).next()
        let other = PayloadHash.of(silence.span.bytes, codec: .opus)
        #expect(other.map { sent.contains($0) } != true)
    }
}
