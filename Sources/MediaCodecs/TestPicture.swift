/// The moving picture of a synthetic broadcaster: its name, a running clock, things that move, and a stamp.
package struct TestPicture: Sendable {
    /// Shown large; what is not ASCII appears as "?".
    package let name: String
    /// The colour of the picture in degrees, so that broadcasters differ at a glance.
    package let hue: Int
    private let background: I420Picture

    /// The size must be a valid picture size.
    package init(width: Int, height: Int, name: String, hue: Int) {
        self.name = name
        self.hue = hue
        var picture = I420Picture(width: width, height: height)
        picture.fillGradient(
            x: 0,
            y: 0,
            width: width,
            height: height,
            top: PictureColor(hue: hue, saturation: 55, value: 42),
            bottom: PictureColor(hue: hue + 24, saturation: 70, value: 16)
        )
        let margin = width / 20
        let scale = I420Picture.scale(fitting: name, width: width - 2 * margin, limit: max(width / 110, 1))
        picture.drawText(name, x: margin, y: height / 10, scale: scale, color: .white)
        background = picture
    }

    /// The picture of one frame; `clockText` runs in the middle, `milliseconds` goes into the stamp.
    package func draw(frameNumber: UInt32, clockText: String, milliseconds: UInt32) -> I420Picture {
        var picture = background
        let width = picture.width
        let height = picture.height
        let bright = PictureColor(hue: hue, saturation: 30, value: 100)
        let accent = PictureColor(hue: hue + 180, saturation: 45, value: 95)

        let clockScale = I420Picture.scale(
            fitting: clockText,
            width: width * 7 / 10,
            limit: max(width / 70, 1)
        )
        let clockTop = (height - I420Picture.capitalHeight(scale: clockScale)) / 2
        picture.drawCenteredText(clockText, y: clockTop, scale: clockScale, color: bright)

        // A track under the clock that a bar crosses once in four seconds of 30 frames.
        let margin = width / 20
        let trackTop = height * 7 / 10
        let trackHeight = max(height / 60, 2)
        picture.fillRectangle(
            x: margin,
            y: trackTop,
            width: width - 2 * margin,
            height: trackHeight,
            color: PictureColor(hue: hue, saturation: 55, value: 55)
        )
        let barWidth = max(width / 12, 4)
        let travel = width - 2 * margin - barWidth
        let period = 240
        let phase = Int(frameNumber % UInt32(period))
        let position = (phase < period / 2 ? phase : period - phase) * travel / (period / 2)
        picture.fillRectangle(
            x: margin + position,
            y: trackTop - trackHeight,
            width: barWidth,
            height: 3 * trackHeight,
            color: accent
        )

        // A ball that bounces in the upper right corner, so that a still picture is seen at once.
        let radius = max(height / 24, 3)
        let beat = Int(frameNumber % 30) - 15
        let drop = beat * beat * (height / 6) / 225
        picture.fillDisc(
            centerX: width - margin - radius,
            centerY: height / 10 + radius + drop,
            radius: radius,
            color: accent
        )

        PictureStamp(
            frameNumber: frameNumber,
            milliseconds: milliseconds,
            source: PictureStamp.source(of: name)
        ).write(to: &picture)
        return picture
    }
}
