/// Points on a circle at a steady pace, so that tones need no mathematics library.
struct Sinusoid {
    /// The current sine and cosine.
    private(set) var sine = 0.0
    private(set) var cosine = 1.0
    private let stepSine: Double
    private let stepCosine: Double

    /// `frequency` in cycles a sample, 0 to one half.
    init(frequency: Double) {
        let angle = frequency * 2 * Double.pi
        // A quarter of the angle is small enough for the series to be exact to a double.
        (stepSine, stepCosine) = Self.sineAndCosine(of: angle / 4).doubledTwice
    }

    mutating func advance() {
        (sine, cosine) = (
            sine * stepCosine + cosine * stepSine, cosine * stepCosine - sine * stepSine
        )
    }

    /// The cosine of one step, which is what Goertzel's algorithm needs.
    var cosineOfStep: Double { stepCosine }

    private static func sineAndCosine(of angle: Double) -> Rotation {
        var sine = 0.0
        var cosine = 0.0
        var term = 1.0
        for power in 0..<24 {
            switch power % 4 {
            case 0: cosine += term
            case 1: sine += term
            case 2: cosine -= term
            default: sine -= term
            }
            term *= angle / Double(power + 1)
        }
        return Rotation(sine: sine, cosine: cosine)
    }

    private struct Rotation {
        let sine: Double
        let cosine: Double

        /// Sine and cosine of four times the angle.
        var doubledTwice: (Double, Double) {
            let once = doubled
            let twice = once.doubled
            return (twice.sine, twice.cosine)
        }

        private var doubled: Rotation {
            Rotation(sine: 2 * sine * cosine, cosine: cosine * cosine - sine * sine)
        }
    }
}
