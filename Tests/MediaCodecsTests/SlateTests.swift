import MediaCodecs
import Primitives
import RTPPackets
import SlateMedia
import Testing

@Suite struct SlateTests {
    static let codecs: [MediaCodec] = [.vp8, .vp9, .h264]

    static func decode(_ payloads: [[UInt8]], codec: MediaCodec) throws -> I420Picture {
        var assembler = FrameAssembler(codec: codec)
        var frame: AssembledFrame?
        for (index, payload) in payloads.enumerated() {
            for case .frame(let whole) in assembler.append(
                sequence: Int64(index),
                timestamp: 0,
                marker: index == payloads.count - 1,
                payload: payload
            ) { frame = whole }
        }
        let whole = try #require(frame)
        #expect(whole.isKeyframe)
        return try #require(try VideoDecoder(codec: codec).decode(whole.bytes))
    }

    @Test(arguments: codecs)
    func slateStandsAloneAndIsSmallAndLegible(codec: MediaCodec) throws {
        let slate = try #require(try SlateLibrary().slate(codec: codec))
        #expect(slate.width == 640 && slate.height == 360)
        #expect(slate.byteCount < 8_000, "\(slate.byteCount) bytes")
        let other = try #require(try SlateLibrary().slate(codec: codec, text: "off air"))
        for payloads in [slate.keyframePayloads, slate.alternateKeyframePayloads] {
            let picture = try Self.decode(payloads, codec: codec)
            #expect(picture.width == 640 && picture.height == 360)
            #expect(PictureStamp(reading: picture) == nil)
            #expect(picture.meanLuma(x: 0, y: 0, width: 640, height: 100) < 60)
            // The word is in the middle of the picture: light strokes on the dark ground.
            #expect(picture.meanLuma(x: 160, y: 140, width: 320, height: 50) > 55)
            let elsewhere = try Self.decode(other.keyframePayloads, codec: codec)
            #expect(try #require(picture.lumaMeanSquaredError(to: elsewhere)) > 200)
        }
    }

    @Test(arguments: codecs)
    func forwardingPathFindsWhatItRewrites(codec: MediaCodec) throws {
        let slate = try #require(try SlateLibrary().slate(codec: codec))
        for (number, payload) in slate.keyframePayloads.enumerated() {
            let isLast = number == slate.keyframePayloads.count - 1
            let inspected = PayloadFacts.inspect(codec: codec, packet: payload.span.bytes, marker: isLast)
            let facts = try #require(inspected)
            // In H.264 the slice after the parameter sets can also be taken for a start.
            if number != 1 || codec != .h264 {
                #expect(facts.startsKeyframe == (number == 0))
                #expect(facts.startsFrame == (number == 0))
            }
            #expect(facts.endsFrame == isLast)
            #expect(facts.temporalLayer == 0)
            if number == 0 { #expect(facts.width == 640 && facts.height == 360) }
            if codec != .h264 {
                #expect(facts.index.hasPictureID && facts.index.isPictureIDLong && facts.index.hasTL0PicIdx)
                #expect(facts.index.pictureID == 0 && facts.index.tl0PicIdx == 0)
            }
        }
    }

    @Test(arguments: codecs)
    func slateDecodesAfterOtherMediaOnTheSameDecoder(codec: MediaCodec) throws {
        let decoder = try VideoDecoder(codec: codec)
        let encoder = try VideoEncoder(VideoEncoderSettings(codec: codec, width: 640, height: 360))
        let source = TestPicture(width: 640, height: 360, name: "Ada", hue: 200)
        let slate = try #require(try SlateLibrary().slate(codec: codec))
        var assembler = FrameAssembler(codec: codec)
        var packetizer = VideoPacketizer(codec: codec)
        var sequence: Int64 = 0
        func show(_ payloads: [[UInt8]], timestamp: UInt32) throws -> I420Picture? {
            var picture: I420Picture?
            for (index, payload) in payloads.enumerated() {
                for case .frame(let frame) in assembler.append(
                    sequence: sequence,
                    timestamp: timestamp,
                    marker: index == payloads.count - 1,
                    payload: payload
                ) { picture = try decoder.decode(frame.bytes) }
                sequence += 1
            }
            return picture
        }
        for number in 0..<5 {
            let frame = try encoder.encode(
                source.draw(frameNumber: UInt32(number), clockText: "1", milliseconds: 0),
                timestamp: UInt32(number)
            )
            let picture = try #require(try show(packetizer.packetize(frame), timestamp: UInt32(number)))
            #expect(PictureStamp(reading: picture)?.frameNumber == UInt32(number))
        }
        for count in 0..<4 {
            let picture = try #require(
                try show(slate.payloads(forKeyframe: count), timestamp: UInt32(100 + count))
            )
            #expect(PictureStamp(reading: picture) == nil)
        }
        let resumed = try encoder.encode(
            source.draw(frameNumber: 99, clockText: "1", milliseconds: 0),
            timestamp: 200,
            forceKeyframe: true
        )
        let picture = try #require(try show(packetizer.packetize(resumed), timestamp: 200))
        #expect(PictureStamp(reading: picture)?.frameNumber == 99)
    }

