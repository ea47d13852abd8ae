import Crypto
import Primitives

/// What precedes each record of the file, in the clear.
///
///     0      1            4        8        12        16      20
///     | kind | 0 reserved | length | number | counter | check | body of `length` bytes |
///
/// `number` counts segments over the whole file, and keys likewise. `counter` counts what a data key sealed, also
/// what never arrived on the disk: a segment that takes another's number takes no nonce of it. `check` is no
/// protection; it tells a damaged length from an end that was torn off, also where the key is gone.
struct RecordFrame: Equatable {
    enum Kind: UInt8 {
        case key = 1
        case segment = 2
        case trailer = 3
    }

    static let byteCount = 20
    private static let checkedByteCount = 16

    let kind: Kind
    let bodyLength: Int
    let number: UInt32
    let counter: UInt32

    /// The first 16 bytes, as seals cover them.
    var checkedBytes: [UInt8] {
        var writer = ByteWriter(reservingCapacity: Self.byteCount)
        writer.write(kind.rawValue)
        writer.writeUInt24(0)
        writer.write(UInt32(bodyLength))
        writer.write(number)
        writer.write(counter)
        return writer.bytes
    }

    func bytes(in id: RecordingID) -> [UInt8] {
        let bytes = checkedBytes
        return bytes + Self.check(bytes[...], id)
    }

    init(kind: Kind, bodyLength: Int, number: UInt32, counter: UInt32) {
        self.kind = kind
        self.bodyLength = bodyLength
        self.number = number
        self.counter = counter
    }

    /// `nil` if the bytes are no frame of this file.
    init?(_ bytes: [UInt8], in id: RecordingID) {
        guard bytes.count == Self.byteCount,
            Self.check(bytes[..<Self.checkedByteCount], id).elementsEqual(bytes[Self.checkedByteCount...])
        else { return nil }
        var reader = ByteReader(bytes.span.bytes)
        guard let kind = reader.readUInt8().flatMap(Kind.init), reader.readUInt24() == 0,
            let length = reader.readUInt32(), let number = reader.readUInt32(),
            let counter = reader.readUInt32()
        else { return nil }
        self.init(kind: kind, bodyLength: Int(length), number: number, counter: counter)
    }

    static func check(_ bytes: ArraySlice<UInt8>, _ id: RecordingID) -> ArraySlice<UInt8> {
        var hash = SHA256()
        hash.update(data: id.bytes)
        hash.update(data: bytes)
        return Array(hash.finalize()).prefix(4)
    }
}
