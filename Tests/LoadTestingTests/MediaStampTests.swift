import MediaCodecs
import Primitives
import RTPPackets
import Testing

@testable import LoadTesting

@Suite struct MediaStampTests {
    private func settings(_ codec: MediaCodec) -> SyntheticVideoSettings {
        var settings = SyntheticVideoSettings(name: "Ada")
        settings.codec = codec
        (settings.width, settings.height) = (320, 180)
        settings.framesPerSecond = 10
        settings.kilobitsPerSecond = 400
        return settings
    }

    private func time(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    @Test func readsBackWhatWasWritten() {
        let stamps = [
            MediaStamp(run: 1, publisher: 2, number: 3, sentAt: time(4)),
            MediaStamp(run: .max, publisher: .max, number: .max, sentAt: time(.max)),
            MediaStamp(run: 0, publisher: 0, number: 0, sentAt: time(0)),
        ]
        for stamp in stamps {
            let bytes = stamp.bytes
            #expect(bytes.count == MediaStamp.byteCount)
            #expect(bytes.allSatisfy { $0 >= 0x80 }, "nothing that a codec could take for a start code")
            #expect(MediaStamp(reading: bytes.span.bytes, at: 0) == stamp)
        }
    }

    @Test func takesNothingElseForAStamp() {
        let bytes = MediaStamp(run: 5, publisher: 6, number: 7, sentAt: time(8)).bytes
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x01
            #expect(MediaStamp(reading: damaged.span.bytes, at: 0) == nil, "damaged at \(index)")
        }
        for length in 0..<MediaStamp.byteCount {
            let cut = Array(bytes.prefix(length))
            #expect(MediaStamp(reading: cut.span.bytes, at: 0) == nil)
            for codec in MediaCodec.allCases {
                #expect(MediaStamp.find(in: cut.span.bytes, codec: codec) == nil)
            }
        }
        #expect(MediaStamp(reading: bytes.span.bytes, at: -1) == nil)
    }

    /// Plays a recording through packets and a decoder: pictures with stamps are those without.
    @Test(arguments: [MediaCodec.vp8, .vp9, .h264])
    func aDecoderPassesOverStampsInVideo(_ codec: MediaCodec) throws {
        let video = try RecordedVideo.encodeAtRate(settings(codec), seconds: 1, keyframeSeconds: 0.5)
        let recording = PacketRecording(video, payloadBytes: 700)
        let (stamped, plain) = (try VideoDecoder(codec: codec), try VideoDecoder(codec: codec))
        var assembler = FrameAssembler(codec: codec)
        var sequence: Int64 = 0
        var found: [MediaStamp] = []
        var decoded = 0
        for (number, frame) in recording.frames.enumerated() {
            let stamp = MediaStamp(run: 9, publisher: 4, number: UInt32(number), sentAt: time(Int64(number)))
            for index in frame.payloads {
                let payload = filled(recording, index, with: stamp)
                if let stamp = MediaStamp.find(in: payload.span.bytes, codec: codec) { found.append(stamp) }
                sequence += 1
                let events = assembler.append(
                    sequence: sequence,
                    timestamp: UInt32(number * 9_000),
                    marker: index == frame.payloads.upperBound - 1,
                    payload: payload
                )
                for case .frame(let whole) in events {
                    let picture = try #require(try stamped.decode(whole.bytes))
                    #expect(picture == (try plain.decode(video.frames[number].bytes)))
                    #expect(PictureStamp(reading: picture)?.frameNumber == UInt32(number))
                    decoded += 1
                }
            }
        }
        #expect(decoded == video.frames.count)
        #expect(found.map(\.number) == (0..<UInt32(video.frames.count)).map { $0 })
        #expect(found.allSatisfy { $0.run == 9 && $0.publisher == 4 })
    }

    @Test func aDecoderPassesOverStampsInSound() throws {
        guard case .recorded(let packets) = try AudioInput.recordedTone(440, seconds: 1) else {
            Issue.record("a recording")
            return
        }
        let recording = PacketRecording(sound: packets)
        let (stamped, plain) = (try OpusDecoder(channels: 2), try OpusDecoder(channels: 2))
        for (number, frame) in recording.frames.enumerated() {
            let stamp = MediaStamp(run: 9, publisher: 4, number: UInt32(number), sentAt: time(77))
            let payload = filled(recording, frame.payloads.lowerBound, with: stamp)
            #expect(MediaStamp.find(in: payload.span.bytes, codec: .opus) == stamp)
            #expect(OpusTOC(parsing: payload.span.bytes)?.samples == 960)
            #expect(try stamped.decode(payload) == (try plain.decode(packets[number])))
        }
    }

    @Test func aStampIsFoundInAnAggregateOfH264() throws {
        let frame = try #require(
            try RecordedVideo.encodeAtRate(settings(.h264), seconds: 1, keyframeSeconds: 1).frames.first
        )
        let units = MediaStamp.addingRoom(to: frame).networkAbstractionLayerUnits
        let supplement = try #require(units.first { $0[$0.startIndex] & 0x1F == 6 })
        let parameters = try #require(units.first)
        var payload: [UInt8] = [0x78]
        for unit in [parameters, supplement] { payload += [0, UInt8(unit.count)] + unit }
        #expect(MediaStamp.offset(in: payload.span.bytes, codec: .h264) != nil)
    }

    @Test(arguments: [MediaCodec.vp8, .vp9])
    func whereARecordingBeginsAnewItsPicturesGoOn(_ codec: MediaCodec) throws {
        let video = try RecordedVideo.encodeAtRate(settings(codec), seconds: 1, keyframeSeconds: 1)
        let recording = PacketRecording(video, payloadBytes: 700)
        var random = SeededRandom(seed: 1)
        var track = RecordedTrack(
            recording,
            ssrc: 1,
            payloadType: 96,
            retransmission: nil,
            extensions: OutgoingExtensions(),
            random: &random
        )
        var pictures: [UInt16] = []
        for _ in 0..<(2 * recording.frames.count) {
            for packet in track.nextFrame(timestamp: 0, now: time(1)) {
                var payload = [UInt8](repeating: 0, count: 1_500)
                let length = payload.withUnsafeMutableBytes {
                    track.write(packet, run: 1, publisher: 1, into: $0)
                }
                payload.removeLast(payload.count - length)
                let found = PayloadFacts.inspect(
                    codec: codec,
                    packet: payload.span.bytes,
                    marker: packet.isMarked
                )
                let facts = try #require(found)
                if facts.startsFrame { pictures.append(facts.index.pictureID) }
            }
        }
        #expect(pictures == (0..<UInt16(2 * recording.frames.count)).map { $0 })
    }

    private func filled(_ recording: PacketRecording, _ index: Int, with stamp: MediaStamp) -> [UInt8] {
        let payload = recording.payloads[index]
        var bytes = Array(recording.bytes[payload.start..<(payload.start + payload.count)])
        if let offset = payload.stampOffset {
            bytes.replaceSubrange(offset..<(offset + MediaStamp.byteCount), with: stamp.bytes)
        }
        return bytes
    }
}
