import MediaCodecs

/// An RTP packetizer of AV1 after the payload format's text (4.3 to 4.5), apart from anything in `Sources`.
struct AV1TestPacketizer {
    /// How elements are told apart.
    enum Form: CaseIterable {
        /// W is 0 and each element has a length.
        case lengths
        /// W counts up to three elements, the last of which has no length.
        case counted
    }

    var form: Form
    var limit: Int
    /// OBUs keep the sizes that they have in files, which the format only discourages.
    var keepsSizes = false
    var keepsDelimiter = false

    private struct Unit {
        var bytes: [UInt8]
        var type: UInt8
    }

    /// OBUs of a temporal unit with sizes.
    private func units(_ temporalUnit: [UInt8]) -> [Unit] {
        var units: [Unit] = []
        var offset = 0
        while offset < temporalUnit.count {
            let header = temporalUnit[offset]
            let headBytes = header & 0x04 != 0 ? 2 : 1
            var (size, sizeBytes) = (0, 0)
            repeat {
                size |= Int(temporalUnit[offset + headBytes + sizeBytes] & 0x7F) << (7 * sizeBytes)
                sizeBytes += 1
            } while temporalUnit[offset + headBytes + sizeBytes - 1] & 0x80 != 0
            let end = offset + headBytes + sizeBytes + size
            let type = header >> 3 & 0x0F
            var bytes = Array(temporalUnit[offset..<end])
            if !keepsSizes {
                bytes.removeSubrange(headBytes..<(headBytes + sizeBytes))
                bytes[0] &= ~0x02
            }
            if type != 2 || keepsDelimiter { units.append(Unit(bytes: bytes, type: type)) }
            offset = end
        }
        return units
    }

    func packetize(_ temporalUnit: [UInt8], startsSequence: Bool) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var elements: [[UInt8]] = []
        var continuesFragment = false
        func room() -> Int { limit - 1 - elements.reduce(0) { $0 + $1.count + 2 } - 2 }
        func flush(continues: Bool) {
            guard !elements.isEmpty else { return }
            var header: UInt8 = (continuesFragment ? 0x80 : 0) | (continues ? 0x40 : 0)
            if payloads.isEmpty, startsSequence { header |= 0x08 }
            let isCounted = form == .counted && elements.count <= 3
            if isCounted { header |= UInt8(elements.count) << 4 }
            var payload = [header]
            for (index, element) in elements.enumerated() {
                if !isCounted || index < elements.count - 1 { payload += LEB128.bytes(of: element.count) }
                payload += element
            }
            payloads.append(payload)
            elements = []
            continuesFragment = continues
        }
        for unit in units(temporalUnit) {
            var rest = unit.bytes[...]
            while !rest.isEmpty {
                if room() < 8 { flush(continues: false) }
                let part = rest.prefix(room())
                rest = rest.dropFirst(part.count)
                elements.append(Array(part))
                if !rest.isEmpty { flush(continues: true) }
            }
        }
        flush(continues: false)
        return payloads
    }
}
