import Crypto
import Recordings

/// The records of a file as anybody sees them who has no key, and who can compute what is no secret.
struct RecordingLayout {
    static let headerLength = 28
    private static let frameLength = 20
    private static let slots = [48..<619, 619..<1190]

    let bytes: [UInt8]
    let records: [Range<Int>]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var found: [Range<Int>] = []
        var start = Self.headerLength
        while start + Self.frameLength <= bytes.count, (1...3).contains(bytes[start]) {
            let end = start + Self.frameLength + Int(Self.number(bytes, at: start + 4))
            found.append(start..<end)
            start = end
        }
        records = found
    }

    var header: ArraySlice<UInt8> { bytes[..<Self.headerLength] }
    /// What follows the last record.
    var rest: ArraySlice<UInt8> { bytes[(records.last?.upperBound ?? Self.headerLength)...] }

    subscript(_ record: Int) -> ArraySlice<UInt8> { bytes[records[record]] }

    func kind(_ record: Int) -> UInt8 { bytes[records[record].lowerBound] }

    func number(_ record: Int) -> UInt32 { Self.number(bytes, at: records[record].lowerBound + 8) }

    func counter(_ record: Int) -> UInt32 { Self.number(bytes, at: records[record].lowerBound + 12) }

    /// A segment's record under another number, as another file's if its header is given, and with a check that fits.
    static func renumbered(
        _ record: ArraySlice<UInt8>,
        _ number: UInt32,
        header: ArraySlice<UInt8>
    ) -> [UInt8] {
        var record = Array(record)
        for index in 0..<4 { record[8 + index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * index)) }
        return rechecked(record, header: header)
    }

    /// The record with the checks that it has to have under a header.
    static func rechecked(_ record: [UInt8], header: ArraySlice<UInt8>) -> [UInt8] {
        var record = record
        func recheck(_ range: Range<Int>) {
            let hash = SHA256.hash(
                data: header.suffix(16) + record[range.lowerBound..<(range.upperBound - 4)]
            )
            record.replaceSubrange((range.upperBound - 4)..<range.upperBound, with: Array(hash).prefix(4))
        }
        recheck(0..<frameLength)
        if record[0] == 1 {
            for slot in slots where record[slot].contains(where: { $0 != 0 }) { recheck(slot) }
        }
        return record
    }

    private static func number(_ bytes: [UInt8], at place: Int) -> UInt32 {
        bytes[place..<(place + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
