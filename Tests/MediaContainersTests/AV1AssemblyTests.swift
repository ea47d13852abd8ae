import Foundation
import MediaCodecs
import MediaContainers
import Primitives
import RTPPackets
import Testing

/// AV1 of two encoders through a packetizer written after the format's text, and back.
@Suite struct AV1AssemblyTests {
    static let encoders = ["libsvtav1", "libaom-av1"]
    /// Frames of which each packet is lost once.
    private static let count = 40

    /// A temporal unit as it should come back: every OBU but the delimiter, as the encoder wrote it.
    private func expected(_ frame: FlashAndBeep.Frame) throws -> [UInt8] {
        let units = try #require(AV1TemporalUnit(reading: frame.bytes)).units
        return units.flatMap(\.self)
    }

    @Test(arguments: encoders)
    func temporalUnitsComeBackByteForByte(encoder: String) throws {
        let media = try FlashAndBeep.encodeAV1(encoder, seconds: 3)
        for form in AV1TestPacketizer.Form.allCases {
            for limit in [60, 200, 1_150] {
                for (keepsSizes, keepsDelimiter) in [(false, false), (true, false), (false, true)] {
                    let packetizer = AV1TestPacketizer(
                        form: form,
                        limit: limit,
                        keepsSizes: keepsSizes,
                        keepsDelimiter: keepsDelimiter
                    )
                    var assembler = FrameAssembler(codec: .av1)
                    var sequence: Int64 = 0
                    var keyframes = 0
                    for (number, frame) in media.frames.enumerated() {
                        let payloads = packetizer.packetize(frame.bytes, startsSequence: frame.isKeyframe)
                        #expect(payloads.allSatisfy { $0.count <= limit + 8 })
                        var events: [AssemblyEvent] = []
                        for (index, payload) in payloads.enumerated() {
                            events += assembler.append(
                                sequence: sequence,
                                timestamp: UInt32(number),
                                marker: index == payloads.count - 1,
                                payload: payload
                            )
                            sequence += 1
                        }
                        guard events.count == 1, case .frame(let whole) = events[0] else {
                            Issue.record("\(encoder) \(form) \(limit), frame \(number): \(events)")
                            return
                        }
                        #expect(whole.bytes == (try expected(frame)))
                        #expect(whole.isKeyframe == frame.isKeyframe)
                        if whole.isKeyframe { keyframes += 1 }
                    }
                    #expect(keyframes == 2)
                }
            }
        }
    }

    @Test(arguments: [32, 200, 1_150])
    func ourPacketizerSplitsWhatComesBack(limit: Int) throws {
        let media = try FlashAndBeep.of(.av1)
        var packetizer = VideoPacketizer(codec: .av1, maximumPayloadBytes: limit)
        var assembler = FrameAssembler(codec: .av1)
        var sequence: Int64 = 0
        for (number, frame) in media.frames.enumerated() {
            let payloads = packetizer.packetize(
                EncodedFrame(
                    codec: .av1,
                    bytes: frame.bytes,
                    timestamp: 0,
                    isKeyframe: frame.isKeyframe,
                    width: frame.width,
                    height: frame.height
                )
            )
            #expect(payloads.allSatisfy { $0.count <= limit })
            var events: [AssemblyEvent] = []
            for (index, payload) in payloads.enumerated() {
                let facts = AV1Payload(parsing: payload.span.bytes)
                #expect(facts?.startsSequence == (frame.isKeyframe && index == 0))
                events += assembler.append(
                    sequence: sequence,
                    timestamp: UInt32(number),
                    marker: index == payloads.count - 1,
                    payload: payload
                )
                sequence += 1
            }
            guard events.count == 1, case .frame(let whole) = events[0] else {
                Issue.record("frame \(number) in \(limit): \(events)")
                return
            }
            #expect(whole.bytes == (try expected(frame)))
        }
    }

