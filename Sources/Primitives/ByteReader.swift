/// A cursor over bytes from the network: big-endian reads that answer `nil` where the bytes end.
///
/// A read that answers `nil` leaves the cursor where it was.
package struct ByteReader: ~Escapable {
    private let span: RawSpan
    /// Bytes read so far.
    package private(set) var offset: Int = 0

    @_lifetime(copy span)
    package init(_ span: RawSpan) {
        self.span = span
    }

    /// Bytes not read yet.
    package var remaining: Int { span.byteCount - offset }

    package mutating func readUInt8() -> UInt8? {
        guard remaining >= 1 else { return nil }
        defer { offset += 1 }
        return span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    package mutating func readUInt16() -> UInt16? {
        guard remaining >= 2 else { return nil }
        defer { offset += 2 }
        return UInt16(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// Three bytes as an unsigned number.
    package mutating func readUInt24() -> UInt32? {
        guard remaining >= 3, let high = readUInt16(), let low = readUInt8() else { return nil }
        return UInt32(high) << 8 | UInt32(low)
    }

    package mutating func readUInt32() -> UInt32? {
        guard remaining >= 4 else { return nil }
        defer { offset += 4 }
        return UInt32(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    package mutating func readUInt64() -> UInt64? {
        guard remaining >= 8 else { return nil }
        defer { offset += 8 }
        return UInt64(bigEndian: span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The next `count` bytes as an array of their own.
    package mutating func readBytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, remaining >= count else { return nil }
        defer { offset += count }
        let part = span.extracting(offset..<(offset + count))
        return part.withUnsafeBytes { Array($0) }
    }

    /// Passes over `count` bytes; `false` if there are not so many.
    package mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, remaining >= count else { return false }
        offset += count
        return true
    }
}

extension RawSpan {
    /// The byte at `offset`, or `nil` past the end.
    @inlinable
    public func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    /// The big-endian 16-bit number at `offset`, or `nil` past the end.
    @inlinable
    public func bigEndianUInt16(at offset: Int) -> UInt16? {
        guard offset >= 0, offset <= byteCount - 2 else { return nil }
        return UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The big-endian 32-bit number at `offset`, or `nil` past the end.
    @inlinable
    public func bigEndianUInt32(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= byteCount - 4 else { return nil }
        return UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
