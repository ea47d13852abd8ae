/// H.264 byte streams (ITU-T H.264 Annex B): NAL units between start codes.
package enum AnnexB {
    /// The start code that `join` writes before each NAL unit.
    package static let startCode: [UInt8] = [0, 0, 0, 1]

    /// The NAL units of `bytes`, in order, without start codes and trailing zeros; bytes before the first are ignored.
    package static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var units: [ArraySlice<UInt8>] = []
        var start: Int?
        var zeros = 0
        func close(at end: Int) {
            guard let from = start else { return }
            var end = end
            while end > from, bytes[end - 1] == 0 { end -= 1 }
            if end > from { units.append(bytes[from..<end]) }
        }
        for (index, byte) in bytes.enumerated() {
            if byte == 1, zeros >= 2 {
                close(at: index - zeros)
                start = index + 1
            }
            zeros = byte == 0 ? zeros + 1 : 0
        }
        close(at: bytes.count)
        return units
    }

    /// One byte stream of NAL units.
    package static func join(_ units: [some Collection<UInt8>]) -> [UInt8] {
        var bytes: [UInt8] = []
        for unit in units {
            bytes += startCode
            bytes += unit
        }
        return bytes
    }
}
