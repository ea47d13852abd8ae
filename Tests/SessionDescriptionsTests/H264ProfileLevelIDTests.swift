import SessionDescriptions
import Testing

@Suite struct H264ProfileLevelIDTests {
    /// RFC 6184 table 5, with the spellings that clients use.
    @Test(arguments: [
        ("42e01f", H264ProfileLevelID.Profile.constrainedBaseline), ("42c01f", .constrainedBaseline),
        ("42401f", .constrainedBaseline), ("42F00B", .constrainedBaseline), ("4d801f", .constrainedBaseline),
        ("58c01f", .constrainedBaseline), ("42001f", .baseline), ("42801f", .baseline), ("58801f", .baseline),
        ("4d001f", .main), ("4d401f", .main), ("4D0032", .main), ("640c1f", .constrainedHigh),
        ("64001f", .high),
        ("640032", .high), ("422001f", .constrainedBaseline),
    ])
    func spellingsOfAProfile(_ text: String, _ profile: H264ProfileLevelID.Profile) throws {
        #expect(try #require(H264ProfileLevelID(text)).profile == profile)
    }

    @Test(arguments: ["f4001f", "58001f", "6e001f", "64101f", "42e11f"])
    func profilesThatAreNotForwarded(_ text: String) throws {
        #expect(try #require(H264ProfileLevelID(text)).profile == nil)
    }

    @Test(arguments: ["", "42e01", "42e01g", "42e01ff", "4200 1f", "+2e01f"])
    func otherTextsAreNone(_ text: String) {
        #expect(H264ProfileLevelID(text) == nil)
    }

    @Test func levelsDoNotPartProfiles() throws {
        let low = try #require(H264ProfileLevelID("42e01f"))
        let high = try #require(H264ProfileLevelID("42c034"))
        let plain = try #require(H264ProfileLevelID("42001f"))
        #expect(low.isSameProfile(as: high))
        #expect(!low.isSameProfile(as: plain))
        #expect(high.levelTenths == 52)
        #expect(try #require(H264ProfileLevelID("42f00b")).levelTenths == 10)
        #expect(try #require(H264ProfileLevelID("42e00b")).levelTenths == 11)
        #expect(low.text == "42e01f")
        #expect(H264ProfileLevelID(rawValue: 0x0A).text == "00000a")
    }

    @Test func biggerProfilesDecodeSmallerOnes() throws {
        let constrained = try #require(H264ProfileLevelID("42e01f"))
        let baseline = try #require(H264ProfileLevelID("42001f"))
        let main = try #require(H264ProfileLevelID("4d001f"))
        let constrainedHigh = try #require(H264ProfileLevelID("640c1f"))
        let high = try #require(H264ProfileLevelID("64001f"))
        for decoder in [constrained, baseline, main, constrainedHigh, high] {
            #expect(decoder.decodes(constrained))
        }
        #expect(high.decodes(main) && high.decodes(constrainedHigh))
        #expect(!high.decodes(baseline), "baseline has tools that high lacks")
        #expect(!constrainedHigh.decodes(main) && !main.decodes(high) && !constrained.decodes(baseline))
    }
}
