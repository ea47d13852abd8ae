import COpenSSL

#if TALLY_MULTI_BUFFER
import CMultiBuffer
#endif

/// Packets of one batch that are encrypted and want their HMAC-SHA1 tags, which cost a third if made side by side.
///
///     added:    header | ciphertext | ROC | 6 bytes, anything
///     written:  header | ciphertext | tag (10)
///
/// What the hash needs of a packet's keys is copied, so the keys may go in the meantime. The packets themselves
/// stay where they are until `writeAll` or `discard`.
package struct PendingTags: ~Copyable {
    /// Packets that wait at most; the next one has them written.
    static let capacity = 128
    /// Side by side takes as long for one packet as for all places (16 with AVX-512), which is as long as for four or
    /// five one by one.
    static let fewestSideBySide = 6

    private static let tagLength = SRTPProfile.aesCM128HMACSHA1Tag80.tagLength

    /// What `secrets` holds of a packet: the two SHA-1 states, and room for the library's tag, which is longer
    /// than ours.
    private enum Layout {
        static let inner = 0
        static let outer = PacketCipher.Layout.outer - PacketCipher.Layout.inner
        static let tag = outer + PacketCipher.Layout.hashState
        static let stride = 256
    }

    /// The HMAC is over the packet and the ROC (RFC 3711 4.2).
    private static let rolloverLength = 4

    private struct Packet {
        let start: UnsafeMutableRawPointer
        /// Bytes before the tag.
        let length: Int
    }

    private let secrets = SecretBytes(count: capacity * Layout.stride)
    private let packets: UnsafeMutablePointer<Packet>
    private var count = 0
    #if TALLY_MULTI_BUFFER
    private let jobs: tally_tag_jobs
    private var hasFailed = false
    #endif

    package init() {
        packets = .allocate(capacity: Self.capacity)
        #if TALLY_MULTI_BUFFER
        jobs = tally_tag_jobs_start()
        guard jobs.manager != nil else { return }
        // SHA_CTX begins with the five words of the state, which is what the library reads.
        for index in 0..<Self.capacity {
            let place = secrets.base + index * Layout.stride
            tally_tag_job_prepare(
                jobs,
                index,
                place + Layout.inner,
                place + Layout.outer,
                place + Layout.tag
            )
        }
        #endif
    }

    deinit {
        #if TALLY_MULTI_BUFFER
        tally_tag_jobs_stop(jobs)
        #endif
        packets.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    /// Takes in a packet that `encryptRTP` has put to `start`, if its tag does not stand yet.
    package mutating func add(_ packet: EncryptedPacket, at start: UnsafeMutableRawPointer) {
        guard let states = packet.hashStates else { return }
        if count == Self.capacity { writeAll() }
        let length = packet.length - Self.tagLength
        (secrets.base + count * Layout.stride).copyMemory(from: states, byteCount: Layout.tag)
        packets[count] = Packet(start: start, length: length)
        #if TALLY_MULTI_BUFFER
        if jobs.manager != nil { tally_tag_job_set(jobs, count, start, length + Self.rolloverLength) }
        #endif
        count += 1
    }

    /// Writes the tags that are wanted.
    package mutating func writeAll() {
        if count >= Self.fewestSideBySide, makeSideBySide() {
            for index in 0..<count { placeTag(index) }
            discard()
        } else {
            writeEach()
        }
    }

    /// Writes the tags one after the other: a few, or those that the library has left undone.
    mutating func writeEach() {
        for index in 0..<count {
            let packet = packets[index]
            let place = secrets.base + index * Layout.stride
            tally_hmac_sha1(
                hashState(place + Layout.inner),
                hashState(place + Layout.outer),
                packet.start,
                packet.length,
                packet.start + packet.length,
                place + Layout.tag
            )
            placeTag(index)
        }
        discard()
    }

    /// Forgets the packets; their tags stay unwritten.
    package mutating func discard() {
        secrets.base.initializeMemory(as: UInt8.self, repeating: 0, count: count * Layout.stride)
        count = 0
    }

    private func placeTag(_ index: Int) {
        (packets[index].start + packets[index].length)
            .copyMemory(from: secrets.base + index * Layout.stride + Layout.tag, byteCount: Self.tagLength)
    }

    private func hashState(_ place: UnsafeMutableRawPointer) -> UnsafePointer<SHA_CTX> {
        // Safe because the offsets are multiples of SHA_CTX's alignment, and `add` has copied one there.
        UnsafePointer(place.assumingMemoryBound(to: SHA_CTX.self))
    }

    /// Whether the library is there, and has left nothing undone.
    var canMakeSideBySide: Bool {
        #if TALLY_MULTI_BUFFER
        jobs.manager != nil && !hasFailed
        #else
        false
        #endif
    }

    /// Has the library make all tags; `false` unless it has made every one.
    private mutating func makeSideBySide() -> Bool {
        #if TALLY_MULTI_BUFFER
        guard canMakeSideBySide else { return false }
        // What it leaves undone may still be queued, with places that serve other packets next: it is not asked again.
        hasFailed = !tally_tag_jobs_run(jobs, count)
        return !hasFailed
        #else
        return false
        #endif
    }
}
