import MediaCodecs
import Primitives
import RTPPackets
import Synchronization

/// A number for what a payload carries, the same wherever a relay may rewrite its descriptor.
enum PayloadHash {
    /// Shorter contents could be equal by chance; real frames and Opus packets are longer.
    static let minimumByteCount = 4

    /// `nil` for padding and what is too short to be told from anything.
    @inline(__always)
    static func of(_ payload: RawSpan, codec: MediaCodec) -> UInt64? {
        // Relays renumber the pictures in the descriptors of VP8 and VP9.
        let offset: Int
        switch codec {
        case .vp8: offset = VP8Descriptor(parsing: payload)?.byteCount ?? 0
        case .vp9: offset = VP9Descriptor(parsing: payload)?.byteCount ?? 0
        case .h264, .av1, .opus: offset = 0
        }
        guard payload.byteCount - offset >= minimumByteCount else { return nil }
        return hash(payload, from: offset)
    }

    /// A multiply and a shift for each eight bytes: cheap, and good enough where nobody forges.
    private static func hash(_ bytes: RawSpan, from start: Int) -> UInt64 {
        var value = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.byteCount - start)
        var offset = start
        while offset + 8 <= bytes.byteCount {
            mix(bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self), into: &value)
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < bytes.byteCount {
            rest = rest << 8 | UInt64(bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
        mix(rest, into: &value)
        return value
    }

    @inline(__always)
    private static func mix(_ word: UInt64, into value: inout UInt64) {
        value = (value ^ word) &* 0xD6E8_FEB8_6659_FD93
        value ^= value >> 32
    }
}

/// The hashes of all payloads that a broadcaster has sent, noted before they leave.
final class SentPayloads: PayloadObserver {
    private let hashes = Mutex<Set<UInt64>>([])

    func willSend(_ payload: [UInt8], codec: MediaCodec) {
        guard let hash = PayloadHash.of(payload.span.bytes, codec: codec) else { return }
        hashes.withLock { _ = $0.insert(hash) }
    }

    func contains(_ hash: UInt64) -> Bool { hashes.withLock { $0.contains(hash) } }

    var count: Int { hashes.withLock { $0.count } }
}
