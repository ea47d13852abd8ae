import MediaCodecs
import Primitives
import RTPPackets
import Testing

/// What a moving test picture looks like after encoding and decoding.
@Suite struct VideoRoundTripTests {
    static let codecs: [MediaCodec] = [.vp8, .vp9, .h264]
    /// The mean squared error of a PSNR of 30 dB.
    static let thirtyDecibels = 65.025

    @Test(arguments: codecs)
    func decodedPictureIsCloseToTheDrawnOne(codec: MediaCodec) throws {
        let encoder = try VideoEncoder(VideoEncoderSettings(codec: codec, width: 640, height: 360))
        let decoder = try VideoDecoder(codec: codec)
        let source = TestPicture(width: 640, height: 360, name: "Ada", hue: 210)
        for number in 0..<30 {
            let drawn = source.draw(
                frameNumber: UInt32(number),
                clockText: "12:00:0\(number / 10)",
                milliseconds: UInt32(number * 33)
            )
            let frame = try encoder.encode(drawn, timestamp: UInt32(number * 3_000))
            #expect(frame.isKeyframe == (number == 0))
            let decoded = try #require(try decoder.decode(frame.bytes))
            let error = try #require(decoded.lumaMeanSquaredError(to: drawn))
            #expect(error < Self.thirtyDecibels, "frame \(number) of \(codec)")
            let stamp = try #require(PictureStamp(reading: decoded))
            #expect(stamp.frameNumber == UInt32(number))
            #expect(stamp.milliseconds == UInt32(number * 33))
            #expect(stamp.source == PictureStamp.source(of: "Ada"))
        }
    }

    @Test(arguments: codecs)
    func stampSurvivesLowBitRate(codec: MediaCodec) throws {
        let encoder = try VideoEncoder(
            VideoEncoderSettings(codec: codec, width: 320, height: 180, kilobitsPerSecond: 80)
        )
        let decoder = try VideoDecoder(codec: codec)
        let source = TestPicture(width: 320, height: 180, name: "Grace", hue: 20)
        var random = SeededRandom(seed: 7)
        var bytes = 0
        for number in 0..<60 {
            let milliseconds = UInt32.random(in: 0...UInt32.max, using: &random)
            let drawn = source.draw(
                frameNumber: UInt32(number),
                clockText: "23:59:59",
                milliseconds: milliseconds
            )
            let frame = try encoder.encode(drawn, timestamp: UInt32(number * 3_000))
            bytes += frame.bytes.count
            let decoded = try #require(try decoder.decode(frame.bytes))
            let stamp = try #require(PictureStamp(reading: decoded), "frame \(number) of \(codec)")
            #expect(stamp.milliseconds == milliseconds)
        }
        // Two seconds; the stamp changes wholly in every frame, so that the target cannot quite be kept.
        #expect(bytes * 8 / 2 < 400_000)
    }

