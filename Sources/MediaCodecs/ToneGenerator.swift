/// A steady tone as 16-bit samples at 48 kHz, the same on every channel.
package struct ToneGenerator: Sendable {
    package let channels: Int
    private var sinusoid: Sinusoid
    private let amplitude: Double

    /// `frequency` in hertz, 1 to 20,000; `amplitude` of full scale, 0 to 1; `channels` 1 or 2.
    package init(frequency: Double, amplitude: Double = 0.25, channels: Int) {
        precondition((1...20_000).contains(frequency) && (0...1).contains(amplitude), "no such tone")
        precondition((1...2).contains(channels), "\(channels) channels")
        self.channels = channels
        self.amplitude = amplitude * Double(Int16.max)
        sinusoid = Sinusoid(frequency: frequency / Double(OpusFormat.sampleRate))
    }

    /// The next 20 ms, interleaved.
    package mutating func next() -> [Int16] {
        var samples: [Int16] = []
        samples.reserveCapacity(OpusFormat.samplesPerPacket * channels)
        for _ in 0..<OpusFormat.samplesPerPacket {
            // Rounding of the rotation over hours must not reach full scale.
            let value = min(max(sinusoid.sine * amplitude, -32_767), 32_767).rounded()
            for _ in 0..<channels { samples.append(Int16(value)) }
            sinusoid.advance()
        }
        return samples
    }
}
