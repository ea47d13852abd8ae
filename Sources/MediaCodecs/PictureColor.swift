/// A colour as a picture stores it: BT.601, studio range.
package struct PictureColor: Hashable, Sendable {
    package let luma: UInt8
    package let blueDifference: UInt8
    package let redDifference: UInt8

    package static let black = PictureColor(red: 0, green: 0, blue: 0)
    package static let white = PictureColor(red: 255, green: 255, blue: 255)

    /// From full-range red, green and blue.
    package init(red: UInt8, green: UInt8, blue: UInt8) {
        let red = Int(red)
        let green = Int(green)
        let blue = Int(blue)
        luma = UInt8(16 + (66 * red + 129 * green + 25 * blue + 128) >> 8)
        blueDifference = UInt8(128 + (-38 * red - 74 * green + 112 * blue + 128) >> 8)
        redDifference = UInt8(128 + (112 * red - 94 * green - 18 * blue + 128) >> 8)
    }

    /// From hue in degrees (any number; taken modulo 360), saturation and value in percent.
    package init(hue: Int, saturation: Int, value: Int) {
        let degrees = (hue % 360 + 360) % 360
        let value = min(max(value, 0), 100) * 255 / 100
        let chroma = value * min(max(saturation, 0), 100) / 100
        let ramp = chroma * (60 - abs(degrees % 120 - 60)) / 60
        let (red, green, blue) =
            switch degrees / 60 {
            case 0: (chroma, ramp, 0)
            case 1: (ramp, chroma, 0)
            case 2: (0, chroma, ramp)
            case 3: (0, ramp, chroma)
            case 4: (ramp, 0, chroma)
            default: (chroma, 0, ramp)
            }
        let floor = value - chroma
        self.init(red: UInt8(red + floor), green: UInt8(green + floor), blue: UInt8(blue + floor))
    }

    private init(luma: UInt8, blueDifference: UInt8, redDifference: UInt8) {
        self.luma = luma
        self.blueDifference = blueDifference
        self.redDifference = redDifference
    }

    /// This colour with `other` laid over it; `coverage` is 0 (this one) to 255 (the other).
    package func blended(with other: PictureColor, coverage: Int) -> PictureColor {
        PictureColor(
            luma: blend(luma, other.luma, coverage),
            blueDifference: blend(blueDifference, other.blueDifference, coverage),
            redDifference: blend(redDifference, other.redDifference, coverage)
        )
    }
}

/// `over` laid on `under` with a coverage of 0 to 255.
func blend(_ under: UInt8, _ over: UInt8, _ coverage: Int) -> UInt8 {
    let coverage = min(max(coverage, 0), 255)
    return UInt8((Int(under) * (255 - coverage) + Int(over) * coverage + 127) / 255)
}
