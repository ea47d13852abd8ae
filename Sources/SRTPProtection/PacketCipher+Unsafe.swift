import COpenSSL

#if TALLY_MULTI_BUFFER
import CMultiBuffer
#endif

extension PacketCipher {
    /// What `secrets` holds: the salt (12 or 14 bytes and zeros), then by mode an expanded key and the
    /// SHA-1 states of the HMAC. The key starts on a cache line.
    private enum Layout {
        static let key = 64
        static let counterKeyBytes = 176
        static let gcmKeyBytes = 1024
        static let hashState = MemoryLayout<SHA_CTX>.stride
        static let inner = key + counterKeyBytes
        static let outer = inner + hashState
        static let counterTotal = outer + hashState
    }

    init(
        _ profile: SRTPProfile,
        keys: consuming SessionKeys,
        backend: CipherBackend,
        direction: Direction
    ) throws(ProtectionKeyError) {
        library = backend == .multiBuffer ? MultiBufferLibrary.entry : nil
        switch (profile, library != nil) {
        case (.aeadAES128GCM, false):
            mode = .portableGCM
            secrets = SecretBytes(count: 16)
            context = try Self.openSSL(
                EVP_aes_128_gcm(),
                key: keys.encryptionKey,
                encrypting: direction == .outbound
            )
        case (.aesCM128HMACSHA1Tag80, false):
            mode = .portableCounter
            secrets = SecretBytes(count: Layout.counterTotal)
            context = try Self.openSSL(EVP_aes_128_ctr(), key: keys.encryptionKey, encrypting: true)
        case (.aeadAES128GCM, true):
            mode = .multiBufferGCM
            secrets = SecretBytes(count: Layout.key + Layout.gcmKeyBytes)
            context = nil
        case (.aesCM128HMACSHA1Tag80, true):
            mode = .multiBufferCounter
            secrets = SecretBytes(count: Layout.counterTotal)
            context = nil
        }
        secrets.base.copyMemory(from: keys.paddedSalt, byteCount: 16)
        if profile == .aesCM128HMACSHA1Tag80 {
            tally_hmac_sha1_start(
                hashState(at: Layout.inner),
                hashState(at: Layout.outer),
                keys.authenticationKey,
                SessionKeys.authenticationKeyLength
            )
        }
        #if TALLY_MULTI_BUFFER
        if let library {
            if profile == .aeadAES128GCM {
                tally_gcm_expand(library, keys.encryptionKey, secrets.base + Layout.key)
            } else {
                let unused = SecretBytes(count: Layout.counterKeyBytes)
                tally_aes_expand(library, keys.encryptionKey, secrets.base + Layout.key, unused.base)
            }
        }
        #endif
    }

    /// Encrypts `payload` to behind the header that stands at `packet`, and the tag behind that.
    borrowing func sealRTP(
        _ packet: UnsafeMutableRawPointer,
        headerLength: Int,
        payload: UnsafeRawBufferPointer,
        source: UInt32,
        index: UInt64
    ) -> Bool {
        let body = packet + headerLength
        let input = payload.baseAddress ?? UnsafeRawPointer(body)
        switch mode {
        case .portableGCM, .multiBufferGCM:
            return gcmSeal(
                source: source,
                index: index,
                associated: UnsafeRawBufferPointer(start: packet, count: headerLength),
                input: input,
                output: body,
                count: payload.count,
                tag: body + payload.count
            )
        case .portableCounter, .multiBufferCounter:
            guard counter(source: source, index: index, input: input, output: body, count: payload.count)
            else { return false }
            let rollover = UInt32(truncatingIfNeeded: index >> 16)
            writeTag(
                body + payload.count,
                of: packet,
                count: headerLength + payload.count,
                trailer: rollover
            )
            return true
        }
    }

    /// Decrypts in place a packet that is at least header and tag; `false` if it is not authentic.
    borrowing func openRTP(
        _ packet: UnsafeMutableRawBufferPointer,
        headerLength: Int,
        source: UInt32,
        index: UInt64
    ) -> Bool {
        guard let start = packet.baseAddress else { return false }
        let body = start + headerLength
        let count = packet.count - headerLength - tagLength
        switch mode {
        case .portableGCM, .multiBufferGCM:
            return gcmOpen(
                source: source,
                index: index,
                associated: UnsafeRawBufferPointer(start: start, count: headerLength),
                bytes: body,
                count: count,
                tag: body + count
            )
        case .portableCounter, .multiBufferCounter:
            let rollover = UInt32(truncatingIfNeeded: index >> 16)
            guard
                isTag(
                    UnsafeRawPointer(body + count),
                    of: start,
                    count: headerLength + count,
                    trailer: rollover
                )
            else { return false }
            return counter(
                source: source,
                index: index,
                input: UnsafeRawPointer(body),
                output: body,
                count: count
            )
        }
    }

