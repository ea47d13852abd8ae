import MediaCodecs
import Primitives
import Testing

@Suite struct SoundTests {
    @Test(arguments: [1, 2], [440.0, 1_000.0])
    func toneIsMeasuredAsItself(channels: Int, frequency: Double) throws {
        let encoder = try OpusEncoder(channels: channels)
        let decoder = try OpusDecoder(channels: channels)
        var tone = ToneGenerator(frequency: frequency, amplitude: 0.25, channels: channels)
        var samples: [Int16] = []
        for number in 0..<50 {
            let packet = try encoder.encode(tone.next())
            let decoded = try decoder.decode(packet)
            #expect(decoded.count == OpusFormat.samplesPerPacket * channels)
            if number >= 5 { samples += decoded }
        }
        let measurement = SoundMeasurement(samples, channels: channels)
        #expect(!measurement.isSilence)
        #expect(measurement.dominantFrequency() == frequency)
        #expect(measurement.share(of: frequency) > 0.9)
        #expect(measurement.share(of: frequency * 2) < 0.05)
        // A sine of amplitude 0.25.
        #expect(abs(measurement.level - 0.25 / 2.0.squareRoot()) < 0.02)
    }

    @Test func silenceHasNoFrequency() {
        let measurement = SoundMeasurement([Int16](repeating: 0, count: 960), channels: 1)
        #expect(measurement.isSilence)
        #expect(measurement.level == 0)
        #expect(measurement.dominantFrequency() == nil)
        #expect(SoundMeasurement([], channels: 2).isSilence)
    }

    @Test func toneKeepsItsPitchAndLevel() {
        var tone = ToneGenerator(frequency: 440, channels: 1)
        var last: [Int16] = []
        for _ in 0..<(120 * 50) { last = tone.next() }
        for _ in 0..<9 { last += tone.next() }
        let measurement = SoundMeasurement(last, channels: 1)
        #expect(measurement.dominantFrequency() == 440)
        #expect(abs(measurement.level - 0.25 / 2.0.squareRoot()) < 0.01)
    }

    @Test func badPacketsAreErrorsOrSound() throws {
        let decoder = try OpusDecoder(channels: 2)
        #expect(throws: CodecError.self) { try decoder.decode([]) }
        var random = SeededRandom(seed: 4)
        for _ in 0..<5_000 {
            let count = Int.random(in: 1...200, using: &random)
            let packet = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if let samples = try? decoder.decode(packet) { #expect(samples.count <= 2 * 5_760) }
        }
        #expect(try decoder.concealLoss().count == 1_920)
    }

    @Test func wrongSettingsAreErrors() throws {
        #expect(throws: CodecError.self) { try OpusEncoder(channels: 3) }
        #expect(throws: CodecError.self) { try OpusEncoder(channels: 1, bitsPerSecond: 10) }
        #expect(throws: CodecError.self) { try OpusDecoder(channels: 0) }
        let encoder = try OpusEncoder(channels: 2)
        #expect(throws: CodecError.self) { try encoder.encode([Int16](repeating: 0, count: 960)) }
    }
}
