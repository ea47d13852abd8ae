import Primitives
import RTPPackets
import Testing

private func inspect(_ payload: [UInt8], marker: Bool = false) -> PayloadFacts? {
    PayloadFacts.inspect(codec: .vp9, packet: payload.span.bytes, marker: marker)
}

@Suite struct VP9DescriptorTests {
    /// Non-flexible: I, L, B, V; picture id 0x1234; TID 0, U; TL0PICIDX 9; a scalability structure of one
    /// layer, 640 x 360, with three pictures of a group that refer to one, one and two others.
    private let keyframe = bytes("AA 9234 10 09 18 0280 0168 03 0401 5401 480102 AABB")

    @Test func readsANonFlexibleKeyframe() throws {
        let facts = try #require(inspect(keyframe))
        #expect(facts.startsKeyframe)
        #expect(facts.startsFrame)
        #expect(facts.isSwitchingPoint)
        #expect(facts.width == 640)
        #expect(facts.height == 360)
        #expect(facts.index.pictureID == 0x1234)
        #expect(facts.index.isPictureIDLong)
        #expect(facts.index.tl0PicIdx == 9)
        #expect(facts.index.tl0PicIdxOffset == 4)
        let descriptor = VP9Descriptor(parsing: keyframe.span.bytes)
        #expect(descriptor?.byteCount == keyframe.count - 2)
        #expect(descriptor?.spatialLayerCount == 1)
    }

    @Test func refusesEveryTruncationOfTheDescriptor() {
        let count = keyframe.count - 2
        for short in 0...count { #expect(inspect(Array(keyframe.prefix(short))) == nil, "\(short) bytes") }
        #expect(inspect(Array(keyframe.prefix(count + 1))) != nil)
    }

    @Test func readsAFlexibleInterframe() throws {
        // I, P, L, F, B, E; 7-bit picture id; TID 2, U, SID 1, D; two references.
        let payload = bytes("FC 11 53 03 04 AA")
        let facts = try #require(inspect(payload, marker: true))
        #expect(!facts.startsKeyframe)
        #expect(!facts.startsFrame)
        #expect(facts.endsFrame)
        #expect(facts.temporalLayer == 2)
        #expect(facts.spatialLayer == 1)
        #expect(facts.isSwitchingPoint)
        #expect(!facts.index.hasTL0PicIdx)
        let descriptor = VP9Descriptor(parsing: payload.span.bytes)
        #expect(descriptor?.isFlexible == true)
        #expect(descriptor?.usesInterLayerPrediction == true)
        #expect(descriptor?.byteCount == 5)
    }

    @Test func refusesMoreThanThreeReferences() {
        #expect(inspect(bytes("D8 11 03 03 02 AA")) != nil)
        #expect(inspect(bytes("D8 11 03 03 03 02 AA")) == nil)
    }

    @Test func startsNoKeyframeInAHigherSpatialLayer() throws {
        // L, B, not P; SID 1.
        let facts = try #require(inspect(bytes("28 02 00 AA")))
        #expect(!facts.startsKeyframe)
        #expect(!facts.startsFrame)
    }

    @Test func statesTheLargestSpatialLayer() throws {
        // B, V; three layers with sizes, no group.
        let facts = try #require(inspect(bytes("0A 50 00A0005A 0140 00B4 0280 0168 AA")))
        #expect(facts.width == 640)
        #expect(facts.height == 360)
    }

    @Test func renumbersInPlace() throws {
        let payload = bytes("E8 9234 10 09 AA")
        let index = try #require(inspect(payload)).index
        var copy = payload
        copy.withUnsafeMutableBytes { index.rewrite(in: $0, pictureID: 0x0102, tl0PicIdx: 0xFE) }
        #expect(copy == bytes("E8 8102 10 FE AA"))
    }
}
