import Primitives
import RTPPackets
import Testing

struct FoundElement: Equatable {
    var id: UInt8
    var data: [UInt8]

    init(_ id: UInt8, _ data: [UInt8]) {
        self.id = id
        self.data = data
    }
}

func elements(of packet: [UInt8]) throws -> [FoundElement] {
    let header = try RTPHeader(parsing: packet.span.bytes)
    var walk = RTPHeaderExtensions(packet.span.bytes, header)
    var found: [FoundElement] = []
    while let element = walk.next() {
        found.append(FoundElement(element.id, Array(packet[element.range])))
        // The first with its number is what `find` answers.
        if found.count(where: { $0.id == element.id }) == 1 {
            let range = RTPHeaderExtensions.find(id: element.id, in: packet.span.bytes, header: header)
            #expect(range == element.range)
        }
    }
    return found
}

private let fixed = "9060 0001 00000002 00000003"

@Suite struct RTPHeaderExtensionsTests {
    /// The example of RFC 8285 4.2, its data bytes spelt out.
    @Test func readsTheOneByteExample() throws {
        let packet = bytes(fixed + "BEDE 0003 10AA 2111 22 00 00 33 01020304 AABBCCDD")
        #expect(
            try elements(of: packet) == [
                FoundElement(1, [0xAA]), FoundElement(2, [0x11, 0x22]),
                FoundElement(3, [0x01, 0x02, 0x03, 0x04]),
            ]
        )
    }

    /// The example of RFC 8285 4.3.
    @Test func readsTheTwoByteExample() throws {
        let packet = bytes(fixed + "1000 0003 0100 0201 AA 00 0304 01020304 FEED")
        #expect(
            try elements(of: packet) == [
                FoundElement(1, []), FoundElement(2, [0xAA]), FoundElement(3, [1, 2, 3, 4]),
            ]
        )
    }

    @Test func takesAnyApplicationBitsInTheTwoByteForm() throws {
        let packet = bytes(fixed + "100F 0001 0502 ABCD")
        #expect(try elements(of: packet) == [FoundElement(5, [0xAB, 0xCD])])
    }

    @Test func endsAtTheReservedNumber() throws {
        let packet = bytes(fixed + "BEDE 0002 10AA F0 BB 20CC 0000")
        #expect(try elements(of: packet) == [FoundElement(1, [0xAA])])
    }

    @Test func endsAtZeroWithALength() throws {
        let packet = bytes(fixed + "BEDE 0002 10AA 01BBCC 20CC 00")
        #expect(try elements(of: packet) == [FoundElement(1, [0xAA])])
    }

    @Test func keepsWhatStandsBeforeAnElementThatRunsOut() throws {
        let oneByte = bytes(fixed + "BEDE 0001 10AA 2FBB AABBCCDD AABBCCDD AABBCCDD AABBCCDD")
        #expect(try elements(of: oneByte) == [FoundElement(1, [0xAA])])
        let twoByte = bytes(fixed + "1000 0001 0101 AA 02")
        #expect(try elements(of: twoByte) == [FoundElement(1, [0xAA])])
    }

    @Test func findsNothingInOtherProfiles() throws {
        #expect(try elements(of: bytes(fixed + "ABAC 0001 10AA 0000")).isEmpty)
        #expect(try elements(of: bytes("8060 0001 00000002 00000003 10AA")).isEmpty)
    }

    @Test func knowsEveryKindByItsURI() {
        for kind in HeaderExtensionKind.allCases {
            #expect(HeaderExtensionKind(uri: kind.uri) == kind)
        }
        #expect(HeaderExtensionKind(uri: "urn:ietf:params:rtp-hdrext:sdes:mid") == .mid)
        #expect(HeaderExtensionKind(uri: "urn:unknown") == nil)
        #expect(
            HeaderExtensionKind.allCases.filter(\.isHopByHop) == [
                .mid, .rtpStreamID, .repairedRTPStreamID, .absoluteSendTime, .transportSequenceNumber,
                .transmissionOffset,
            ]
        )
    }
}

