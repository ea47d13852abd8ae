import COpenSSL

/// Bytes of key material on the heap, wiped before their memory serves again.
struct SecretBytes: ~Copyable {
    /// The first byte, aligned to 64.
    let base: UnsafeMutableRawPointer
    let count: Int

    /// `count` zero bytes.
    init(count: Int) {
        // The multi-buffer library wants an expanded key on a cache line.
        base = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        self.count = count
    }

    deinit {
        // Safe because this value alone owns the block, and nothing outlives it.
        OPENSSL_cleanse(base, count)
        base.deallocate()
    }
}
