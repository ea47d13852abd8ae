import Primitives
import RTPPackets

/// A decrypted RTP packet: header, extensions, padding, and the same header written again.
@discardableResult
package func fuzzRTP(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    let span = bytes.span.bytes
    let header: RTPHeader
    do {
        header = try RTPHeader(parsing: span)
    } catch {
        try demand(RTPHeader.paddingLength(of: span) == nil, "what has no header has no padding")
        return false
    }
    try demand(header.payloadOffset >= RTPHeader.fixedByteCount, "a payload comes behind the header")
    try demand(header.payloadOffset <= bytes.count, "a payload begins in the packet")
    try demand(
        header.extensionRange.upperBound <= header.payloadOffset,
        "an extension ends before the payload"
    )
    let elements = try walkElements(span, header)
    try checkRewriting(span, header, elements)

    let range: Range<Int>
    do {
        range = try header.payloadRange(in: span)
    } catch {
        try demand(header.hasPadding, "only padding spoils a payload")
        return false
    }
    try demand(
        range.lowerBound == header.payloadOffset && range.upperBound <= bytes.count,
        "a payload lies in the packet"
    )
    let padding = try demandValue(RTPHeader.paddingLength(of: span), "a payload leaves a padding")
    let stated = header.hasPadding ? Int(bytes[bytes.count - 1]) : 0
    try demand(padding == stated, "padding is as long as its last byte says, if the header speaks of it")
    try demand(range.upperBound + padding == bytes.count, "padding is what follows the payload")
    try checkRetransmission(span.bytes(range))
    return true
}

/// Bytes as the body of a header extension, in the one-byte and in the two-byte form.
@discardableResult
package func fuzzHeaderExtensions(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    // The length field counts words in 16 bits.
    let body = bytes.prefix(4 * Int(UInt16.max))
    let words = (body.count + 3) / 4
    var found = 0
    for profile in [RTPHeaderExtensions.oneByteProfile, RTPHeaderExtensions.twoByteProfile, 0xABCD] {
        var writer = ByteWriter(reservingCapacity: body.count + 20)
        writer.write([0x90, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3] as [UInt8])
        writer.write(profile)
        writer.write(UInt16(truncatingIfNeeded: words))
        writer.write(body)
        writer.write(repeatElement(0, count: words * 4 - body.count))
        let packet = writer.bytes.span.bytes
        guard let header = try? RTPHeader(parsing: packet) else {
            throw BrokenInvariant("an extension of whole words is well-formed")
        }
        let elements = try walkElements(packet, header)
        if profile == 0xABCD { try demand(elements.isEmpty, "an unknown profile has no elements") }
        try checkRewriting(packet, header, elements)
        found += elements.count
        readElements(packet, elements)
    }
    return found > 0
}

/// Walks the elements: each lies behind the one before it, inside the extension.
private func walkElements(
    _ packet: RawSpan,
    _ header: RTPHeader
) throws(BrokenInvariant) -> [HeaderExtensionElement] {
    var walk = RTPHeaderExtensions(packet, header)
    var found: [HeaderExtensionElement] = []
    var end = header.extensionRange.lowerBound
    while let element = walk.next() {
        try demand(element.id != 0, "0 is padding")
        try demand(element.range.lowerBound > end, "an element has a header before its data")
        try demand(
            element.range.upperBound <= header.extensionRange.upperBound,
            "an element lies in the extension"
        )
        end = element.range.upperBound
        found.append(element)
    }
    try demand(walk.next() == nil, "a walk that has ended stays ended")
    for element in found {
        let first = found.first { $0.id == element.id }
        let range = RTPHeaderExtensions.find(id: element.id, in: packet, header: header)
        try demand(range == first?.range, "find answers the first element of a number")
    }
    return found
}

/// Writes the header again: the fixed part and the elements read back as they were.
private func checkRewriting(
    _ packet: RawSpan,
    _ header: RTPHeader,
    _ elements: [HeaderExtensionElement]
) throws(BrokenInvariant) {
    let room = elements.reduce(RTPHeader.fixedByteCount + 8) { $0 + $1.range.count + 2 }
    var buffer = [UInt8](repeating: 0xEE, count: room)
    // Data of one element is copied from the packet, so the closure borrows both.
    let length: Int? = buffer.withUnsafeMutableBytes { buffer in
        var writer = RTPHeaderWriter(into: buffer)
        writer.writeFixed(
            marker: header.marker,
            payloadType: header.payloadType,
            sequenceNumber: header.sequenceNumber,
            timestamp: header.timestamp,
            ssrc: header.ssrc
        )
        for element in elements {
            guard writer.appendExtension(id: element.id, copying: element.range, of: packet) else {
                return nil
            }
        }
        return writer.finish()
    }
    let written = try demandValue(length, "elements that were read can be written")
    try demand(written <= room, "a header lies in its buffer")
    let copy = Array(buffer[..<written])
    guard let again = try? RTPHeader(parsing: copy.span.bytes) else {
        throw BrokenInvariant("a header that was written can be read")
    }
    try demand(
        again.marker == header.marker && again.payloadType == header.payloadType
            && again.sequenceNumber == header.sequenceNumber && again.timestamp == header.timestamp
            && again.ssrc == header.ssrc && !again.hasPadding && again.csrcCount == 0
            && again.payloadOffset == written,
        "a header reads back as it was written"
    )
    let others = try walkElements(copy.span.bytes, again)
    try demand(others.count == elements.count, "as many elements read back as were written")
    for (mine, other) in zip(elements, others) {
        try demand(
            mine.id == other.id && packet.bytes(mine.range) == copy.span.bytes.bytes(other.range),
            "an element reads back as it was written"
        )
    }
}

/// Reads every element as everything it could be.
private func readElements(_ packet: RawSpan, _ elements: [HeaderExtensionElement]) {
    var structure: DependencyStructure?
    for element in elements {
        _ = AbsoluteSendTime(in: packet, at: element.range)
        let data = packet.extracting(element.range)
        guard let descriptor = DependencyDescriptor(parsing: data, structure: structure) else { continue }
        if let attached = descriptor.attachedStructure { structure = attached }
    }
}

private func checkRetransmission(_ payload: [UInt8]) throws(BrokenInvariant) {
    guard let original = RTXPayload.originalSequenceNumber(in: payload.span.bytes) else {
        try demand(payload.count < RTXPayload.headerByteCount, "two bytes are an original sequence number")
        return
    }
    var copy = payload
    copy.withUnsafeMutableBytes { RTXPayload.write(originalSequenceNumber: original, into: $0) }
    try demand(copy == payload, "an original sequence number is written as it is read")
}
