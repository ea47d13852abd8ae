import Primitives
import RTPPackets
import Testing

private func inspect(_ payload: [UInt8], marker: Bool = false) -> PayloadFacts? {
    PayloadFacts.inspect(codec: .h264, packet: payload.span.bytes, marker: marker)
}

private func size(_ unit: String) -> [UInt16]? {
    let unit = bytes(unit)
    return H264SequenceParameters(parsing: unit.span.bytes.extracting(1..<unit.count)).map {
        [$0.width, $0.height]
    }
}

@Suite struct H264PayloadTests {
    /// STAP-A with SPS and PPS of a 176 x 144 stream, as FFmpeg sends it.
    private let parameters = bytes("18 0016 6742D00BD902C4EC0440000003004000000523C48992 0004 68CB8CB2")

    @Test func readsParameterSetsInAnAggregation() throws {
        let facts = try #require(inspect(parameters))
        #expect(facts.startsKeyframe)
        #expect(facts.startsFrame)
        #expect(!facts.isDiscardable)
        #expect(facts.width == 176)
        #expect(facts.height == 144)
    }

    @Test func readsFragmentsOfAnIDRSlice() throws {
        let first = try #require(inspect(bytes("7C85 88846FC4")))
        #expect(first.startsKeyframe)
        #expect(first.startsFrame)
        let middle = try #require(inspect(bytes("7C05 6ADCD44B")))
        #expect(!middle.startsKeyframe)
        #expect(!middle.startsFrame)
        let last = try #require(inspect(bytes("7C45 6ADCD44B"), marker: true))
        #expect(last.endsFrame)
    }

    @Test func startsNoKeyframeInLaterSlices() throws {
        // first_mb_in_slice is not 0: the first bit is 0.
        let facts = try #require(inspect(bytes("65 4888")))
        #expect(!facts.startsKeyframe)
        #expect(!facts.startsFrame)
    }

    @Test func tellsDiscardableSlices() throws {
        let reference = try #require(inspect(bytes("41 9A00")))
        #expect(!reference.isDiscardable)
        #expect(reference.startsFrame)
        let disposable = try #require(inspect(bytes("01 9A00")))
        #expect(disposable.isDiscardable)
        let fragment = try #require(inspect(bytes("1C01 9A00")))
        #expect(fragment.isDiscardable)
        // One aggregation of both kinds.
        let both = try #require(inspect(bytes("18 0002 019A 0002 419A")))
        #expect(!both.isDiscardable)
    }

    @Test func delimitersAndSupplementsStartAFrame() throws {
        #expect(try #require(inspect(bytes("09F0"))).startsFrame)
        #expect(try #require(inspect(bytes("0605FF"))).startsFrame)
        #expect(try #require(inspect(bytes("0605FF"))).startsKeyframe == false)
    }

    @Test(arguments: [
        "", "18", "18 00", "18 0000", "18 0003 6742", "18 0002 6742 00", "7C", "7C85", "7CC5 AA", "19 0000",
        "00 AA",
        "1E AA",
    ])
    func refusesMalformedPayloads(text: String) {
        #expect(inspect(bytes(text)) == nil)
    }

    /// Parameter sets written by x264: baseline; high with cropping; high 4:4:4 with scaling lists, fields
    /// and an odd width.
    @Test func readsSizesFromParameterSets() {
        #expect(size("6742C01ED900A02FF970110000030001000003003C0F162E48") == [640, 360])
        #expect(size("6764000DACB202A33C44460220000003002000000781E28549") == [322, 178])
        #expect(size("67F4001F919B2817049E3FC044000003000400000300F07C58B658") == [722, 576])
    }

    @Test func readsNoSizeFromCutOffParameterSets() {
        // The size ends inside the last byte here.
        let unit = bytes("6742D00BD902C4EC")
        for count in 1..<unit.count {
            let part = Array(unit[1..<count])
            let size = H264SequenceParameters(parsing: part.span.bytes)
            #expect(size == nil, "\(count) bytes")
        }
    }
}
