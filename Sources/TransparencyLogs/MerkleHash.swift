/// A SHA-256 value: the hash of a leaf, of an inner node or of a whole tree (RFC 6962 section 2.1).
package struct MerkleHash: Sendable, Hashable {
    /// Bytes of every hash.
    package static let byteCount = 32

    let words: InlineWords

    /// The four words of a hash, in network order.
    struct InlineWords: Sendable, Hashable {
        let first, second, third, fourth: UInt64
    }

    init(words: InlineWords) {
        self.words = words
    }

    /// `nil` unless there are 32 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var iterator = bytes.makeIterator()
        func word() -> UInt64 {
            var value = 0 as UInt64
            for _ in 0..<8 { value = value << 8 | UInt64(iterator.next() ?? 0) }
            return value
        }
        words = InlineWords(first: word(), second: word(), third: word(), fourth: word())
    }

    /// The hash of a tree without leaves.
    package static let emptyTree = MerkleHash(sha256Of: [])

    /// The hash of a leaf: its bytes behind a zero, so that no leaf can pass for a node.
    package static func leaf(_ entry: [UInt8]) -> MerkleHash {
        var message: [UInt8] = []
        message.reserveCapacity(entry.count + 1)
        message.append(0x00)
        message.append(contentsOf: entry)
        return MerkleHash(sha256Of: message)
    }

    /// The hash of the node above `left` and `right`.
    package static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
        var message: [UInt8] = []
        message.reserveCapacity(1 + 2 * byteCount)
        message.append(0x01)
        left.append(to: &message)
        right.append(to: &message)
        return MerkleHash(sha256Of: message)
    }

    /// The hash of the complete subtree over `hashes`, a power of two of them.
    package static func complete(over hashes: some Collection<MerkleHash>) -> MerkleHash {
        precondition(hashes.count.nonzeroBitCount == 1, "\(hashes.count) is no power of two")
        var row = Array(hashes)
        while row.count > 1 {
            row = (0..<row.count / 2).map { node(row[2 * $0], row[2 * $0 + 1]) }
        }
        return row[0]
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        append(to: &bytes)
        return bytes
    }

    package func append(to bytes: inout [UInt8]) {
        for word in [words.first, words.second, words.third, words.fourth] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
    }

    /// 64 lowercase hexadecimal digits.
    package var hexadecimal: String { Hexadecimal.encode(bytes) }
}

extension MerkleHash: CustomStringConvertible {
    package var description: String { hexadecimal }
}
