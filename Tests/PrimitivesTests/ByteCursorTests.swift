import Primitives
import Testing

@Suite struct ByteCursorTests {
    @Test func writesInNetworkOrderAndReadsBack() {
        var writer = ByteWriter()
        writer.write(0x01 as UInt8)
        writer.write(0x0203 as UInt16)
        writer.writeUInt24(0xFF04_0506)
        writer.write(0x0708_090A as UInt32)
        writer.write(0x0B0C_0D0E_0F10_1112 as UInt64)
        writer.write([0x13, 0x14])
        #expect(writer.bytes == Array(1...0x14))
        #expect(writer.count == 0x14)

        let span = writer.bytes.span.bytes
        var reader = ByteReader(span)
        let byte = reader.readUInt8()
        let two = reader.readUInt16()
        let three = reader.readUInt24()
        let four = reader.readUInt32()
        let eight = reader.readUInt64()
        let rest = reader.readBytes(2)
        let (remaining, offset) = (reader.remaining, reader.offset)
        #expect(byte == 0x01)
        #expect(two == 0x0203)
        #expect(three == 0x04_0506)
        #expect(four == 0x0708_090A)
        #expect(eight == 0x0B0C_0D0E_0F10_1112)
        #expect(rest == [0x13, 0x14])
        #expect(remaining == 0)
        #expect(offset == 0x14)
    }

    @Test func aReadPastTheEndAnswersNilAndStaysWhereItWas() {
        let bytes: [UInt8] = [1, 2, 3]
        var reader = ByteReader(bytes.span.bytes)
        let skipped = reader.skip(1)
        #expect(skipped)
        let numbers = [
            reader.readUInt24().map(UInt64.init), reader.readUInt32().map(UInt64.init), reader.readUInt64(),
        ]
        #expect(numbers == [nil, nil, nil])
        let pieces = [reader.readBytes(3), reader.readBytes(-1), reader.readBytes(.max)]
        #expect(pieces == [nil, nil, nil])
        let skips = [reader.skip(3), reader.skip(-1), reader.skip(.max)]
        #expect(skips == [false, false, false])
        let offset = reader.offset
        #expect(offset == 1)
        let last = reader.readUInt16()
        #expect(last == 0x0203)
        let pastEnd = [reader.readUInt8().map(UInt16.init), reader.readUInt16()]
        #expect(pastEnd == [nil, nil])
        let nothing = reader.readBytes(0)
        #expect(nothing == [])
        let stays = reader.skip(0)
        #expect(stays)
    }

    @Test func readsAtOffsetsInsideOnly() {
        let bytes: [UInt8] = [0x11, 0x22, 0x33, 0x44, 0x55]
        let span = bytes.span.bytes
        #expect(span.byte(at: 4) == 0x55)
        #expect(span.bigEndianUInt16(at: 3) == 0x4455)
        #expect(span.bigEndianUInt32(at: 1) == 0x2233_4455)
        for offset in [-1, .min, 5, .max] { #expect(span.byte(at: offset) == nil) }
        for offset in [-1, .min, 4, .max] { #expect(span.bigEndianUInt16(at: offset) == nil) }
        for offset in [-1, .min, 2, .max] { #expect(span.bigEndianUInt32(at: offset) == nil) }
        let nothing: [UInt8] = []
        #expect(nothing.span.bytes.byte(at: 0) == nil)
        #expect(nothing.span.bytes.bigEndianUInt16(at: 0) == nil)
        #expect(nothing.span.bytes.bigEndianUInt32(at: 0) == nil)
    }

    @Test func aPatchOverwritesTwoBytesInPlace() {
        var writer = ByteWriter(reservingCapacity: 4)
        writer.write(0 as UInt32)
        writer.patch(0xABCD, at: 1)
        #expect(writer.bytes == [0, 0xAB, 0xCD, 0])
    }
}
