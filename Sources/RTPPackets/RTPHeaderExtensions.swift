import Primitives

/// One element of a header extension: its negotiated number and where its data lies in the packet.
package struct HeaderExtensionElement: Sendable, Equatable {
    package let id: UInt8
    package let range: Range<Int>
}

/// The elements of a packet's header extension, one-byte and two-byte form (RFC 8285 4.2 and 4.3).
///
/// `var elements = RTPHeaderExtensions(packet, header); while let element = elements.next() { ... }`.
/// An element that does not fit ends the walk; those before it stand.
package struct RTPHeaderExtensions: ~Escapable {
    /// The profile word of the one-byte form.
    package static let oneByteProfile: UInt16 = 0xBEDE
    /// The profile word of the two-byte form, without its four application bits.
    package static let twoByteProfile: UInt16 = 0x1000
    /// Longest data of an element in the one-byte form.
    package static let oneByteMaximumByteCount = 16
    /// Largest number of an element in the one-byte form; 15 is reserved.
    package static let oneByteMaximumID: UInt8 = 14

    private let packet: RawSpan
    private var offset: Int
    private let end: Int
    private let isTwoByte: Bool

    /// Stands before the first element; an unknown profile has none.
    @_lifetime(copy packet)
    package init(_ packet: RawSpan, _ header: RTPHeader) {
        self.packet = packet
        let profile = header.extensionProfile ?? 0
        isTwoByte = profile & 0xFFF0 == Self.twoByteProfile
        let isKnown = isTwoByte || profile == Self.oneByteProfile
        offset = header.extensionRange.lowerBound
        end = isKnown ? min(header.extensionRange.upperBound, packet.byteCount) : offset
    }

    /// The next element, or `nil` after the last.
    package mutating func next() -> HeaderExtensionElement? {
        while offset < end, let first = packet.byte(at: offset) {
            // A zero byte is padding in both forms.
            if first == 0 {
                offset += 1
                continue
            }
            let id: UInt8
            let start: Int
            let count: Int
            if isTwoByte {
                guard offset + 2 <= end, let length = packet.byte(at: offset + 1) else { break }
                id = first
                count = Int(length)
                start = offset + 2
            } else {
                id = first >> 4
                count = Int(first & 0x0F) + 1
                start = offset + 1
                // RFC 8285 4.2: 15 ends the walk, and so does 0 with a length.
                guard id != 0, id <= Self.oneByteMaximumID else { break }
            }
            guard start + count <= end else { break }
            offset = start + count
            return HeaderExtensionElement(id: id, range: start..<(start + count))
        }
        offset = end
        return nil
    }

    /// Where the data of the first element numbered `id` lies in `packet`; `nil` if there is none.
    package static func find(id: UInt8, in packet: RawSpan, header: RTPHeader) -> Range<Int>? {
        var elements = RTPHeaderExtensions(packet, header)
        while let element = elements.next() {
            if element.id == id { return element.range }
        }
        return nil
    }
}