    @Test(arguments: codecs)
    func keyframeComesOnDemandAndDecodesAlone(codec: MediaCodec) throws {
        let encoder = try VideoEncoder(VideoEncoderSettings(codec: codec, width: 320, height: 180))
        let source = TestPicture(width: 320, height: 180, name: "Ada", hue: 100)
        for number in 0..<20 {
            let drawn = source.draw(
                frameNumber: UInt32(number),
                clockText: "00:00:00",
                milliseconds: 0
            )
            let frame = try encoder.encode(
                drawn,
                timestamp: UInt32(number * 3_000),
                forceKeyframe: number == 13
            )
            #expect(frame.isKeyframe == (number == 0 || number == 13))
            if number == 13 {
                let picture = try #require(try VideoDecoder(codec: codec).decode(frame.bytes))
                #expect(PictureStamp(reading: picture)?.frameNumber == 13)
            }
            if number == 14 {
                let late = try VideoDecoder(codec: codec)
                #expect(throws: CodecError.self) {
                    guard try late.decode(frame.bytes) != nil else { throw CodecError.noOutput }
                }
            }
        }
    }

    @Test(arguments: codecs)
    func bitRateChangesTheSize(codec: MediaCodec) throws {
        let encoder = try VideoEncoder(
            VideoEncoderSettings(codec: codec, width: 640, height: 360, kilobitsPerSecond: 2_000)
        )
        var random = SeededRandom(seed: 3)
        let pictures = (0..<7).map { _ in
            var picture = I420Picture(width: 640, height: 360)
            for y in stride(from: 0, to: 360, by: 24) {
                for x in stride(from: 0, to: 640, by: 32) {
                    let hue = Int.random(in: 0..<360, using: &random)
                    let color = PictureColor(hue: hue, saturation: 60, value: 60 + hue % 40)
                    picture.fillRectangle(x: x, y: y, width: 32, height: 24, color: color)
                }
            }
            return picture
        }
        func secondsOfNoise(_ seconds: Int, from start: Int) throws -> Int {
            try (start..<(start + 30 * seconds)).reduce(0) { bytes, number in
                let picture = pictures[number % pictures.count]
                return try bytes + encoder.encode(picture, timestamp: UInt32(number * 3_000)).bytes.count
            }
        }
        let high = try secondsOfNoise(2, from: 0)
        try encoder.setBitRate(kilobitsPerSecond: 300)
        _ = try secondsOfNoise(1, from: 60)
        let low = try secondsOfNoise(2, from: 90)
        #expect(low * 2 < high)
    }

    @Test(arguments: [2, 3])
    func higherTemporalLayersCanBeLeftOut(layers: Int) throws {
        let encoder = try VideoEncoder(
            VideoEncoderSettings(codec: .vp8, width: 320, height: 180, temporalLayers: layers)
        )
        let pattern: [UInt8] = layers == 2 ? [0, 1] : [0, 2, 1, 2]
        let source = TestPicture(width: 320, height: 180, name: "Ada", hue: 300)
        let decoders = try (0..<layers).map { _ in try VideoDecoder(codec: .vp8) }
        for number in 0..<40 {
            let drawn = source.draw(frameNumber: UInt32(number), clockText: "1", milliseconds: 0)
            let frame = try encoder.encode(drawn, timestamp: UInt32(number * 3_000))
            #expect(frame.temporalLayer == pattern[number % pattern.count])
            for (top, decoder) in decoders.enumerated() where frame.temporalLayer <= top {
                let picture = try #require(try decoder.decode(frame.bytes))
                #expect(PictureStamp(reading: picture)?.frameNumber == UInt32(number))
                let error = try #require(picture.lumaMeanSquaredError(to: drawn))
                #expect(error < Self.thirtyDecibels, "layer \(top), frame \(number)")
            }
        }
    }

    @Test func keyframeRestartsTheTemporalPattern() throws {
        let encoder = try VideoEncoder(
            VideoEncoderSettings(codec: .vp8, width: 320, height: 180, temporalLayers: 3)
        )
        let picture = I420Picture(width: 320, height: 180)
        let layers = try (0..<8).map { number in
            try encoder.encode(picture, timestamp: UInt32(number * 3_000), forceKeyframe: number == 3)
                .temporalLayer
        }
        #expect(layers == [0, 2, 1, 0, 2, 1, 2, 0])
    }

    @Test func h264IsConstrainedBaselineAndStatesItsLevel() throws {
        let level = try #require(H264ProfileLevelID(hexadecimal: "42e01f"))
        let encoder = try VideoEncoder(
            VideoEncoderSettings(codec: .h264, width: 640, height: 360, level: level)
        )
        let frame = try encoder.encode(I420Picture(width: 640, height: 360), timestamp: 0)
        let kinds = frame.networkAbstractionLayerUnits.map { $0[$0.startIndex] & 0x1F }
        #expect(kinds == [7, 8, 5])
        let parameters = try #require(frame.networkAbstractionLayerUnits.first)
        let stated = try #require(H264ProfileLevelID(sequenceParameterSet: parameters))
        #expect(stated.profile == 66)
        #expect(stated.constraints & 0x40 != 0)
        #expect(stated.level == 31)
    }

    @Test func settingsOutOfBoundsAreErrors() {
        let wrong = [
            VideoEncoderSettings(codec: .av1, width: 640, height: 360),
            VideoEncoderSettings(codec: .vp8, width: 641, height: 360),
            VideoEncoderSettings(codec: .vp8, width: 640, height: 0),
            VideoEncoderSettings(codec: .vp8, width: 640, height: 99_998),
            VideoEncoderSettings(codec: .vp8, width: 640, height: 360, kilobitsPerSecond: 0),
            VideoEncoderSettings(codec: .vp8, width: 640, height: 360, framesPerSecond: 0),
            VideoEncoderSettings(codec: .vp9, width: 640, height: 360, temporalLayers: 2),
            VideoEncoderSettings(codec: .h264, width: 640, height: 360, constantQuantizer: 52),
            VideoEncoderSettings(
                codec: .h264,
                width: 1_280,
                height: 720,
                level: H264ProfileLevelID(profile: 66, constraints: 0xE0, level: 12)
            ),
        ]
        for settings in wrong {
            #expect(throws: CodecError.self) { try VideoEncoder(settings) }
        }
        #expect(throws: CodecError.self) { try VideoDecoder(codec: .av1) }
        #expect(throws: CodecError.self) {
            let encoder = try VideoEncoder(VideoEncoderSettings(codec: .vp8, width: 320, height: 180))
            return try encoder.encode(I420Picture(width: 640, height: 360), timestamp: 0)
        }
    }

    @Test(arguments: codecs)
    func damagedFramesNeverCrashAndTheNextKeyframeDecodes(codec: MediaCodec) throws {
        let encoder = try VideoEncoder(VideoEncoderSettings(codec: codec, width: 320, height: 180))
        let source = TestPicture(width: 320, height: 180, name: "Ada", hue: 60)
        let frames = try (0..<6).map { number in
            try encoder.encode(
                source.draw(frameNumber: UInt32(number), clockText: "1", milliseconds: 0),
                timestamp: UInt32(number * 3_000),
                forceKeyframe: number == 5
            )
        }
        let decoder = try VideoDecoder(codec: codec)
        var random = SeededRandom(seed: 11)
        for _ in 0..<300 {
            let whole = frames[Int.random(in: 0..<frames.count, using: &random)].bytes
            var bytes = whole
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            case 1:
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                        in: 0...255,
                        using: &random
                    )
                }
            case 2:
                bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            default: break
            }
            _ = try? decoder.decode(bytes)
        }
        // A keyframe may be refused once while the library clears up after damage.
        let recovered = (0..<2).contains { _ in (try? decoder.decode(frames[5].bytes)) ?? nil != nil }
        #expect(recovered)
    }

    @Test func hugeStatedSizeIsRefusedBeforeMemoryIsTaken() throws {
        let encoder = try VideoEncoder(VideoEncoderSettings(codec: .vp8, width: 320, height: 180))
        var bytes = try encoder.encode(I420Picture(width: 320, height: 180), timestamp: 0).bytes
        // RFC 6386 section 9.1: 14 bits of width, then 14 of height, low byte first, after ten bytes less four.
        bytes[7] = 0x3F
        bytes[9] = 0x3F
        #expect(throws: CodecError.pictureTooLarge) { try VideoDecoder(codec: .vp8).decode(bytes) }
    }
}
