import RoomControl

/// An archive in the format of POSIX.1-2001 `ustar`, which needs neither an index nor a checksum of the contents and
/// so can be written while it is being made.
enum TarArchive {
    private static let blockBytes = 512
    /// Of the two fields that hold a path.
    private static let nameBytes = 100
    private static let prefixBytes = 155

    /// Two empty blocks.
    static let end = [UInt8](repeating: 0, count: 2 * blockBytes)

    /// One file with its header, filled up to whole blocks.
    static func entry(_ file: ExportedFile) -> [UInt8] {
        let padding = (blockBytes - file.bytes.count % blockBytes) % blockBytes
        return header(file) + file.bytes + [UInt8](repeating: 0, count: padding)
    }

    private static func header(_ file: ExportedFile) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: blockBytes)
        func put(_ bytes: some Collection<UInt8>, at offset: Int) {
            header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
        /// Octal digits and a NUL.
        func put(number: Int, at offset: Int, _ width: Int) {
            let digits = String(number, radix: 8)
            put((String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits).utf8, at: offset)
        }
        let (prefix, name) = split(Array(file.path.utf8))
        put(name, at: 0)
        put(number: 0o600, at: 100, 8)
        put(number: 0, at: 108, 8)
        put(number: 0, at: 116, 8)
        put(number: file.bytes.count, at: 124, 12)
        put(number: 0, at: 136, 12)
        put("        ".utf8, at: 148)
        put("0".utf8, at: 156)
        put(Array("ustar".utf8) + [0] + Array("00".utf8), at: 257)
        put(prefix, at: 345)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(number: sum, at: 148, 7)
        put([0, 0x20], at: 154)
        return header
    }

    /// A path in its two fields; one that fits into neither is cut, which no path of ours is.
    private static func split(_ path: [UInt8]) -> (prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>) {
        guard path.count > nameBytes else { return ([], path[...]) }
        for slash in path.indices where path[slash] == 0x2F {
            let (prefix, name) = (path[..<slash], path[(slash + 1)...])
            if prefix.count <= prefixBytes, name.count <= nameBytes { return (prefix, name) }
        }
        return ([], path.suffix(nameBytes))
    }
}
