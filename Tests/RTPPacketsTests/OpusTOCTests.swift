import Primitives
import RTPPackets
import Testing

private func samples(_ payload: [UInt8]) -> Int? {
    OpusTOC(parsing: payload.span.bytes)?.samples
}

@Suite struct OpusTOCTests {
    /// RFC 6716 table 2: durations by configuration, one frame each, in samples at 48 kHz.
    @Test func knowsEveryConfiguration() {
        let silk = [480, 960, 1920, 2880]
        let celt = [120, 240, 480, 960]
        let table = silk + silk + silk + [480, 960] + [480, 960] + celt + celt + celt + celt
        for configuration in 0..<32 {
            #expect(samples([UInt8(configuration << 3), 0xAA]) == table[configuration], "\(configuration)")
        }
    }

    @Test func countsFrames() {
        // Fullband CELT of 20 ms (31), stereo: what browsers send is FC.
        #expect(samples([0xFC, 1]) == 960)
        #expect(samples([0xFD, 1]) == 1920)
        #expect(samples([0xFE, 1]) == 1920)
        #expect(samples([0xFF, 0x03]) == 2880)
        #expect(samples([0xFF, 0x06]) == 5760)
    }

    @Test func tellsStereo() {
        let stereo: [UInt8] = [0xFC]
        let mono: [UInt8] = [0xF8]
        let isStereo = [stereo, mono].map { OpusTOC(parsing: $0.span.bytes)?.isStereo }
        #expect(isStereo == [true, false])
    }

    @Test func refusesWhatCannotBe() {
        #expect(samples([]) == nil)
        #expect(samples([0xFF]) == nil)
        #expect(samples([0xFF, 0x00]) == nil)
        // Seven frames of 20 ms are over 120 ms, and so are three of 60.
        #expect(samples([0xFF, 0x07]) == nil)
        #expect(samples([0x1B, 0x03]) == nil)
        let empty: [UInt8] = []
        let facts = PayloadFacts.inspect(codec: .opus, packet: empty.span.bytes, marker: false)
        #expect(facts == nil)
    }

    @Test func everyPacketCanBeTheFirst() {
        let packet: [UInt8] = [0xFC, 1, 2]
        let facts = PayloadFacts.inspect(codec: .opus, packet: packet.span.bytes, marker: false)
        #expect(facts?.startsKeyframe == true)
        #expect(facts?.endsFrame == true)
    }
}
