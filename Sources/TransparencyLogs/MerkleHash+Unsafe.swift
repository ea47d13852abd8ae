import Crypto

extension MerkleHash {
    /// The SHA-256 of `bytes`, without any prefix.
    package init(sha256Of bytes: [UInt8]) {
        var hasher = SHA256()
        // Safe because the pointer is only read, within the call.
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        // Safe because a SHA-256 digest has 32 bytes, and loads need no alignment.
        words = hasher.finalize().withUnsafeBytes { digest in
            func word(_ index: Int) -> UInt64 {
                UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
            }
            return InlineWords(first: word(0), second: word(1), third: word(2), fourth: word(3))
        }
    }
}
