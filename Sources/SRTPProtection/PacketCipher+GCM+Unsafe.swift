import COpenSSL

#if TALLY_MULTI_BUFFER
import CMultiBuffer
#endif

extension PacketCipher {
    borrowing func gcmSeal(
        source: UInt32,
        index: UInt64,
        associated: UnsafeRawBufferPointer,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int,
        tag: UnsafeMutableRawPointer
    ) -> Bool {
        withGCMNonce(source: source, index: index) { nonce in
            #if TALLY_MULTI_BUFFER
            if mode == .multiBufferGCM {
                guard let library else { return false }
                tally_gcm_encrypt(
                    library,
                    secrets.base + Layout.key,
                    nonce,
                    associated.baseAddress,
                    associated.count,
                    input,
                    output,
                    count,
                    tag
                )
                return true
            }
            #endif
            return context?.seal(
                iv: nonce,
                associated: associated,
                input: input,
                output: output,
                count: count,
                tag: tag
            ) ?? false
        }
    }

    borrowing func gcmOpen(
        source: UInt32,
        index: UInt64,
        associated: UnsafeRawBufferPointer,
        bytes: UnsafeMutableRawPointer,
        count: Int,
        tag: UnsafeMutableRawPointer
    ) -> Bool {
        let isAuthentic = withGCMNonce(source: source, index: index) { nonce in
            #if TALLY_MULTI_BUFFER
            if mode == .multiBufferGCM {
                guard let library else { return false }
                var expected: (UInt64, UInt64) = (0, 0)
                return withUnsafeMutableBytes(of: &expected) { expected in
                    tally_gcm_decrypt(
                        library,
                        secrets.base + Layout.key,
                        nonce,
                        associated.baseAddress,
                        associated.count,
                        bytes,
                        bytes,
                        count,
                        expected.baseAddress
                    )
                    return CRYPTO_memcmp(expected.baseAddress, tag, 16) == 0
                }
            }
            #endif
            return context?.open(iv: nonce, associated: associated, bytes: bytes, count: count, tag: tag)
                ?? false
        }
        // Decrypted but not authentic: nobody may read it (RFC 5116 2.2).
        if !isAuthentic { bytes.initializeMemory(as: UInt8.self, repeating: 0, count: count) }
        return isAuthentic
    }

    /// A packet with the E bit clear is authenticated and not encrypted: all of it is associated data, and
    /// the word too (RFC 7714 9.3).
    ///
    /// The tag between them is lifted out so that they lie in one piece.
    borrowing func gcmVerifyControl(
        _ start: UnsafeMutableRawPointer,
        plainLength: Int,
        source: UInt32,
        word: UInt32
    ) -> Bool {
        let end = start + plainLength
        var tag = end.loadUnaligned(as: (UInt64, UInt64).self)
        end.storeBytes(of: word.bigEndian, as: UInt32.self)
        return withUnsafeMutableBytes(of: &tag) { tag in
            guard let tag = tag.baseAddress else { return false }
            return gcmOpen(
                source: source,
                index: UInt64(word & 0x7FFF_FFFF),
                associated: UnsafeRawBufferPointer(start: start, count: plainLength + 4),
                bytes: end + 4,
                count: 0,
                tag: tag
            )
        }
    }

    /// An encrypted RTCP packet's associated data: its first 8 bytes and the word (RFC 7714 9.2).
    borrowing func withControlAssociated(
        _ header: UnsafeMutableRawPointer,
        word: UInt32,
        _ body: (UnsafeRawBufferPointer) -> Bool
    ) -> Bool {
        var associated: (UInt32, UInt32, UInt32) = (
            header.loadUnaligned(as: UInt32.self), header.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
            word.bigEndian
        )
        return withUnsafeBytes(of: &associated, body)
    }

    /// 00 00 | SSRC | ROC | SEQ, or 00 00 | SSRC | 00 00 | index, XOR salt (RFC 7714 8.1, 9.1).
    private borrowing func withGCMNonce(
        source: UInt32,
        index: UInt64,
        _ body: (UnsafeRawPointer) -> Bool
    ) -> Bool {
        let high = saltWord(0) ^ (UInt64(source) << 16 | index >> 32)
        let low = saltWord(8) ^ (index << 32)
        return withBlock(high, low, body)
    }
}
