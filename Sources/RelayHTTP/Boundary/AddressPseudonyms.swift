import Crypto
import Synchronization

/// Names for client addresses in logs: the same within an hour, and nothing anybody can turn back, because the key
/// is in memory only and the next one takes its place.
final class AddressPseudonyms: Sendable {
    private struct Key {
        var bytes: SymmetricKey
        var madeAt: ContinuousClock.Instant
    }

    static let lifetime = Duration.seconds(3600)
    /// Enough to tell the clients of an hour apart.
    private static let byteCount = 8

    private let key: Mutex<Key>

    init(now: ContinuousClock.Instant = .now) {
        key = Mutex(Key(bytes: SymmetricKey(size: .bits256), madeAt: now))
    }

    func name(of address: String, now: ContinuousClock.Instant = .now) -> String {
        let key = key.withLock { key in
            if now - key.madeAt >= Self.lifetime {
                key = Key(bytes: SymmetricKey(size: .bits256), madeAt: now)
            }
            return key.bytes
        }
        let code = HMAC<SHA256>.authenticationCode(for: Array(address.utf8), using: key)
        return code.prefix(Self.byteCount).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 0xF, radix: 16)
        }.joined()
    }
}
