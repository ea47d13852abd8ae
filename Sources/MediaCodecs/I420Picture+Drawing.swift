extension I420Picture {
    /// Paints the whole picture.
    package mutating func fill(_ color: PictureColor) {
        fillRectangle(x: 0, y: 0, width: width, height: height, color: color)
    }

    /// Paints a rectangle, clipped to the picture; chroma is set for every 2 by 2 block that it touches.
    package mutating func fillRectangle(x: Int, y: Int, width: Int, height: Int, color: PictureColor) {
        let columns = clip(x, width, to: self.width)
        let rows = clip(y, height, to: self.height)
        guard !columns.isEmpty, !rows.isEmpty else { return }
        for row in rows {
            for column in columns { luma[row * self.width + column] = color.luma }
        }
        for row in (rows.lowerBound / 2)...((rows.upperBound - 1) / 2) {
            for column in (columns.lowerBound / 2)...((columns.upperBound - 1) / 2) {
                blueDifference[row * (self.width / 2) + column] = color.blueDifference
                redDifference[row * (self.width / 2) + column] = color.redDifference
            }
        }
    }

    /// Paints a rectangle that changes from `top` to `bottom` downwards, clipped to the picture.
    package mutating func fillGradient(
        x: Int,
        y: Int,
        width: Int,
        height: Int,
        top: PictureColor,
        bottom: PictureColor
    ) {
        for row in clip(y, height, to: self.height) {
            let color = top.blended(with: bottom, coverage: (row - y) * 255 / max(height - 1, 1))
            fillRectangle(x: x, y: row, width: width, height: 1, color: color)
        }
    }

    /// Paints a disc with a soft edge, clipped to the picture.
    package mutating func fillDisc(centerX: Int, centerY: Int, radius: Int, color: PictureColor) {
        guard radius > 0, radius <= Self.maximumSide else { return }
        for row in clip(centerY - radius, 2 * radius + 1, to: height) {
            for column in clip(centerX - radius, 2 * radius + 1, to: width) {
                let x = column - centerX
                let y = row - centerY
                // The distance outside the edge, to first order, in 1/255 of a pixel around the edge.
                let outside = (x * x + y * y - radius * radius) * 255 / (2 * radius)
                mix(color, column: column, row: row, coverage: 128 - outside)
            }
        }
    }

    /// Lays a colour over one pixel; the chroma of its 2 by 2 block follows by a quarter.
    mutating func mix(_ color: PictureColor, column: Int, row: Int, coverage: Int) {
        guard coverage > 0 else { return }
        let index = row * width + column
        luma[index] = blend(luma[index], color.luma, coverage)
        let block = row / 2 * (width / 2) + column / 2
        let share = (min(coverage, 255) + 1) / 2
        blueDifference[block] = blend(blueDifference[block], color.blueDifference, share)
        redDifference[block] = blend(redDifference[block], color.redDifference, share)
    }
}
