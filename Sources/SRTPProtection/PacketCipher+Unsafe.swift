import COpenSSL

#if TALLY_MULTI_BUFFER
import CMultiBuffer
#endif

extension PacketCipher {
    /// What `secrets` holds: the salt (12 or 14 bytes and zeros), then by mode an expanded key and the
    /// SHA-1 states of the HMAC.
    ///
    /// The key starts on a cache line.
    enum Layout {
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
        keys: borrowing SessionKeys,
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
                extendLifetime(unused)
            }
        }
        #endif
        extendLifetime(keys)
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

    borrowing func saltWord(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: secrets.base.load(fromByteOffset: offset, as: UInt64.self))
    }

    borrowing func withBlock(
        _ high: UInt64,
        _ low: UInt64,
        _ body: (UnsafeRawPointer) -> Bool
    ) -> Bool {
        var block = (high.bigEndian, low.bigEndian)
        return withUnsafePointer(to: &block) { body(UnsafeRawPointer($0)) }
    }
}
