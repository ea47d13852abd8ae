import MediaCodecs
import Primitives
import Testing

@Suite struct PictureTests {
    @Test(arguments: [(640, 360), (320, 180), (128, 90), (1_280, 720), (426, 240), (180, 320)])
    func stampIsReadBackAtEverySize(width: Int, height: Int) throws {
        var random = SeededRandom(seed: 8)
        for _ in 0..<20 {
            let stamp = PictureStamp(
                frameNumber: UInt32.random(in: 0...UInt32.max, using: &random),
                milliseconds: UInt32.random(in: 0...UInt32.max, using: &random),
                source: UInt16.random(in: 0...UInt16.max, using: &random)
            )
            var picture = I420Picture(width: width, height: height)
            #expect(stamp.write(to: &picture))
            #expect(PictureStamp(reading: picture) == stamp)
        }
    }

    @Test func smallPictureHasNoStamp() {
        var picture = I420Picture(width: 126, height: 90)
        #expect(!PictureStamp(frameNumber: 1, milliseconds: 2).write(to: &picture))
        #expect(PictureStamp(reading: picture) == nil)
    }

    @Test func pictureWithoutStampHasNone() {
        #expect(PictureStamp(reading: I420Picture(width: 640, height: 360)) == nil)
        var random = SeededRandom(seed: 8)
        for _ in 0..<50 {
            var picture = I420Picture(width: 320, height: 180)
            for column in 0..<32 {
                for row in 0..<3 {
                    picture.fillRectangle(
                        x: column * 10,
                        y: 162 + row * 6,
                        width: 10,
                        height: 6,
                        color: Bool.random(using: &random) ? .white : .black
                    )
                }
            }
            #expect(PictureStamp(reading: picture) == nil)
        }
    }

    @Test func drawingIsClippedToThePicture() {
        var picture = I420Picture(width: 32, height: 32)
        picture.fillRectangle(x: -10, y: -10, width: 12, height: 12, color: .white)
        #expect(picture.meanLuma(x: 0, y: 0, width: 2, height: 2) == 235)
        #expect(picture.meanLuma(x: 2, y: 0, width: 30, height: 32) == 16)
        picture.fillRectangle(x: .max, y: .max, width: .max, height: .max, color: .white)
        picture.fillRectangle(x: 4, y: 4, width: -3, height: 2, color: .white)
        picture.drawText("clipped text, far too long for this", x: -17, y: 29, scale: 3, color: .white)
        picture.drawText("x", x: 1_000, y: -1_000, scale: 1_000, color: .white)
        picture.fillDisc(centerX: 40, centerY: -3, radius: 20, color: .white)
        #expect(picture.meanLuma(x: 40, y: 40, width: 9, height: 9) == 0)
    }

    @Test func textLeavesInkWhereItSays() {
        var picture = I420Picture(width: 320, height: 64)
        picture.drawCenteredText("Tally 0123", y: 16, scale: 4, color: .white)
        let width = I420Picture.textWidth("Tally 0123", scale: 4)
        let left = (320 - width) / 2
        #expect(picture.meanLuma(x: left, y: 16, width: width, height: 28) > 40)
        #expect(picture.meanLuma(x: 0, y: 0, width: left - 4, height: 64) == 16)
    }

    @Test func everyPrintableCharacterHasAGlyphOfItsOwn() {
        let drawn = (0x20...0x7E).map { code in
            var picture = I420Picture(width: 8, height: 12)
            picture.drawText(String(UnicodeScalar(UInt8(code))), x: 1, y: 1, scale: 1, color: .white)
            return picture
        }
        #expect(Set(drawn).count == 95)
    }

    @Test func textOutsideASCIIIsDrawnAsQuestionMarks() {
        var foreign = I420Picture(width: 64, height: 16)
        foreign.drawText("é日", x: 0, y: 0, scale: 1, color: .white)
        var marks = I420Picture(width: 64, height: 16)
        marks.drawText("??", x: 0, y: 0, scale: 1, color: .white)
        #expect(foreign == marks)
    }

    @Test func grayIsNeutral() {
        #expect(PictureColor.white.luma == 235)
        #expect(PictureColor.black.luma == 16)
        #expect(PictureColor.white.blueDifference == 128 && PictureColor.white.redDifference == 128)
        #expect(
            PictureColor(hue: 0, saturation: 100, value: 100) == PictureColor(red: 255, green: 0, blue: 0)
        )
        #expect(
            PictureColor(hue: -120, saturation: 100, value: 100) == PictureColor(red: 0, green: 0, blue: 255)
        )
    }

    @Test(arguments: ["42e01f", "640c1f", "42000a"])
    func profileLevelIDReadsItsOwnText(text: String) {
        #expect(H264ProfileLevelID(hexadecimal: text)?.description == text)
    }

    @Test(arguments: ["", "42e0", "42e01g", "+2e01f", "42e01f0", "é2e01"])
    func malformedProfileLevelIDIsRefused(text: String) {
        #expect(H264ProfileLevelID(hexadecimal: text) == nil)
    }
}
