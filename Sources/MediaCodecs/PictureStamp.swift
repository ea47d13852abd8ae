/// A number that a picture carries in its own pixels, and that survives lossy coding and scaling.
///
/// A strip across the bottom tenth of the picture, three rows of 32 blocks, black for 0 and white for 1:
///
///     row 0  frame number (32)
///     row 1  milliseconds (32)
///     row 2  source (16), CRC-16/CCITT of all before (16)
package struct PictureStamp: Hashable, Sendable {
    /// The number of the frame.
    package var frameNumber: UInt32
    /// The time at which the picture was drawn, on a clock that writer and reader agree on, modulo 2^32.
    package var milliseconds: UInt32
    /// Who drew it; see `source(of:)`.
    package var source: UInt16

    package init(frameNumber: UInt32, milliseconds: UInt32, source: UInt16 = 0) {
        self.frameNumber = frameNumber
        self.milliseconds = milliseconds
        self.source = source
    }

    /// The smallest picture that a stamp is written to or read from: blocks of 4 by 3 pixels.
    package static let minimumWidth = 128
    package static let minimumHeight = 90

    /// A number for a broadcaster's name.
    package static func source(of name: String) -> UInt16 { checksum(Array(name.utf8)) }

    private static let columns = 32
    private static let rows = 3
    /// The strip takes `rows` of this many parts of the height.
    private static let heightParts = 30
    /// White and black blocks differ by at least this much luma, and each is on its side by a quarter of that.
    private static let minimumContrast = 60

    /// The first pixel row of the strip in a picture of `height`.
    package static func top(height: Int) -> Int { height * (heightParts - rows) / heightParts }

    /// Draws the strip; `false`, with nothing drawn, if the picture is too small.
    @discardableResult
    package func write(to picture: inout I420Picture) -> Bool {
        guard picture.width >= Self.minimumWidth, picture.height >= Self.minimumHeight else { return false }
        for row in 0..<Self.rows {
            for column in 0..<Self.columns {
                let block = Self.block(column: column, row: row, of: picture)
                let isSet = words[row] >> UInt32(31 - column) & 1 == 1
                picture.fillRectangle(
                    x: block.x,
                    y: block.y,
                    width: block.width,
                    height: block.height,
                    color: isSet ? .white : .black
                )
            }
        }
        return true
    }

    /// Reads the strip of a decoded picture; `nil` unless every block is plainly black or white and the sum is right.
    package init?(reading picture: I420Picture) {
        guard picture.width >= Self.minimumWidth, picture.height >= Self.minimumHeight else { return nil }
        var means: [Int] = []
        for row in 0..<Self.rows {
            for column in 0..<Self.columns {
                // The rim of a block suffers most from coding and scaling.
                let block = Self.block(column: column, row: row, of: picture)
                let rimX = block.width / 4
                let rimY = block.height / 4
                means.append(
                    picture.meanLuma(
                        x: block.x + rimX,
                        y: block.y + rimY,
                        width: block.width - 2 * rimX,
                        height: block.height - 2 * rimY
                    )
                )
            }
        }
        guard let darkest = means.min(), let brightest = means.max(),
            brightest - darkest >= Self.minimumContrast
        else { return nil }
        let middle = (darkest + brightest) / 2
        guard means.allSatisfy({ abs($0 - middle) * 4 >= brightest - darkest }) else { return nil }
        var words = [UInt32](repeating: 0, count: Self.rows)
        for (index, mean) in means.enumerated() {
            words[index / Self.columns] = words[index / Self.columns] << 1 | (mean > middle ? 1 : 0)
        }
        self.init(
            frameNumber: words[0],
            milliseconds: words[1],
            source: UInt16(truncatingIfNeeded: words[2] >> 16)
        )
        guard words == self.words else { return nil }
    }

    private var words: [UInt32] {
        var bytes: [UInt8] = []
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: frameNumber >> shift))
        }
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: milliseconds >> shift))
        }
        bytes.append(UInt8(truncatingIfNeeded: source >> 8))
        bytes.append(UInt8(truncatingIfNeeded: source))
        return [frameNumber, milliseconds, UInt32(source) << 16 | UInt32(Self.checksum(bytes))]
    }

    private static func block(
        column: Int,
        row: Int,
        of picture: I420Picture
    ) -> (x: Int, y: Int, width: Int, height: Int) {
        let left = column * picture.width / columns
        let right = (column + 1) * picture.width / columns
        let upper = picture.height * (heightParts - rows + row) / heightParts
        let lower = picture.height * (heightParts - rows + row + 1) / heightParts
        return (left, upper, right - left, lower - upper)
    }

    /// CRC-16/CCITT-FALSE.
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt16 = 0xFFFF
        for byte in bytes {
            sum ^= UInt16(byte) << 8
            for _ in 0..<8 { sum = sum & 0x8000 != 0 ? (sum << 1) ^ 0x1021 : sum << 1 }
        }
        return sum
    }
}
