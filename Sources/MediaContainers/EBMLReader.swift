/// Reads the elements of an EBML document (RFC 8794) one after the other, within the bytes that it is given.
struct EBMLReader {
    let bytes: ArraySlice<UInt8>
    private(set) var offset: Int

    /// One element; `data` are indices of the document's bytes.
    struct Element {
        var identifier: UInt32
        /// Where its identifier begins.
        var start: Int
        var data: Range<Int>
        /// Its size is not stated: it goes on to the end of what it stands in.
        var hasUnknownSize: Bool
    }

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    var isAtEnd: Bool { offset == bytes.endIndex }

    /// The next element's head; the cursor then stands at its data.
    ///
    /// `allowsTruncation` cuts the data of an element short that goes on behind the end.
    mutating func head(allowsTruncation: Bool = false) throws(WebMError) -> Element {
        let start = offset
        guard let first = byte(at: offset) else { throw .truncated("identifier at \(offset)") }
        let identifierBytes = first.leadingZeroBitCount + 1
        guard identifierBytes <= 4 else { throw .malformed("identifier at \(offset)") }
        guard let identifier = number(at: offset, count: identifierBytes) else {
            throw .truncated("identifier at \(offset)")
        }
        offset += identifierBytes
        guard let sizeByte = byte(at: offset) else { throw .truncated("size at \(offset)") }
        let sizeBytes = sizeByte.leadingZeroBitCount + 1
        guard sizeBytes <= 8 else { throw .malformed("size at \(offset)") }
        guard let marked = number(at: offset, count: sizeBytes) else { throw .truncated("size at \(offset)") }
        let mask = UInt64(1) << UInt64(7 * sizeBytes) - 1
        let size = marked & mask
        offset += sizeBytes
        let remaining = bytes.endIndex - offset
        let hasUnknownSize = size == mask
        var count = remaining
        if !hasUnknownSize {
            guard size <= UInt64(remaining) || allowsTruncation else {
                throw .truncated("element of \(size) bytes at \(start)")
            }
            count = Int(min(size, UInt64(remaining)))
        }
        return Element(
            identifier: UInt32(identifier),
            start: start,
            data: offset..<(offset + count),
            hasUnknownSize: hasUnknownSize
        )
    }

    /// The next element, whole; `nil` at the end.
    mutating func next() throws(WebMError) -> Element? {
        guard !isAtEnd else { return nil }
        let element = try head()
        offset = element.data.upperBound
        return element
    }

    func contents(_ element: Element) -> EBMLReader { EBMLReader(bytes[element.data]) }

    func unsigned(_ element: Element) throws(WebMError) -> UInt64 {
        guard element.data.count <= 8,
            let value = number(at: element.data.lowerBound, count: element.data.count)
        else { throw .malformed("number of \(element.data.count) bytes at \(element.start)") }
        return value
    }

    func text(_ element: Element, limit: Int) throws(WebMError) -> String {
        guard element.data.count <= limit else {
            throw .tooLarge("text of \(element.data.count) bytes: \(limit)")
        }
        // Zeros may fill a text up.
        return String(decoding: bytes[element.data].prefix { $0 != 0 }, as: UTF8.self)
    }

    func float(_ element: Element) throws(WebMError) -> Double {
        let bits = try unsigned(element)
        switch element.data.count {
        case 0: return 0
        case 4: return Double(Float(bitPattern: UInt32(bits)))
        case 8: return Double(bitPattern: bits)
        default: throw .malformed("float of \(element.data.count) bytes at \(element.start)")
        }
    }

    func byte(at place: Int) -> UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

    /// Up to eight bytes, big-endian; `nil` past the end.
    func number(at place: Int, count: Int) -> UInt64? {
        guard place >= bytes.startIndex, count <= bytes.endIndex - place else { return nil }
        return bytes[place..<(place + count)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
