import Primitives

/// The first bytes of a recording, in the clear.
///
///     0          8         10           12              28
///     | TALLYREC | version | 0 reserved | identifier 16 |
///
/// Nothing here has a seal of its own: the identifier and the version go into every key's derivation, so that
/// nothing opens under altered ones.
struct RecordingHeader {
    static let version: UInt16 = 1
    static let byteCount = 28
    private static let magic = Array("TALLYREC".utf8)

    static func bytes(of id: RecordingID) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: byteCount)
        writer.write(magic)
        writer.write(version)
        writer.write(0 as UInt16)
        writer.write(id.bytes)
        return writer.bytes
    }

    /// The identifier of the file.
    static func read(_ file: OpenedFile) throws(RecordingError) -> RecordingID {
        let bytes = try reporting { () throws(SystemFailure) in try file.read(byteCount, from: 0) }
        guard bytes.prefix(magic.count).elementsEqual(magic.prefix(bytes.count)) else {
            throw .notARecording
        }
        guard bytes.count == byteCount else { throw .torn }
        let found = UInt16(bytes[8]) << 8 | UInt16(bytes[9])
        guard found <= version else { throw .newerVersion(found) }
        guard found == version, bytes[10] == 0, bytes[11] == 0 else { throw .notARecording }
        return RecordingID(header: Array(bytes[12...]))
    }
}
