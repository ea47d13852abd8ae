/// How loud decoded sound is, and at which frequency it is loudest.
package struct SoundMeasurement: Sendable {
    /// Samples of the first channel.
    private let samples: [Double]

    /// Sound whose level is below this counts as silence: -60 dB of full scale.
    package static let silenceLevel = 0.001
    /// At most ten seconds are looked at.
    package static let maximumSamples = 480_000
    /// Of the sound's end, 200 ms tell frequencies 5 Hz apart.
    private static let spectrumSamples = 9_600

    /// `samples` interleaved, at 48 kHz; the first channel is measured.
    package init(_ samples: [Int16], channels: Int) {
        precondition((1...2).contains(channels), "\(channels) channels")
        let indices = stride(from: 0, to: samples.count, by: channels)
        self.samples = indices.prefix(Self.maximumSamples).map { Double(samples[$0]) / 32_768 }
    }

    /// The root mean square of the samples, 0 to 1 of full scale.
    package var level: Double {
        guard !samples.isEmpty else { return 0 }
        return (samples.reduce(0) { $0 + $1 * $1 } / Double(samples.count)).squareRoot()
    }

    package var isSilence: Bool { level < Self.silenceLevel }

    /// The share of the whole power, 0 to 1, at `frequency` in hertz (Goertzel's algorithm).
    package func share(of frequency: Double) -> Double {
        Self.share(of: frequency, in: samples[...])
    }

    private static func share(of frequency: Double, in samples: ArraySlice<Double>) -> Double {
        let total = samples.reduce(0) { $0 + $1 * $1 }
        guard total > 0, (0...24_000).contains(frequency) else { return 0 }
        let coefficient = 2 * Sinusoid(frequency: frequency / Double(OpusFormat.sampleRate)).cosineOfStep
        var previous = 0.0
        var beforePrevious = 0.0
        for sample in samples {
            (previous, beforePrevious) = (sample + coefficient * previous - beforePrevious, previous)
        }
        let power =
            previous * previous + beforePrevious * beforePrevious - coefficient * previous * beforePrevious
        return min(power * 2 / (total * Double(samples.count)), 1)
    }

    /// The frequency in hertz with the most power among multiples of `step` to 4,000; `nil` in silence.
    package func dominantFrequency(step: Double = 10) -> Double? {
        guard !isSilence, step >= 1 else { return nil }
        let part = samples.suffix(Self.spectrumSamples)
        var best = (frequency: step, share: 0.0)
        var frequency = step
        while frequency <= 4_000 {
            let share = Self.share(of: frequency, in: part)
            if share > best.share { best = (frequency, share) }
            frequency += step
        }
        return best.frequency
    }
}
