import Primitives
import RTPPackets

extension PayloadPart {
    /// The aggregation header and the OBU elements behind it (RTP Payload Format for AV1 4.3 and 4.4).
    init?(av1 payload: [UInt8]) {
        guard let header = AV1Payload(parsing: payload.span.bytes) else { return nil }
        fragment =
            switch (header.continuesFragment, header.continues) {
            case (false, false): .whole
            case (false, true): .start
            case (true, true): .middle
            case (true, false): .end
            }
        var offset = 1
        var element = 0
        while offset < payload.count {
            element += 1
            var count = payload.count - offset
            if header.elementCount == 0 || element < Int(header.elementCount) {
                guard let length = LEB128.decode(payload, advancing: &offset),
                    length <= payload.count - offset
                else {
                    return nil
                }
                count = length
            }
            if element > 1 || !header.continuesFragment {
                // An element without bytes would have no OBU header.
                guard count > 0 else { return nil }
                unitStarts.append(bytes.count)
            }
            bytes += payload[offset..<(offset + count)]
            offset += count
        }
        guard !bytes.isEmpty else { return nil }
        startsFrame =
            header.startsSequence || (!header.continuesFragment && header.startsSequenceHeader(bytes))
    }
}

extension AV1Payload {
    /// Whether the first OBU of `bytes` is a sequence header or a temporal delimiter, which begin a temporal unit.
    fileprivate func startsSequenceHeader(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        let type = first >> 3 & 0x0F
        return type == UnitType.sequenceHeader || type == UnitType.temporalDelimiter
    }
}
