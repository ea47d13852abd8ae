extension I420Picture {
    /// The longest text that is drawn; more is cut off, so that a caller's text cannot take unbounded time.
    package static let maximumTextCharacters = 256

    /// The width in pixels of `text` at `scale`.
    package static func textWidth(_ text: String, scale: Int) -> Int {
        let count = min(text.unicodeScalars.count, maximumTextCharacters)
        return max(count * BitmapFont.advance - 1, 0) * max(scale, 1)
    }

    /// The height in pixels of a capital letter at `scale`.
    package static func capitalHeight(scale: Int) -> Int { BitmapFont.capitalHeight * max(scale, 1) }

    /// The largest scale up to `limit`, at least 1, at which `text` is no wider than `width`.
    package static func scale(fitting text: String, width: Int, limit: Int) -> Int {
        let single = max(textWidth(text, scale: 1), 1)
        return max(min(width / single, limit), 1)
    }

    /// Draws one line of text, clipped to the picture; `y` is the top of a capital letter.
    ///
    /// What is not printable ASCII is drawn as "?". Above a scale of 1 edges are smooth.
    package mutating func drawText(_ text: String, x: Int, y: Int, scale: Int, color: PictureColor) {
        let scale = min(max(scale, 1), Self.maximumSide / BitmapFont.glyphHeight)
        var left = x
        for scalar in text.unicodeScalars.prefix(Self.maximumTextCharacters) {
            let glyph = Glyph(scalar.isASCII ? UInt8(truncatingIfNeeded: scalar.value) : UInt8(ascii: "?"))
            draw(glyph, x: left, y: y, scale: scale, color: color)
            left &+= BitmapFont.advance * scale
        }
    }

    /// Draws one line of text around a horizontal centre.
    package mutating func drawCenteredText(_ text: String, y: Int, scale: Int, color: PictureColor) {
        drawText(text, x: (width - Self.textWidth(text, scale: scale)) / 2, y: y, scale: scale, color: color)
    }

    private mutating func draw(_ glyph: Glyph, x: Int, y: Int, scale: Int, color: PictureColor) {
        // Smoothing reaches half a dot beyond the cell.
        let margin = scale / 2
        for row in clip(y - margin, BitmapFont.glyphHeight * scale + 2 * margin, to: height) {
            for column in clip(x - margin, BitmapFont.glyphWidth * scale + 2 * margin, to: width) {
                let coverage = glyph.coverage(column: column - x, row: row - y, scale: scale)
                mix(color, column: column, row: row, coverage: coverage)
            }
        }
    }
}

/// One character's dots, and what of an enlarged pixel they cover.
private struct Glyph {
    private let rows: ArraySlice<UInt8>

    init(_ character: UInt8) {
        rows = BitmapFont.rows(of: character)
    }

    /// 0 to 255: the dots interpolated between their centres, then sharpened to an edge about one pixel wide.
    ///
    /// The threshold is a little under one half, so that dots that meet at a corner join.
    func coverage(column: Int, row: Int, scale: Int) -> Int {
        guard scale > 1 else { return dot(column, row) * 255 }
        let unit = 2 * scale
        let x = 2 * column + 1 - scale
        let y = 2 * row + 1 - scale
        let left = floorDivide(x, unit)
        let top = floorDivide(y, unit)
        let right = x - left * unit
        let down = y - top * unit
        let upper = dot(left, top) * (unit - right) + dot(left + 1, top) * right
        let lower = dot(left, top + 1) * (unit - right) + dot(left + 1, top + 1) * right
        let share = (upper * (unit - down) + lower * down) * 256 / (unit * unit)
        return min(max((share - 112) * scale + 128, 0), 255)
    }

    private func dot(_ column: Int, _ row: Int) -> Int {
        guard (0..<BitmapFont.glyphWidth).contains(column), (0..<BitmapFont.glyphHeight).contains(row) else {
            return 0
        }
        return Int(rows[rows.startIndex + row] >> UInt8(BitmapFont.glyphWidth - 1 - column)) & 1
    }

    private func floorDivide(_ value: Int, _ divisor: Int) -> Int {
        value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
    }
}
