import Crypto

/// What stands in a key's file: four letters, the key's identity (8 bytes), the key (32), and four bytes that tell
/// a damaged file.
struct KeyFileContent {
    private static let magic = Array("TKEK".utf8)
    private static let identityEnd = 12
    private static let secretEnd = identityEnd + KeyWrapping.dataKeyByteCount
    static let byteCount = secretEnd + 4

    let identity: [UInt8]
    let secret: SymmetricKey

    /// `nil` if the file is not a key's, or damaged.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes.starts(with: Self.magic),
            Self.check(bytes[..<Self.secretEnd]).elementsEqual(bytes[Self.secretEnd...])
        else { return nil }
        identity = Array(bytes[Self.magic.count..<Self.identityEnd])
        secret = bytes[Self.identityEnd..<Self.secretEnd].withUnsafeBytes { SymmetricKey(data: $0) }
    }

    /// The bytes of a new key.
    static func make() -> [UInt8] {
        var bytes = magic
        // Grown once, so that no copy of the key is left behind.
        bytes.reserveCapacity(byteCount)
        SymmetricKey(size: .init(bitCount: 64)).withUnsafeBytes { bytes.append(contentsOf: $0) }
        SymmetricKey(size: .bits256).withUnsafeBytes { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: check(bytes[...]))
        return bytes
    }

    private static func check(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        Array(SHA256.hash(data: bytes)).prefix(4)
    }
}
