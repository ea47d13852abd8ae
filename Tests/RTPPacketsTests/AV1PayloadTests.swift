import Primitives
import RTPPackets
import Testing

private func inspect(_ payload: [UInt8], marker: Bool = false) -> PayloadFacts? {
    PayloadFacts.inspect(codec: .av1, packet: payload.span.bytes, marker: marker)
}

/// Sequence headers as libaom and SVT-AV1 write them for 322 x 178, without OBU header and size.
private let sequenceHeader = "000000043D06C4DAF90040"

@Suite struct AV1PayloadTests {
    /// W=2, N; a sequence header with its length, then a frame OBU.
    private let keyframe = bytes("28 0C 08" + sequenceHeader + "30 1400A0B0")

    @Test func readsTheStartOfASequence() throws {
        let facts = try #require(inspect(keyframe))
        #expect(facts.startsKeyframe)
        #expect(facts.startsFrame)
        #expect(facts.isSwitchingPoint)
        #expect(facts.width == 322)
        #expect(facts.height == 178)
    }

    @Test func readsSequenceHeadersOfTwoEncoders() {
        for text in [sequenceHeader, "000000043D06C4FBF90040"] {
            let unit = bytes(text)
            let header = AV1SequenceHeader(parsing: unit.span.bytes)
            #expect(header?.width == 322)
            #expect(header?.height == 178)
        }
    }

    @Test func readsOBUsThatStateTheirSize() throws {
        let facts = try #require(inspect(bytes("18 0A0B" + sequenceHeader)))
        #expect(facts.width == 322)
    }

    @Test func readsLengthsOfEveryElementWithoutACount() throws {
        let facts = try #require(inspect(bytes("00 02 3600 03 340800")))
        // A frame OBU with extension: TID 0; the first that states one counts.
        #expect(facts.temporalLayer == 0)
        let layered = try #require(inspect(bytes("10 36 48 AABB"), marker: true))
        #expect(layered.temporalLayer == 2)
        #expect(layered.spatialLayer == 1)
        #expect(layered.startsFrame)
        #expect(!layered.startsKeyframe)
        #expect(layered.endsFrame)
    }

    @Test func startsNothingInAContinuation() throws {
        let facts = try #require(inspect(bytes("90 30AABB")))
        #expect(!facts.startsFrame)
        let payload = bytes("D0 30AABB")
        let header = AV1Payload(parsing: payload.span.bytes)
        #expect(header?.continuesFragment == true)
        #expect(header?.continues == true)
        #expect(header?.elementCount == 1)
    }

    @Test(arguments: [
        "", "10", "98 30AA", "20 05 30AA", "20 02 30AA", "00 80", "00 FFFFFFFFFFFFFFFFFF", "30 01 30 01 30",
    ])
    func refusesMalformedPayloads(text: String) {
        #expect(inspect(bytes(text)) == nil)
    }
}

/// The structure that browsers send for three temporal layers in one spatial layer.
private struct ThreeLayers {
    static let temporal: [UInt32] = [0, 0, 1, 2, 2]
    static let indications: [[UInt32]] = [[2, 2, 2], [2, 2, 2], [0, 1, 2], [0, 0, 1], [0, 0, 1]]

    static func write(to bits: inout BitPacker, offset: UInt32) {
        bits.write(offset, 6)
        bits.write(2, 5)
        for index in temporal.indices {
            if index + 1 == temporal.count {
                bits.write(3, 2)
            } else {
                bits.write(temporal[index + 1] - temporal[index], 2)
            }
        }
        for template in indications { for indication in template { bits.write(indication, 2) } }
        // Differences: none, 4, 2, 1, 1 and 3.
        for differences in [[], [3], [1], [0], [0, 2]] as [[UInt32]] {
            for difference in differences {
                bits.write(1, 1)
                bits.write(difference, 4)
            }
            bits.write(0, 1)
        }
        // One chain of ns(4): 1 is 01. Each target is protected by it: ns(1) has no bits.
        bits.write(1, 2)
        for difference in [0, 4, 2, 1, 3] as [UInt32] { bits.write(difference, 4) }
        bits.write(1, 1)
        bits.write(639, 16)
        bits.write(359, 16)
    }
}