private func write(
    capacity: Int = 200,
    allowsTwoByteForm: Bool = true,
    _ added: [FoundElement]
) -> (packet: [UInt8], taken: [Bool]) {
    var buffer = [UInt8](repeating: 0xEE, count: capacity)
    var taken: [Bool] = []
    let count = buffer.withUnsafeMutableBytes { raw -> Int in
        var writer = RTPHeaderWriter(into: raw, allowsTwoByteForm: allowsTwoByteForm)
        writer.writeFixed(
            marker: true,
            payloadType: 96,
            sequenceNumber: 0x0102,
            timestamp: 0x0304_0506,
            ssrc: 0x0708_090A
        )
        for element in added {
            taken.append(element.data.withUnsafeBytes { writer.appendExtension(id: element.id, bytes: $0) })
        }
        return writer.finish()
    }
    return (Array(buffer.prefix(count)), taken)
}

@Suite struct RTPHeaderWriterTests {
    @Test func writesTheFixedHeaderAlone() {
        #expect(write([]).packet == bytes("80E0 0102 03040506 0708090A"))
    }

    @Test func writesTheOneByteForm() {
        let written = write([FoundElement(1, [0xAA]), FoundElement(14, [1, 2, 3])])
        #expect(written.packet == bytes("90E0 0102 03040506 0708090A BEDE 0002 10AA E2 010203 00 00"))
        #expect(written.taken == [true, true])
    }

    @Test func widensWhatWasWrittenWhenAnElementNeedsIt() throws {
        let added = [
            FoundElement(1, [0xAA]), FoundElement(2, [0xBB, 0xCC]), FoundElement(15, [0xDD]),
            FoundElement(3, []), FoundElement(4, [UInt8](repeating: 7, count: 20)),
        ]
        let written = write(added)
        #expect(written.taken.allSatisfy { $0 })
        #expect(
            Array(written.packet.prefix(28))
                == bytes("90E0 0102 03040506 0708090A 1000 0009 0101AA 0202BBCC 0F01DD 0300")
        )
        #expect(try elements(of: written.packet) == added)
    }

    @Test func refusesTheTwoByteFormUnlessNegotiated() throws {
        let written = write(allowsTwoByteForm: false, [FoundElement(15, [1]), FoundElement(2, [9])])
        #expect(written.taken == [false, true])
        #expect(try elements(of: written.packet) == [FoundElement(2, [9])])
    }

    @Test func refusesWhatDoesNotFit() throws {
        let written = write(
            capacity: 24,
            [FoundElement(1, [1, 2, 3]), FoundElement(2, [1, 2, 3, 4]), FoundElement(3, [5])]
        )
        #expect(written.taken == [true, false, true])
        #expect(try elements(of: written.packet) == [FoundElement(1, [1, 2, 3]), FoundElement(3, [5])])
        #expect(write(capacity: 12, [FoundElement(1, [1])]).taken == [false])
    }

    @Test func refusesNumberZero() {
        #expect(write([FoundElement(0, [1])]).taken == [false])
    }

    @Test func writesNumbersAndCopies() throws {
        let source = bytes("AABBCCDD")
        var buffer = [UInt8](repeating: 0, count: 64)
        var taken: [Bool] = []
        let count = buffer.withUnsafeMutableBytes { raw -> Int in
            var writer = RTPHeaderWriter(into: raw)
            writer.writeFixed(
                marker: false,
                payloadType: 96,
                sequenceNumber: 1,
                timestamp: 2,
                ssrc: 3,
                hasPadding: true
            )
            taken.append(writer.appendExtension(id: 3, value: 0x01AB_CDEF, byteCount: 3))
            taken.append(writer.appendExtension(id: 4, copying: 1..<3, of: source.span.bytes))
            taken.append(writer.appendExtension(id: 5, copying: 1..<5, of: source.span.bytes))
            return writer.finish()
        }
        let packet = Array(buffer.prefix(count))
        #expect(taken == [true, true, false])
        #expect(packet[0] == 0xB0)
        #expect(
            try elements(of: packet) == [
                FoundElement(3, [0xAB, 0xCD, 0xEF]), FoundElement(4, [0xBB, 0xCC]),
            ]
        )
    }

    @Test func readsBackWhateverItWrote() throws {
        var random = SeededRandom(seed: 2)
        for _ in 0..<2000 {
            let added = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                let isWide = Int.random(in: 0..<20, using: &random) == 0
                return FoundElement(
                    UInt8.random(in: 1...(isWide ? 255 : 14), using: &random),
                    (0..<Int.random(in: isWide ? 0...40 : 1...16, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                )
            }
            let written = write(capacity: Int.random(in: 12...300, using: &random), added)
            let kept = zip(added, written.taken).filter(\.1).map(\.0)
            #expect(try elements(of: written.packet) == kept)
            #expect(written.packet.count % 4 == 0)
        }
    }
}
