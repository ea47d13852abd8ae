/// A picture in planar YCbCr 4:2:0, eight bits a sample, BT.601 studio range, rows without padding.
package struct I420Picture: Hashable, Sendable {
    /// The longest side that any part of this target encodes, decodes or draws: 4K with room for portrait.
    package static let maximumSide = 4_096

    /// Pixels a row; even.
    package let width: Int
    /// Rows; even.
    package let height: Int
    /// Luma, `width * height` samples.
    package internal(set) var luma: [UInt8]
    /// Blue difference, `width / 2 * height / 2` samples.
    package internal(set) var blueDifference: [UInt8]
    /// Red difference, `width / 2 * height / 2` samples.
    package internal(set) var redDifference: [UInt8]

    /// Whether both sides are even, positive and within `maximumSide`.
    package static func isValidSize(width: Int, height: Int) -> Bool {
        (2...maximumSide).contains(width) && (2...maximumSide).contains(height) && width % 2 == 0
            && height % 2 == 0
    }

    /// A picture of one colour; the size must be valid.
    package init(width: Int, height: Int, color: PictureColor = .black) {
        precondition(Self.isValidSize(width: width, height: height), "\(width)x\(height) is no picture size")
        self.width = width
        self.height = height
        luma = [UInt8](repeating: color.luma, count: width * height)
        blueDifference = [UInt8](repeating: color.blueDifference, count: width / 2 * (height / 2))
        redDifference = [UInt8](repeating: color.redDifference, count: width / 2 * (height / 2))
    }

    /// The mean of the luma samples of a rectangle that is clipped to the picture; 0 where nothing is left of it.
    package func meanLuma(x: Int, y: Int, width: Int, height: Int) -> Int {
        let columns = clip(x, width, to: self.width)
        let rows = clip(y, height, to: self.height)
        guard !columns.isEmpty, !rows.isEmpty else { return 0 }
        var sum = 0
        for row in rows {
            for column in columns { sum += Int(luma[row * self.width + column]) }
        }
        return sum / (columns.count * rows.count)
    }

    /// The mean squared difference of the luma of two pictures (65.0 is a PSNR of 30 dB); `nil` if the sizes differ.
    package func lumaMeanSquaredError(to other: I420Picture) -> Double? {
        guard width == other.width, height == other.height else { return nil }
        var sum = 0
        for index in luma.indices {
            let difference = Int(luma[index]) - Int(other.luma[index])
            sum += difference * difference
        }
        return Double(sum) / Double(luma.count)
    }

    func clip(_ start: Int, _ count: Int, to limit: Int) -> Range<Int> {
        let lower = min(max(start, 0), limit)
        let (end, overflow) = start.addingReportingOverflow(max(count, 0))
        return lower..<max(lower, min(overflow ? limit : end, limit))
    }
}
