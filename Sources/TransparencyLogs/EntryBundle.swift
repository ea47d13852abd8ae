/// The entries of up to 256 consecutive leaves, as one file (C2SP tlog-tiles): each behind its length.
package enum EntryBundle {
    /// Most bytes of an entry: its length has 16 bits.
    package static let longestEntry = Int(UInt16.max)

    /// The file of `entries`, none of which is longer than `longestEntry`.
    package static func encode(_ entries: some Sequence<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            precondition(entry.count <= longestEntry, "an entry of \(entry.count) bytes")
            bytes.append(UInt8(truncatingIfNeeded: entry.count >> 8))
            bytes.append(UInt8(truncatingIfNeeded: entry.count))
            bytes.append(contentsOf: entry)
        }
        return bytes
    }

    /// The entries of a file; `nil` unless there are exactly `count` and nothing behind them.
    package static func decode(_ bytes: [UInt8], count: Int) -> [[UInt8]]? {
        var entries: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard entries.count < count, rest.count >= 2 else { return nil }
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            rest = rest.dropFirst(2)
            guard rest.count >= length else { return nil }
            entries.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return entries.count == count ? entries : nil
    }
}
