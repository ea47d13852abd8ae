import COpenSSL

#if TALLY_MULTI_BUFFER
import CMultiBuffer
#endif

extension PacketCipher {
    borrowing func counter(
        source: UInt32,
        index: UInt64,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int
    ) -> Bool {
        guard count > 0 else { return true }
        // IV = (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16) (RFC 3711 4.1.1).
        return withBlock(saltWord(0) ^ UInt64(source), saltWord(8) ^ (index << 16)) { block in
            #if TALLY_MULTI_BUFFER
            if mode == .multiBufferCounter {
                guard let library else { return false }
                tally_aes_counter(library, secrets.base + Layout.key, block, input, output, count)
                return true
            }
            #endif
            return context?.counter(iv: block, input: input, output: output, count: count) ?? false
        }
    }

    /// Encrypts as `sealRTP` does, and leaves the ROC where the tag is to stand: so far the HMAC reaches
    /// (RFC 3711 4.2).
    borrowing func encryptRTP(
        _ packet: UnsafeMutableRawPointer,
        headerLength: Int,
        payload: UnsafeRawBufferPointer,
        source: UInt32,
        index: UInt64
    ) -> Bool {
        let body = packet + headerLength
        let input = payload.baseAddress ?? UnsafeRawPointer(body)
        guard counter(source: source, index: index, input: input, output: body, count: payload.count) else {
            return false
        }
        let rollover = UInt32(truncatingIfNeeded: index >> 16)
        (body + payload.count).storeBytes(of: rollover.bigEndian, as: UInt32.self)
        return true
    }

    borrowing func writeTag(
        _ tag: UnsafeMutableRawPointer,
        of packet: UnsafeMutableRawPointer,
        count: Int,
        trailer: UInt32
    ) {
        // The digest is longer than the tag, and the next packet may begin right behind the tag.
        withDigest(of: packet, count: count, trailer: trailer) { digest in
            tag.copyMemory(from: digest, byteCount: tagLength)
        }
    }

    borrowing func isTag(
        _ tag: UnsafeRawPointer,
        of packet: UnsafeMutableRawPointer,
        count: Int,
        trailer: UInt32
    ) -> Bool {
        withDigest(of: packet, count: count, trailer: trailer) { digest in
            CRYPTO_memcmp(digest, tag, tagLength) == 0
        }
    }

    /// HMAC-SHA1 over the packet and the ROC, or the word with the index (RFC 3711 4.2).
    private borrowing func withDigest<Result>(
        of packet: UnsafeMutableRawPointer,
        count: Int,
        trailer: UInt32,
        _ body: (UnsafeRawPointer) -> Result
    ) -> Result {
        var digest: (UInt64, UInt64, UInt32) = (0, 0, 0)
        var trailer = trailer.bigEndian
        return withUnsafeMutablePointer(to: &digest) { digest in
            tally_hmac_sha1(
                hashState(at: Layout.inner),
                hashState(at: Layout.outer),
                packet,
                count,
                &trailer,
                digest
            )
            return body(UnsafeRawPointer(digest))
        }
    }

    borrowing func hashState(at offset: Int) -> UnsafeMutablePointer<SHA_CTX> {
        // Safe because the offsets are multiples of SHA_CTX's alignment within memory that holds nothing else.
        (secrets.base + offset).assumingMemoryBound(to: SHA_CTX.self)
    }
}
