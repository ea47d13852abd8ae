import Primitives
import RTPPackets
import Testing

private func inspect(_ payload: [UInt8], marker: Bool = false) -> PayloadFacts? {
    PayloadFacts.inspect(codec: .vp8, packet: payload.span.bytes, marker: marker)
}

private func rewritten(_ payload: [UInt8], pictureID: UInt16, tl0PicIdx: UInt8) throws -> [UInt8] {
    let index = try #require(inspect(payload)).index
    var copy = payload
    copy.withUnsafeMutableBytes { index.rewrite(in: $0, pictureID: pictureID, tl0PicIdx: tl0PicIdx) }
    return copy
}

@Suite struct VP8DescriptorTests {
    /// X, S, PID 0; I, L, T; 15-bit picture id 0x2345, TL0PICIDX 7, TID 0; then a keyframe's header of
    /// 320 x 180 with scaling bits set.
    private let keyframe = bytes("90 E0 A345 07 00 10 02 00 9D012A 4041 B480 0102")

    @Test func readsAKeyframe() throws {
        let facts = try #require(inspect(keyframe))
        #expect(facts.startsKeyframe)
        #expect(facts.startsFrame)
        #expect(!facts.endsFrame)
        #expect(facts.isSwitchingPoint)
        #expect(!facts.isDiscardable)
        #expect(facts.temporalLayer == 0)
        #expect(facts.width == 320)
        #expect(facts.height == 180)
        #expect(facts.index.hasPictureID)
        #expect(facts.index.isPictureIDLong)
        #expect(facts.index.pictureID == 0x2345)
        #expect(facts.index.pictureIDOffset == 2)
        #expect(facts.index.tl0PicIdx == 7)
        #expect(facts.index.tl0PicIdxOffset == 4)
    }

    @Test func readsWhatFFmpegSends() throws {
        let first = try #require(inspect(bytes("90808000 F04C00 9D012A B000 9000 00 07 08")))
        #expect(first.startsKeyframe)
        #expect(first.width == 176)
        #expect(first.height == 144)
        #expect(first.index.pictureID == 0)
        #expect(!first.index.hasTL0PicIdx)
        let second = try #require(inspect(bytes("80808000 B3FBB7E467"), marker: true))
        #expect(!second.startsKeyframe)
        #expect(!second.startsFrame)
        #expect(second.endsFrame)
    }

    @Test func readsLayersAndReferences() throws {
        // N, S; I with 7 bits, L, T, K; TID 2 with Y, KEYIDX 3; an interframe.
        let payload = bytes("B0 F0 11 22 A3 01 00")
        let facts = try #require(inspect(payload, marker: true))
        #expect(facts.isDiscardable)
        #expect(facts.temporalLayer == 2)
        #expect(facts.isSwitchingPoint)
        #expect(!facts.startsKeyframe)
        #expect(facts.startsFrame)
        #expect(facts.endsFrame)
        #expect(!facts.index.isPictureIDLong)
        #expect(facts.index.pictureID == 0x11)
        let descriptor = VP8Descriptor(parsing: payload.span.bytes)
        #expect(descriptor?.keyIndex == 3)
        #expect(descriptor?.byteCount == 5)
    }

    @Test func startsNoFrameInLaterPartitions() throws {
        let facts = try #require(inspect(bytes("11 00 00")))
        #expect(!facts.startsFrame)
        #expect(!facts.startsKeyframe)
    }

    @Test func refusesEveryTruncationOfTheDescriptor() {
        for count in 0...6 { #expect(inspect(Array(keyframe.prefix(count))) == nil, "\(count) bytes") }
        #expect(inspect(Array(keyframe.prefix(7))) != nil)
    }

    @Test func statesNoSizeWhenTheHeaderIsCutOffOrWrong() throws {
        for count in 7..<16 {
            let facts = try #require(inspect(Array(keyframe.prefix(count))))
            #expect(facts.startsKeyframe)
            #expect(facts.width == 0)
        }
        var wrong = keyframe
        wrong[9] = 0
        #expect(try #require(inspect(wrong)).width == 0)
    }

    @Test func renumbersInPlace() throws {
        let new = try rewritten(keyframe, pictureID: 0xFFFE, tl0PicIdx: 0xAB)
        #expect(new == bytes("90 E0 FFFE AB 00 10 02 00 9D012A 4041 B480 0102"))
        let short = try rewritten(bytes("B0 F0 11 22 A3 01 00"), pictureID: 0x80 + 5, tl0PicIdx: 1)
        #expect(short == bytes("B0 F0 05 01 A3 01 00"))
        let none = bytes("10 01 02")
        #expect(try rewritten(none, pictureID: 9, tl0PicIdx: 9) == none)
    }

    @Test func shiftsWithWrap() throws {
        let index = try #require(inspect(keyframe)).index
        var copy = keyframe
        copy.withUnsafeMutableBytes {
            index.rewrite(in: $0, addingToPictureID: 0x7FFF, addingToTL0PicIdx: 0xF9)
        }
        let after = try #require(inspect(copy)).index
        #expect(after.pictureID == 0x2344)
        #expect(after.tl0PicIdx == 0)
    }

    @Test func joinsHigherLayersAtTheirOwnSyncFrame() {
        var facts = PayloadFacts()
        facts.temporalLayer = 1
        #expect(facts.joinableTemporalLayer(current: 0, target: 2, codec: .vp8) == 0)
        facts.isSwitchingPoint = true
        #expect(facts.joinableTemporalLayer(current: 0, target: 2, codec: .vp8) == 1)
        #expect(facts.joinableTemporalLayer(current: 1, target: 2, codec: .vp8) == 1)
        #expect(facts.joinableTemporalLayer(current: 2, target: 0, codec: .vp8) == 0)
        #expect(facts.joinableTemporalLayer(current: 1, target: 2, codec: .vp9) == 2)
        #expect(facts.joinableTemporalLayer(current: 0, target: 2, codec: .vp9) == 1)
        #expect(facts.joinableTemporalLayer(current: 0, target: 2, codec: .av1) == 0)
        #expect(facts.joinableTemporalLayer(current: 1, target: 2, codec: .av1) == 2)
        facts = PayloadFacts()
        facts.startsKeyframe = true
        #expect(facts.joinableTemporalLayer(current: 0, target: 2, codec: .vp8) == 2)
    }
}