    /// Encrypts the RTCP packet at `input`, `count` bytes, to `output`, where its first 8 bytes already stand;
    /// `word` is the E bit and the index.
    borrowing func sealRTCP(
        _ output: UnsafeMutableRawPointer,
        from input: UnsafeRawPointer,
        count: Int,
        source: UInt32,
        word: UInt32
    ) -> Bool {
        let header = InboundProtection.controlHeaderLength
        let body = output + header
        let bodyCount = count - header
        let index = UInt64(word & 0x7FFF_FFFF)
        switch mode {
        case .portableGCM, .multiBufferGCM:
            (body + bodyCount + tagLength).storeBytes(of: word.bigEndian, as: UInt32.self)
            return withControlAssociated(output, word: word) { associated in
                gcmSeal(
                    source: source,
                    index: index,
                    associated: associated,
                    input: input + header,
                    output: body,
                    count: bodyCount,
                    tag: body + bodyCount
                )
            }
        case .portableCounter, .multiBufferCounter:
            guard
                counter(source: source, index: index, input: input + header, output: body, count: bodyCount)
            else { return false }
            (body + bodyCount).storeBytes(of: word.bigEndian, as: UInt32.self)
            writeTag(body + bodyCount + 4, of: output, count: count, trailer: word)
            return true
        }
    }

    /// Decrypts in place an RTCP packet of `plainLength` bytes and what protection added to it.
    borrowing func openRTCP(
        _ packet: UnsafeMutableRawBufferPointer,
        plainLength: Int,
        source: UInt32,
        word: UInt32
    ) -> Bool {
        guard let start = packet.baseAddress else { return false }
        let header = InboundProtection.controlHeaderLength
        let body = start + header
        let count = plainLength - header
        let index = UInt64(word & 0x7FFF_FFFF)
        let isEncrypted = word & 0x8000_0000 != 0
        switch mode {
        case .portableGCM, .multiBufferGCM:
            guard isEncrypted else {
                return gcmVerifyControl(start, plainLength: plainLength, source: source, word: word)
            }
            return withControlAssociated(start, word: word) { associated in
                gcmOpen(
                    source: source,
                    index: index,
                    associated: associated,
                    bytes: body,
                    count: count,
                    tag: body + count
                )
            }
        case .portableCounter, .multiBufferCounter:
            guard isTag(UnsafeRawPointer(body + count + 4), of: start, count: plainLength, trailer: word)
            else {
                return false
            }
            guard isEncrypted else { return true }
            return counter(
                source: source,
                index: index,
                input: UnsafeRawPointer(body),
                output: body,
                count: count
            )
        }
    }
}

// MARK: - AES-GCM

extension PacketCipher {
    private borrowing func gcmSeal(
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

    private borrowing func gcmOpen(
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
    /// the word too (RFC 7714 9.3). The tag between them is lifted out so that they lie in one piece.
    private borrowing func gcmVerifyControl(
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
    private borrowing func withControlAssociated(
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

// MARK: - AES-CM and HMAC-SHA1

extension PacketCipher {
    private borrowing func counter(
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

    private borrowing func writeTag(
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

    private borrowing func isTag(
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

    private borrowing func hashState(at offset: Int) -> UnsafeMutablePointer<SHA_CTX> {
        // Safe because the offsets are multiples of SHA_CTX's alignment within memory that holds nothing else.
        (secrets.base + offset).assumingMemoryBound(to: SHA_CTX.self)
    }
}

// MARK: - Blocks

extension PacketCipher {
    private static func openSSL(
        _ cipher: OpaquePointer?,
        key: UnsafeRawPointer,
        encrypting: Bool
    ) throws(ProtectionKeyError) -> CipherContext {
        let context = try CipherContext(cipher, encrypting: encrypting)
        guard context.setKey(UnsafeRawBufferPointer(start: key, count: 16)) else { throw .cipherUnavailable }
        return context
    }

    private borrowing func saltWord(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: secrets.base.load(fromByteOffset: offset, as: UInt64.self))
    }

    private borrowing func withBlock(
        _ high: UInt64,
        _ low: UInt64,
        _ body: (UnsafeRawPointer) -> Bool
    ) -> Bool {
        var block = (high.bigEndian, low.bigEndian)
        return withUnsafePointer(to: &block) { body(UnsafeRawPointer($0)) }
    }
}
