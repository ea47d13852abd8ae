/// Writes a flat JSON object in its one canonical form (RFC 8785): members sorted, no spaces.
///
/// Numbers stay below 2^53 or are written by callers as text.
struct CanonicalJSON {
    private(set) var bytes: [UInt8] = [0x7B]
    private var lastKey = ""

    mutating func text(_ key: String, _ value: String?) {
        guard let value else { return }
        begin(key)
        write(value)
    }

    mutating func number(_ key: String, _ value: UInt64?) {
        guard let value else { return }
        begin(key)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func list(_ key: String, _ values: [String]) {
        begin(key)
        bytes.append(UInt8(ascii: "["))
        for (place, value) in values.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            write(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The object, with nothing to be added any more.
    consuming func finished() -> [UInt8] {
        bytes.append(0x7D)
        return bytes
    }

    private mutating func begin(_ key: String) {
        precondition(lastKey < key, "'\(key)' after '\(lastKey)'")
        if !lastKey.isEmpty { bytes.append(UInt8(ascii: ",")) }
        lastKey = key
        write(key)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for unit in text.utf8 {
            switch unit {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(unit)
            case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0C: bytes.append(contentsOf: #"\f"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0x00..<0x20:
                bytes.append(contentsOf: #"\u00"#.utf8)
                bytes.append(contentsOf: String(unit >> 4, radix: 16).utf8)
                bytes.append(contentsOf: String(unit & 0x0F, radix: 16).utf8)
            default: bytes.append(unit)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
