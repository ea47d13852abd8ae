import Primitives
import RTPPackets
import Testing

private func parse(_ packet: [UInt8]) -> Result<RTPHeader, RTPParseError> {
    do throws(RTPParseError) {
        return .success(try RTPHeader(parsing: packet.span.bytes))
    } catch {
        return .failure(error)
    }
}

private func payloadRange(_ packet: [UInt8]) -> Result<Range<Int>, RTPParseError> {
    do throws(RTPParseError) {
        let header = try RTPHeader(parsing: packet.span.bytes)
        return .success(try header.payloadRange(in: packet.span.bytes))
    } catch {
        return .failure(error)
    }
}

private func paddingLength(_ packet: [UInt8]) -> Int? {
    RTPHeader.paddingLength(of: packet.span.bytes)
}

private func originalSequenceNumber(_ payload: [UInt8]) -> UInt16? {
    RTXPayload.originalSequenceNumber(in: payload.span.bytes)
}

@Suite struct RTPHeaderTests {
    /// V=2, X, CC=2, M, PT=111; two sources; one-byte extension of one word; three bytes of payload.
    private let full = bytes(
        "92EF 1234 89ABCDEF 0BADF00D 00000001 00000002 BEDE 0001 10FF 0000 AA BB CC"
    )

    @Test func readsEveryField() throws {
        let header = try parse(full).get()
        #expect(header.marker)
        #expect(header.payloadType == 111)
        #expect(header.sequenceNumber == 0x1234)
        #expect(header.timestamp == 0x89AB_CDEF)
        #expect(header.ssrc == 0x0BAD_F00D)
        #expect(header.csrcCount == 2)
        #expect(header.extensionProfile == 0xBEDE)
        #expect(header.extensionRange == 24..<28)
        #expect(header.payloadOffset == 28)
        #expect(!header.hasPadding)
        #expect(try payloadRange(full).get() == 28..<31)
    }

    @Test func readsWhatFFmpegSends() throws {
        let packet = bytes("8060 031B 68AACA9C 721115FB 1800166742D00B")
        let header = try parse(packet).get()
        #expect(header.payloadType == 96)
        #expect(header.sequenceNumber == 0x031B)
        #expect(header.timestamp == 0x68AA_CA9C)
        #expect(header.ssrc == 0x7211_15FB)
        #expect(header.extensionProfile == nil)
        #expect(header.extensionRange == 12..<12)
        #expect(header.payloadOffset == 12)
    }

    @Test func refusesEveryTruncationOfTheHeader() {
        for count in 0..<28 {
            let expected: RTPParseError = count < 20 ? .truncatedHeader : .truncatedExtension
            #expect(parse(Array(full.prefix(count))) == .failure(expected), "\(count) bytes")
        }
        for count in 28...31 {
            #expect((try? parse(Array(full.prefix(count))).get()) != nil, "\(count) bytes")
        }
    }

    @Test(arguments: [UInt8(0x00), 0x40, 0xC0]) func refusesOtherVersions(first: UInt8) {
        var packet = full
        packet[0] = first
        #expect(parse(packet) == .failure(.wrongVersion))
    }

    @Test func takesPaddingOffThePayload() {
        let packet = bytes("A060 0001 00000002 00000003 AABB 000003")
        #expect(payloadRange(packet) == .success(12..<14))
        #expect(paddingLength(packet) == 3)
    }

    @Test func allowsPacketsOfPaddingOnly() {
        let packet = bytes("A060 0001 00000002 00000003 0000 000005")
        #expect(payloadRange(packet) == .success(12..<12))
        #expect(paddingLength(packet) == 5)
    }

    @Test(arguments: ["00", "06", "FF"]) func refusesPaddingThatCannotBe(count: String) {
        let packet = bytes("A060 0001 00000002 00000003 00000000" + count)
        #expect(payloadRange(packet) == .failure(.badPadding))
        #expect(paddingLength(packet) == nil)
    }

    @Test func refusesPaddingBitWithoutAnyByte() {
        let packet = bytes("A060 0001 00000002 00000003")
        #expect(payloadRange(packet) == .failure(.badPadding))
    }

    @Test func countsNoPaddingWithoutTheBit() {
        #expect(paddingLength(full) == 0)
    }

    @Test func readsAndWritesTheOriginalSequenceNumber() {
        var payload = bytes("0000AABB")
        payload.withUnsafeMutableBytes { RTXPayload.write(originalSequenceNumber: 0xFACE, into: $0) }
        #expect(payload == bytes("FACEAABB"))
        #expect(originalSequenceNumber(payload) == 0xFACE)
        #expect(originalSequenceNumber([1]) == nil)
    }
}