private func descriptor(
    template: UInt32,
    number: UInt32 = 0x1234,
    starts: Bool = true,
    ends: Bool = false,
    attachingAt offset: UInt32? = nil,
    targets: UInt32? = nil,
    custom: [UInt32] = []
) -> [UInt8] {
    var bits = BitPacker()
    bits.write(starts ? 1 : 0, 1)
    bits.write(ends ? 1 : 0, 1)
    bits.write(template, 6)
    bits.write(number, 16)
    guard offset != nil || targets != nil || !custom.isEmpty else { return bits.bytes }
    bits.write(offset == nil ? 0 : 1, 1)
    bits.write(targets == nil ? 0 : 1, 1)
    bits.write(custom.isEmpty ? 0 : 1, 1)
    bits.write(0, 2)
    if let offset { ThreeLayers.write(to: &bits, offset: offset) }
    if let targets { bits.write(targets, 3) }
    for indication in custom { bits.write(indication, 2) }
    return bits.bytes
}

private func read(_ data: [UInt8], _ structure: DependencyStructure? = nil) -> DependencyDescriptor? {
    DependencyDescriptor(parsing: data.span.bytes, structure: structure)
}

@Suite struct DependencyDescriptorTests {
    @Test func readsAnAttachedStructure() throws {
        let first = try #require(read(descriptor(template: 60, attachingAt: 60)))
        #expect(first.startsFrame)
        #expect(!first.endsFrame)
        #expect(first.frameNumber == 0x1234)
        #expect(first.activeDecodeTargets == 0b111)
        let structure = try #require(first.attachedStructure)
        #expect(structure.templateCount == 5)
        #expect(structure.decodeTargetCount == 3)
        #expect(structure.maximumTemporalLayer == 2)
        #expect(structure.maximumSpatialLayer == 0)
        #expect(structure.width == 640)
        #expect(structure.height == 360)
        let frame = try #require(first.frame)
        #expect(frame.temporalLayer == 0)
        #expect(frame.isSwitchingPoint)
        #expect(!frame.isDiscardable)
    }

    @Test func findsLayersByTheKeptStructure() throws {
        let structure = try #require(read(descriptor(template: 62, attachingAt: 62))?.attachedStructure)
        // Ids 62, 63, 0, 1, 2 wrap at 64.
        for (position, template) in ([62, 63, 0, 1, 2] as [UInt32]).enumerated() {
            let next = try #require(read(descriptor(template: template, ends: true), structure))
            let frame = try #require(next.frame)
            #expect(UInt32(frame.temporalLayer) == ThreeLayers.temporal[position])
            #expect(frame.isDiscardable == (position >= 3))
            #expect(frame.isSwitchingPoint == (position < 3))
            #expect(next.attachedStructure == nil)
            #expect(next.endsFrame)
        }
        for unknown in [3, 30, 31, 61] as [UInt32] {
            #expect(read(descriptor(template: unknown), structure) == nil)
        }
    }

    @Test func readsBoundsWithoutAStructure() throws {
        let alone = try #require(read(descriptor(template: 9, starts: false, ends: true)))
        #expect(!alone.startsFrame)
        #expect(alone.endsFrame)
        #expect(alone.templateID == 9)
        #expect(alone.frame == nil)
    }

    @Test func readsCustomIndicationsAndTargets() throws {
        let structure = try #require(read(descriptor(template: 0, attachingAt: 0))?.attachedStructure)
        let custom = try #require(
            read(descriptor(template: 1, targets: 0b011, custom: [1, 1, 0]), structure)
        )
        #expect(custom.activeDecodeTargets == 0b011)
        #expect(custom.frame?.isDiscardable == true)
        #expect(custom.frame?.temporalLayer == 0)
        let required = try #require(read(descriptor(template: 1, custom: [3, 2, 2]), structure))
        #expect(required.frame?.isSwitchingPoint == false)
    }

    @Test func refusesEveryTruncation() {
        let whole = descriptor(template: 0, attachingAt: 0)
        for count in 0..<whole.count where count != 3 {
            #expect(read(Array(whole.prefix(count))) == nil, "\(count) bytes")
        }
    }

    @Test func refinesWhatThePayloadSays() throws {
        var facts = PayloadFacts()
        facts.refine(with: try #require(read(descriptor(template: 0, starts: true, ends: true))))
        #expect(facts.startsFrame)
        #expect(facts.endsFrame)
        let structure = try #require(read(descriptor(template: 0, attachingAt: 0))?.attachedStructure)
        facts.refine(with: try #require(read(descriptor(template: 3, starts: false), structure)))
        #expect(!facts.startsFrame)
        #expect(facts.temporalLayer == 2)
        #expect(facts.isDiscardable)
    }
}