    @Test func slateIsMadeOncePerKey() throws {
        let library = SlateLibrary()
        let first = try #require(try library.slate(codec: .vp8))
        let again = try #require(try library.slate(codec: .vp8))
        // The same storage: the second was not encoded anew.
        let isSame = first.keyframePayloads[0].withUnsafeBytes { left in
            again.keyframePayloads[0].withUnsafeBytes { right in left.baseAddress == right.baseAddress }
        }
        #expect(isSame)
        let small = try #require(try library.slate(codec: .vp8, width: 320, height: 180))
        #expect(small.width == 320)
    }

    @Test func libraryDoesNotGrowWithoutEnd() throws {
        let library = SlateLibrary()
        for number in 0..<(SlateLibrary.capacity + 20) {
            _ = try library.slate(codec: .vp8, width: 64, height: 64, text: "\(number)")
        }
        #expect(library.count == SlateLibrary.capacity)
    }

    @Test func thereIsNoSlateForAV1() throws {
        #expect(try SlateLibrary().slate(codec: .av1) == nil)
    }

    @Test(arguments: ["42e01f", "42001f", "4d001f", "640c1f", "42e00c", "42e00a"])
    func h264SlateStatesTheAnsweredLevel(answer: String) throws {
        let answered = try #require(H264ProfileLevelID(hexadecimal: answer))
        let slate = try #require(try SlateLibrary().slate(codec: .h264, profileLevelID: answered))
        // A STAP-A: its header, a size of two bytes, then the sequence parameter set.
        let parameters = slate.keyframePayloads[0][3...]
        let stated = try #require(H264ProfileLevelID(sequenceParameterSet: parameters))
        #expect(stated.profile == 66)
        #expect(stated.constraints & 0x40 != 0)
        #expect(stated.level == answered.level)
        #expect((slate.width + 15) / 16 * ((slate.height + 15) / 16) <= answered.maximumMacroblocks)
        let picture = try Self.decode(slate.keyframePayloads, codec: .h264)
        #expect(picture.width == slate.width)
    }

    @Test func h264KeyframesInARowDiffer() throws {
        let slate = try #require(try SlateLibrary().slate(codec: .h264))
        #expect(slate.keyframePayloads != slate.alternateKeyframePayloads)
    }

    @Test(arguments: [1, 2])
    func silenceIsSilentAndTiny(channels: Int) throws {
        let packet = try OpusSilence().packet(isStereo: channels == 2)
        #expect(packet.count <= 40, "\(packet.count) bytes")
        // RFC 6716 section 3.1: the s bit of the TOC byte says stereo.
        #expect(packet[0] & 0x04 == (channels == 2 ? 4 : 0))
        let decoder = try OpusDecoder(channels: channels)
        for _ in 0..<50 {
            let samples = try decoder.decode(packet)
            #expect(samples.count == OpusFormat.samplesPerPacket * channels)
            #expect(SoundMeasurement(samples, channels: channels).isSilence)
        }
    }

    @Test(arguments: [1, 2])
    func silenceFollowsAToneWithoutNoise(channels: Int) throws {
        let packet = try OpusSilence().packet(isStereo: channels == 2)
        let encoder = try OpusEncoder(channels: channels)
        let decoder = try OpusDecoder(channels: channels)
        var tone = ToneGenerator(frequency: 440, channels: channels)
        for _ in 0..<20 { _ = try decoder.decode(encoder.encode(tone.next())) }
        for _ in 0..<5 { _ = try decoder.decode(packet) }
        for _ in 0..<50 {
            #expect(SoundMeasurement(try decoder.decode(packet), channels: channels).isSilence)
        }
    }
}