    @Test func aLostPacketDropsItsFrameAndSaysThatOthersFollowAGap() throws {
        let media = try FlashAndBeep.of(.av1)
        let packetizer = AV1TestPacketizer(form: .counted, limit: 60)
        var packets: [(frame: Int, marker: Bool, payload: [UInt8])] = []
        for (number, frame) in media.frames.prefix(Self.count).enumerated() {
            let payloads = packetizer.packetize(frame.bytes, startsSequence: frame.isKeyframe)
            for (index, payload) in payloads.enumerated() {
                packets.append((number, index == payloads.count - 1, payload))
            }
        }
        let frames = try media.frames.prefix(Self.count).map(expected)
        #expect(packets.count > 2 * Self.count)
        for lost in packets.indices.dropLast() {
            var assembler = FrameAssembler(codec: .av1)
            var events: [AssemblyEvent] = []
            for (index, packet) in packets.enumerated() where index != lost {
                events += assembler.append(
                    sequence: Int64(index),
                    timestamp: UInt32(packet.frame),
                    marker: packet.marker,
                    payload: packet.payload
                )
            }
            let whole = events.compactMap { if case .frame(let frame) = $0 { frame } else { nil } }
            for frame in whole { #expect(frame.bytes == frames[Int(frame.timestamp)]) }
            #expect(!whole.contains { Int($0.timestamp) == packets[lost].frame })
            if let after = whole.first(where: { Int($0.timestamp) > packets[lost].frame }) {
                #expect(after.followsGap)
            }
            // Behind a lost marker it is not known where the next unit begins, so that one more may be given up.
            #expect(
                whole.count >= Self.count - (packets[lost].marker ? 2 : 1),
                "packet \(lost): \(whole.count)"
            )
        }
    }

    @Test func payloadsThatAreNoneAreDropped() {
        let bad: [[UInt8]] = [
            // An element longer than the payload; one without bytes; N on a continuation; a forbidden bit.
            [0x00, 0x20, 0x30], [0x00, 0x00], [0x88, 0x01, 0x02], [0x10, 0xB0, 0x01],
            // An OBU that says to be larger than its element; one cut off behind its extension flag.
            [0x10, 0x32, 0x7F, 0x00], [0x10, 0x34],
        ]
        for payload in bad {
            var assembler = FrameAssembler(codec: .av1)
            // Something whole before, so that what comes next may begin a frame.
            _ = assembler.append(sequence: 0, timestamp: 0, marker: true, payload: [0x18, 0x0A, 0x00])
            let events = assembler.append(sequence: 1, timestamp: 1, marker: true, payload: payload)
            #expect(!events.contains { if case .frame = $0 { true } else { false } }, "\(payload)")
        }
    }

    @Test func randomPayloadsNeverCrash() {
        var random = SeededRandom(seed: 21)
        var assembler = FrameAssembler(codec: .av1)
        for sequence in 0..<50_000 {
            let count = Int.random(in: 0...40, using: &random)
            var payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if count > 1, Bool.random(using: &random) { payload[0] = 0x10 }
            _ = assembler.append(
                sequence: Int64(sequence),
                timestamp: UInt32(sequence / 3),
                marker: Bool.random(using: &random),
                payload: payload
            )
            _ = AV1TemporalUnit(reading: payload).flatMap { AV1Configuration($0) }
        }
    }

    @Test(arguments: encoders)
    func theConfigurationIsWhatFFmpegWrites(encoder: String) throws {
        let media = try FlashAndBeep.encodeAV1(encoder, seconds: 1)
        let first = try #require(media.frames.first)
        let unit = try #require(AV1TemporalUnit(reading: first.bytes))
        let configuration = try #require(AV1Configuration(unit))
        #expect(configuration.width == FlashAndBeep.width && configuration.height == FlashAndBeep.height)
        // The same frames through FFmpeg's own muxer: its CodecPrivate, found behind the element's identifier.
        let folder = try TemporaryFolder()
        let recording = try RecordedSession(of: PublishedSession([media]), video: .av1, hasAudio: false)
        let ours = try folder.write(recording.finished(), as: "ours.webm")
        let theirs = folder.file("theirs.webm")
        try MediaTool.ffmpeg.run(["-i", ours.path, "-c", "copy", theirs.path])
        let header = try WebMHeader(reading: try [UInt8](contentsOf: theirs))
        #expect(header.tracks.first?.codecPrivate.prefix(4) == configuration.bytes.prefix(4))
        #expect(header.tracks.first?.codecPrivate == configuration.bytes)
    }
}
