import MediaCodecs
import Primitives
import RTPPackets
import Testing

@Suite struct PacketizationTests {
    static let codecs: [MediaCodec] = [.vp8, .vp9, .h264]

    /// Bytes that look like a frame of `codec` to a packetizer: the rest is random.
    static func frame(
        _ codec: MediaCodec,
        size: Int,
        isKeyframe: Bool,
        random: inout SeededRandom
    ) -> EncodedFrame {
        func noise(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8.random(in: 1...255, using: &random) }
        }
        var bytes = noise(size)
        switch codec {
        case .vp8: bytes[0] = isKeyframe ? bytes[0] & 0xFE : bytes[0] | 1
        case .h264:
            bytes[0] = isKeyframe ? 0x65 : 0x41
            if size > 1 { bytes[1] |= 0x80 }
            let units = isKeyframe ? [[0x67] + noise(12), [0x68] + noise(4), bytes] : [bytes]
            bytes = AnnexB.join(units)
        default: break
        }
        return EncodedFrame(
            codec: codec,
            bytes: bytes,
            timestamp: 0,
            isKeyframe: isKeyframe,
            width: 640,
            height: 360
        )
    }

    @Test(arguments: codecs)
    func assembledFrameIsByteIdentical(codec: MediaCodec) throws {
        var random = SeededRandom(seed: 42)
        for _ in 0..<60 {
            let limit = Int.random(in: VideoPacketizer.minimumPayloadBytes...1_400, using: &random)
            var packetizer = VideoPacketizer(
                codec: codec,
                firstPictureID: 0x7FFE,
                firstLowestLayerIndex: 254,
                maximumPayloadBytes: limit
            )
            var assembler = FrameAssembler(codec: codec)
            var sequence: Int64 = 65_530
            for number in 0..<5 {
                let size = Int.random(in: 1...5_000, using: &random)
                let frame = Self.frame(codec, size: size, isKeyframe: number % 3 == 0, random: &random)
                let payloads = packetizer.packetize(frame)
                #expect(payloads.allSatisfy { !$0.isEmpty && $0.count <= limit })
                var events: [AssemblyEvent] = []
                for (index, payload) in payloads.enumerated() {
                    events += assembler.append(
                        sequence: sequence,
                        timestamp: UInt32(number * 3_000),
                        marker: index == payloads.count - 1,
                        payload: payload
                    )
                    sequence += 1
                }
                guard events.count == 1, case .frame(let whole) = events[0] else {
                    Issue.record("\(codec), \(size) bytes in \(limit): \(events)")
                    return
                }
                #expect(whole.bytes == frame.bytes)
                #expect(whole.isKeyframe == frame.isKeyframe)
                #expect(!whole.followsGap)
                if codec != .h264 {
                    #expect(whole.pictureID == UInt16((0x7FFE + number) & 0x7FFF))
                    #expect(whole.lowestLayerIndex == UInt8((254 + number) & 0xFF))
                }
            }
        }
    }

    @Test(arguments: codecs)
    func payloadsOfAFrameAreNearlyEqual(codec: MediaCodec) throws {
        var random = SeededRandom(seed: 5)
        var packetizer = VideoPacketizer(codec: codec)
        _ = packetizer.packetize(Self.frame(codec, size: 100, isKeyframe: true, random: &random))
        let payloads = packetizer.packetize(
            Self.frame(codec, size: 1_200, isKeyframe: false, random: &random)
        )
        let sizes = payloads.map(\.count)
        #expect(sizes.count == 2)
        #expect(try #require(sizes.max()) - #require(sizes.min()) <= 1)
    }

    @Test(arguments: codecs)
    func lossOfAnyPacketDropsItsFrameOnly(codec: MediaCodec) throws {
        var random = SeededRandom(seed: 9)
        var packetizer = VideoPacketizer(codec: codec, maximumPayloadBytes: 400)
        var packets: [(frame: Int, marker: Bool, payload: [UInt8])] = []
        var frames: [EncodedFrame] = []
        for number in 0..<6 {
            let frame = Self.frame(
                codec,
                size: 900 + number,
                isKeyframe: number == 0 || number == 4,
                random: &random
            )
            let payloads = packetizer.packetize(frame)
            for (index, payload) in payloads.enumerated() {
                packets.append((number, index == payloads.count - 1, payload))
            }
            frames.append(frame)
        }
        for lost in packets.indices {
            var assembler = FrameAssembler(codec: codec)
            var events: [AssemblyEvent] = []
            for (index, packet) in packets.enumerated() where index != lost {
                events += assembler.append(
                    sequence: Int64(index),
                    timestamp: UInt32(packet.frame * 3_000),
                    marker: packet.marker,
                    payload: packet.payload
                )
            }
            let whole = events.compactMap { if case .frame(let frame) = $0 { frame } else { nil } }
            // A lost parameter-set payload in front of a keyframe's slices is not seen after a gap in H.264.
            let isUnseen =
                codec == .h264 && [0, 4].contains(packets[lost].frame)
                && packets[lost].payload[0] & 0x1F == 24
            var expected = frames.indices.filter { $0 != packets[lost].frame }
            if isUnseen { expected = Array(frames.indices) }
            if lost == packets.count - 1 { expected = Array(frames.indices.dropLast()) }
            #expect(whole.map { Int($0.timestamp) / 3_000 } == expected, "packet \(lost) of \(codec)")
            for frame in whole where !isUnseen {
                #expect(frame.bytes == frames[Int(frame.timestamp) / 3_000].bytes)
            }
            if lost > 0, lost < packets.count - 1 { #expect(events.contains(.gap(packets: 1))) }
            if lost > 0, packets[lost].frame < 5 {
                let after = try #require(whole.first { $0.firstSequence > Int64(lost) })
                #expect(after.followsGap)
                #expect(whole.filter(\.followsGap).count == 1)
            }
        }
    }

    @Test(arguments: codecs)
    func lateAndRepeatedPacketsAreIgnored(codec: MediaCodec) throws {
        var random = SeededRandom(seed: 1)
        var packetizer = VideoPacketizer(codec: codec, maximumPayloadBytes: 200)
        let frame = Self.frame(codec, size: 600, isKeyframe: true, random: &random)
        let payloads = packetizer.packetize(frame)
        var assembler = FrameAssembler(codec: codec)
        var events: [AssemblyEvent] = []
        for (index, payload) in payloads.enumerated() {
            for back in [0, 0, 1] where index >= back {
                events += assembler.append(
                    sequence: Int64(index - back),
                    timestamp: 9,
                    marker: index - back == payloads.count - 1,
                    payload: back == 0 ? payload : [0xFF]
                )
            }
        }
        #expect(events.count == 1)
        guard case .frame(let whole) = try #require(events.first) else {
            Issue.record("\(events)")
            return
        }
        #expect(whole.bytes == frame.bytes)
    }

    @Test(arguments: codecs)
    func frameEndsAtTheNextTimestampWithoutMarker(codec: MediaCodec) throws {
        var random = SeededRandom(seed: 2)
        var packetizer = VideoPacketizer(codec: codec, maximumPayloadBytes: 200)
        var assembler = FrameAssembler(codec: codec)
        var sequence: Int64 = 0
        var events: [AssemblyEvent] = []
        let first = Self.frame(codec, size: 500, isKeyframe: true, random: &random)
        let second = Self.frame(codec, size: 500, isKeyframe: false, random: &random)
        for (timestamp, frame) in [first, second].enumerated() {
            for payload in packetizer.packetize(frame) {
                events += assembler.append(
                    sequence: sequence,
                    timestamp: UInt32(timestamp),
                    marker: false,
                    payload: payload
                )
                sequence += 1
            }
        }
        guard events.count == 1, case .frame(let whole) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(whole.bytes == first.bytes)
    }

    @Test(arguments: codecs)
    func paddingPacketsDoNotDisturb(codec: MediaCodec) throws {
        var random = SeededRandom(seed: 2)
        var packetizer = VideoPacketizer(codec: codec, maximumPayloadBytes: 200)
        var assembler = FrameAssembler(codec: codec)
        let frame = Self.frame(codec, size: 500, isKeyframe: true, random: &random)
        let payloads = packetizer.packetize(frame)
        var events = assembler.append(sequence: -1, timestamp: 0, marker: false, payload: [])
        for (index, payload) in payloads.enumerated() {
            events += assembler.append(
                sequence: Int64(2 * index),
                timestamp: 1,
                marker: false,
                payload: payload
            )
            events += assembler.append(
                sequence: Int64(2 * index + 1),
                timestamp: 1,
                marker: index == payloads.count - 1,
                payload: []
            )
        }
        guard events.count == 1, case .frame(let whole) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(whole.bytes == frame.bytes)
    }

    @Test(arguments: codecs)
    func randomPayloadsNeverCrash(codec: MediaCodec) {
        var random = SeededRandom(seed: 77)
        var assembler = FrameAssembler(codec: codec)
        var sequence: Int64 = .min
        var timestamp: UInt32 = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &random)
            let payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if Int.random(in: 0..<4, using: &random) == 0 { timestamp &+= 3_000 }
            let step = Int64.random(in: 0...3, using: &random)
            sequence = Int.random(in: 0..<5_000, using: &random) == 0 ? .max - 100_000 : sequence &+ step
            _ = assembler.append(
                sequence: sequence,
                timestamp: timestamp,
                marker: Bool.random(using: &random),
                payload: payload
            )
        }
    }

    @Test(arguments: codecs)
    func everyTruncationOfAPayloadIsHandled(codec: MediaCodec) {
        var random = SeededRandom(seed: 78)
        var packetizer = VideoPacketizer(codec: codec, maximumPayloadBytes: 64)
        let frame = Self.frame(codec, size: 300, isKeyframe: true, random: &random)
        for payload in packetizer.packetize(frame) {
            for count in 0..<payload.count {
                var assembler = FrameAssembler(codec: codec)
                let events = assembler.append(
                    sequence: 0,
                    timestamp: 0,
                    marker: true,
                    payload: Array(payload.prefix(count))
                )
                #expect(events.count <= 1)
            }
        }
    }

    @Test func frameWithoutEndIsDroppedAtTheLimit() {
        var assembler = FrameAssembler(codec: .vp8)
        var events: [AssemblyEvent] = []
        let bytes = [UInt8](repeating: 0, count: 60_000)
        for sequence in 0..<80 {
            let payload = [UInt8(sequence == 0 ? 0x10 : 0)] + bytes
            events += assembler.append(
                sequence: Int64(sequence),
                timestamp: 1,
                marker: false,
                payload: payload
            )
        }
        #expect(events == [.dropped(timestamp: 1, .tooLarge)])
    }

    @Test func vp8DescriptorCarriesLayersAndIndices() throws {
        let encoder = try VideoEncoder(
            VideoEncoderSettings(codec: .vp8, width: 320, height: 180, temporalLayers: 3)
        )
        var packetizer = VideoPacketizer(codec: .vp8, firstPictureID: 0x1234, firstLowestLayerIndex: 7)
        let picture = I420Picture(width: 320, height: 180)
        let descriptors = try (0..<5).map { number in
            let frame = try encoder.encode(picture, timestamp: UInt32(number * 3_000))
            return Array(try #require(packetizer.packetize(frame).first).prefix(6))
        }
        #expect(
            descriptors == [
                [0x90, 0xF0, 0x92, 0x34, 7, 0x00],
                [0xB0, 0xF0, 0x92, 0x35, 7, 0xA0],
                [0x90, 0xF0, 0x92, 0x36, 7, 0x60],
                [0xB0, 0xF0, 0x92, 0x37, 7, 0x80],
                [0x90, 0xF0, 0x92, 0x38, 8, 0x00],
            ]
        )
    }

    @Test func vp9DescriptorStatesOneLayerOfThisSize() throws {
        let frame = EncodedFrame(
            codec: .vp9,
            bytes: [1, 2, 3],
            timestamp: 0,
            isKeyframe: true,
            width: 640,
            height: 360
        )
        var packetizer = VideoPacketizer(codec: .vp9, firstPictureID: 0x7FFF, firstLowestLayerIndex: 255)
        #expect(
            packetizer.packetize(frame) == [
                [0xAE, 0xFF, 0xFF, 0x00, 255, 0x18, 0x02, 0x80, 0x01, 0x68, 1, 0x04, 1, 1, 2, 3]
            ]
        )
        var next = frame
        next.isKeyframe = false
        #expect(packetizer.packetize(next) == [[0xEC, 0x80, 0x00, 0x00, 0, 1, 2, 3]])
    }

    @Test func h264ParameterSetsTravelTogether() throws {
        let encoder = try VideoEncoder(VideoEncoderSettings(codec: .h264, width: 640, height: 360))
        let source = TestPicture(width: 640, height: 360, name: "Ada", hue: 0)
        let frame = try encoder.encode(
            source.draw(frameNumber: 0, clockText: "1", milliseconds: 0),
            timestamp: 0
        )
        var packetizer = VideoPacketizer(codec: .h264)
        let payloads = packetizer.packetize(frame)
        #expect(payloads.map { $0[0] & 0x1F } == [24] + [UInt8](repeating: 28, count: payloads.count - 1))
        #expect(payloads.count > 2)
        #expect(payloads[1][1] & 0xC0 == 0x80)
        #expect(try #require(payloads.last)[1] & 0xC0 == 0x40)
    }

    @Test func annexBSplitsAtThreeAndFourByteStartCodes() {
        let bytes: [UInt8] = [9, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 0, 3, 0, 0, 1, 0, 0, 1, 0x65, 5, 0, 0]
        #expect(AnnexB.split(bytes).map(Array.init) == [[0x67, 1], [0x68, 0, 3], [0x65, 5]])
        #expect(AnnexB.split([]).isEmpty)
        #expect(AnnexB.split([0, 0, 1]).isEmpty)
    }
}
