import COpenSSL

/// An OpenSSL cipher context of its own, holding one expanded key; OpenSSL wipes it when it is freed.
struct CipherContext: ~Copyable {
    private let context: OpaquePointer
    private let isEncrypting: Bool

    init(_ cipher: OpaquePointer?, encrypting: Bool) throws(ProtectionKeyError) {
        guard let context = EVP_CIPHER_CTX_new() else { throw .cipherUnavailable }
        guard EVP_CipherInit_ex(context, cipher, nil, nil, nil, encrypting ? 1 : 0) == 1 else {
            EVP_CIPHER_CTX_free(context)
            ERR_clear_error()
            throw .cipherUnavailable
        }
        self.context = context
        isEncrypting = encrypting
    }

    deinit {
        // Safe because this value alone owns the context.
        EVP_CIPHER_CTX_free(context)
    }

    /// Expands a key of the cipher's length.
    borrowing func setKey(_ key: UnsafeRawBufferPointer) -> Bool {
        guard let bytes = key.baseAddress, key.count == Int(EVP_CIPHER_CTX_get_key_length(context)) else {
            return false
        }
        let expanded = EVP_CipherInit_ex(
            context,
            nil,
            nil,
            bytes.assumingMemoryBound(to: UInt8.self),
            nil,
            isEncrypting ? 1 : 0
        )
        return expanded == 1
    }

    /// Runs a counter-mode cipher from the counter block `iv` (16 bytes).
    ///
    /// `output` may be `input`.
    borrowing func counter(
        iv: UnsafeRawPointer,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int
    ) -> Bool {
        guard begin(iv) else { return false }
        return update(output, input, count)
    }

    /// AES-GCM from a 12-byte `iv`; `tag` receives 16 bytes.
    ///
    /// `output` may be `input`.
    borrowing func seal(
        iv: UnsafeRawPointer,
        associated: UnsafeRawBufferPointer,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int,
        tag: UnsafeMutableRawPointer
    ) -> Bool {
        guard begin(iv), authenticate(associated), update(output, input, count), finish() else {
            return false
        }
        return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1
    }

    /// The reverse; `false` if the 16 bytes of `tag` are not those of the message.
    borrowing func open(
        iv: UnsafeRawPointer,
        associated: UnsafeRawBufferPointer,
        bytes: UnsafeMutableRawPointer,
        count: Int,
        tag: UnsafeMutableRawPointer
    ) -> Bool {
        guard begin(iv), EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1 else {
            return false
        }
        return authenticate(associated) && update(bytes, UnsafeRawPointer(bytes), count) && finish()
    }

    private borrowing func begin(_ iv: UnsafeRawPointer) -> Bool {
        let bytes = iv.assumingMemoryBound(to: UInt8.self)
        return EVP_CipherInit_ex(context, nil, nil, nil, bytes, isEncrypting ? 1 : 0) == 1
    }

    private borrowing func authenticate(_ associated: UnsafeRawBufferPointer) -> Bool {
        guard let bytes = associated.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return true }
        var written: Int32 = 0
        return EVP_CipherUpdate(context, nil, &written, bytes, Int32(truncatingIfNeeded: associated.count))
            == 1
    }

    private borrowing func update(
        _ output: UnsafeMutableRawPointer,
        _ input: UnsafeRawPointer,
        _ count: Int
    ) -> Bool {
        guard count > 0 else { return true }
        var written: Int32 = 0
        return EVP_CipherUpdate(
            context,
            output.assumingMemoryBound(to: UInt8.self),
            &written,
            input.assumingMemoryBound(to: UInt8.self),
            Int32(truncatingIfNeeded: count)
        ) == 1
    }

    private borrowing func finish() -> Bool {
        // GCM writes nothing here; the room is there because the call wants an address.
        var room: UInt64 = 0
        var written: Int32 = 0
        return withUnsafeMutableBytes(of: &room) { room in
            EVP_CipherFinal_ex(context, room.baseAddress?.assumingMemoryBound(to: UInt8.self), &written) == 1
        }
    }
}
