import MediaCodecs

/// Draws slates: a calm dark ground, what happened, and small below it what that means.
enum SlatePicture {
    static func draw(width: Int, height: Int, text: String, detail: String) -> I420Picture {
        var picture = I420Picture(width: width, height: height, color: ground)
        let room = width * 9 / 10
        let scale = I420Picture.scale(fitting: text, width: room, limit: max(height / 60, 1))
        let detailScale = I420Picture.scale(fitting: detail, width: room, limit: max(height / 180, 1))
        let textHeight = I420Picture.capitalHeight(scale: scale)
        let gap = max(height / 15, 4)
        let rule = max(height / 180, 2)
        let detailHeight = I420Picture.capitalHeight(scale: detailScale)
        // Sizes and places are multiples of 8 where they can be, so that few blocks hold an edge.
        let top = (height - textHeight - 2 * gap - rule - detailHeight) / 2 & ~7
        picture.drawCenteredText(text, y: top, scale: scale, color: ink)
        let ruleWidth = max(width / 10, 8) & ~1
        picture.fillRectangle(
            x: (width - ruleWidth) / 2,
            y: top + textHeight + gap,
            width: ruleWidth,
            height: rule,
            color: accent
        )
        picture.drawCenteredText(
            detail,
            y: top + textHeight + 2 * gap + rule,
            scale: detailScale,
            color: faint
        )
        return picture
    }

    private static let ground = PictureColor(red: 24, green: 28, blue: 36)
    private static let ink = PictureColor(red: 226, green: 230, blue: 236)
    private static let faint = PictureColor(red: 142, green: 150, blue: 164)
    private static let accent = PictureColor(red: 196, green: 138, blue: 66)
}
