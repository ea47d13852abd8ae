import RTPPackets

extension VideoPacketizer {
    // RTP Payload Format for AV1, section 4.4: the aggregation header, then OBU elements.
    //
    //      0 1 2 3 4 5 6 7
    //     |Z|Y|W W|N|-|-|-|   Z and Y the first and last element are parts, N on a keyframe's first
    //     | length        |   leb128, of each element but the last: W says how many there are, up to three
    //     | element       |
    func packetizeAV1(_ frame: EncodedFrame) -> [[UInt8]] {
        guard let unit = AV1TemporalUnit(reading: frame.bytes) else { return [] }
        var packing = AV1Packing(limit: maximumPayloadBytes, startsSequence: frame.isKeyframe)
        for unit in unit.units { packing.add(Self.withoutSize(unit)) }
        return packing.finish()
    }

    /// An OBU of a temporal unit as an element has it: the element says how long it is.
    private static func withoutSize(_ unit: [UInt8]) -> [UInt8] {
        let headBytes = unit[0] & 0x04 != 0 ? 2 : 1
        var offset = headBytes
        _ = LEB128.decode(unit, advancing: &offset)
        return [unit[0] & ~0x02] + unit[1..<headBytes] + unit[offset...]
    }
}

/// Fills payloads with OBU elements, none longer than `limit`.
private struct AV1Packing {
    let limit: Int
    let startsSequence: Bool
    private var payloads: [[UInt8]] = []
    private var elements: [ArraySlice<UInt8>] = []
    private var continuesFragment = false

    /// As many as W can count.
    private static let maximumElements = 3
    /// Less of an OBU than this is not worth an element of its own.
    private static let leastPart = 16

    init(limit: Int, startsSequence: Bool) {
        self.limit = limit
        self.startsSequence = startsSequence
    }

    /// Bytes that another element may have, if those before it get lengths.
    private var room: Int {
        limit - 1 - elements.reduce(0) { $0 + $1.count + LEB128.bytes(of: $1.count).count }
    }

    mutating func add(_ unit: [UInt8]) {
        var rest = unit[...]
        while !rest.isEmpty {
            let isFull = elements.count == Self.maximumElements || room < min(rest.count, Self.leastPart)
            if isFull { flush(continues: false) }
            let part = rest.prefix(room)
            rest = rest.dropFirst(part.count)
            elements.append(part)
            if !rest.isEmpty { flush(continues: true) }
        }
    }

    mutating func finish() -> [[UInt8]] {
        flush(continues: false)
        return payloads
    }

    private mutating func flush(continues: Bool) {
        guard !elements.isEmpty else { return }
        var header = UInt8(elements.count) << 4
        if continuesFragment { header |= 0x80 }
        if continues { header |= 0x40 }
        if payloads.isEmpty, startsSequence { header |= 0x08 }
        var payload = [header]
        for (index, element) in elements.enumerated() {
            if index < elements.count - 1 { payload += LEB128.bytes(of: element.count) }
            payload += element
        }
        payloads.append(payload)
        elements = []
        continuesFragment = continues
    }
}
