import Primitives
import RTPPackets
import Testing

/// Walks everything that can be walked in `datagram`; answers how many values were read.
private func walk(_ datagram: [UInt8]) -> Int {
    let span = datagram.span.bytes
    var read = 0
    if let header = try? RTPHeader(parsing: span) {
        var elements = RTPHeaderExtensions(span, header)
        while let element = elements.next() {
            read += element.range.count
            let data = span.extracting(element.range)
            if let descriptor = DependencyDescriptor(parsing: data, structure: nil) {
                read += descriptor.frame == nil ? 0 : 1
                read +=
                    DependencyDescriptor(parsing: span, structure: descriptor.attachedStructure) == nil
                    ? 0 : 1
            }
        }
        if let payload = try? header.payloadRange(in: span) {
            read += inspect(Array(datagram[payload]))
        }
    }
    var reader = RTCPReader(span)
    while let packet = reader.next() {
        read += 1
        for index in 0..<packet.reportBlockCount { read += packet.reportBlock(at: index) == nil ? 0 : 1 }
        for index in 0..<packet.fullIntraRequestCount {
            read += packet.fullIntraRequest(at: index) == nil ? 0 : 1
        }
        for index in 0..<packet.estimatedSourceCount {
            read += packet.estimatedSource(at: index) == nil ? 0 : 1
        }
        for index in 0..<packet.byeSourceCount { read += packet.byeSource(at: index) == nil ? 0 : 1 }
        read += packet.byeReason?.count ?? 0
        read += packet.canonicalName(of: 1)?.count ?? 0
        read += packet.senderReport == nil ? 0 : 1
        read += packet.estimatedBitsPerSecond == nil ? 0 : 1
        var lost = packet.lostSequences
        while lost.next() != nil { read += 1 }
        if var feedback = packet.transportFeedback {
            while feedback.next() != nil { read += 1 }
        }
    }
    return read + inspect(datagram)
}

private func inspect(_ payload: [UInt8]) -> Int {
    var read = 0
    for codec in MediaCodec.allCases {
        guard let facts = PayloadFacts.inspect(codec: codec, packet: payload.span.bytes, marker: true) else {
            continue
        }
        read += 1
        var copy = payload
        copy.withUnsafeMutableBytes { facts.index.rewrite(in: $0, pictureID: 0xFFFF, tl0PicIdx: 0xFF) }
        let again = PayloadFacts.inspect(codec: codec, packet: copy.span.bytes, marker: true)
        #expect(again?.index.pictureIDOffset == facts.index.pictureIDOffset)
        #expect(again?.index.tl0PicIdxOffset == facts.index.tl0PicIdxOffset)
        #expect(again?.startsKeyframe == facts.startsKeyframe)
    }
    let structure = DependencyDescriptor(parsing: payload.span.bytes, structure: nil)
    return read + (structure == nil ? 0 : 1)
}

@Suite struct RandomInputTests {
    @Test func survivesRandomBytes() {
        var random = SeededRandom(seed: 6)
        var read = 0
        for _ in 0..<20_000 {
            var datagram = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Most of them get past the version; half look like RTCP.
            if datagram.count > 4, Int.random(in: 0..<8, using: &random) > 0 {
                datagram[0] = 0x80 | datagram[0] & 0x3F
                if Bool.random(using: &random) {
                    datagram[1] = UInt8.random(in: 200...206, using: &random)
                    datagram[2] = 0
                    datagram[3] = UInt8.random(in: 0...30, using: &random)
                }
            }
            read += walk(datagram)
        }
        #expect(read > 20_000)
    }

    @Test func survivesBitFlipsInRealPackets() {
        let real = [
            "90EF 1234 89ABCDEF 0BADF00D BEDE 0003 10AA 2111 22 00 00 33 01020304 AABBCCDD 90E0A3450700100200",
            "8060031B68AACA9C721115FB1800166742D00BD902C4EC0440000003004000000523C48992000468CB8CB2",
            "8060000100000002000000032" + "80C08000000043D06C4DAF90040301400A0B0",
            "8FCD0006 00000001 00000002 FFFF0004 FFFFFF00 D84003FF FC020000",
            "8FCE0006 00000001 00000000 52454D42 020F0D40 0000000A 0000000B",
            "82CA0006 00000001 07016E00 00000002 0602AABB 01027879 00000000",
        ].map(bytes)
        var random = SeededRandom(seed: 7)
        var read = 0
        for packet in real {
            for count in 0...packet.count { read += walk(Array(packet.prefix(count))) }
            for _ in 0..<2000 {
                var copy = packet
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    copy[Int.random(in: 0..<copy.count, using: &random)] ^=
                        1 << UInt8.random(in: 0...7, using: &random)
                }
                read += walk(copy)
            }
        }
        #expect(read > 10_000)
    }
}
