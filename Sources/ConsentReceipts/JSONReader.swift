/// Why bytes are no JSON that a receipt may be made of.
enum JSONFailure: Error, Equatable {
    /// The text ends before its value does.
    case truncated
    case malformed(String)
}

/// Reads JSON (RFC 8259) as strictly as signed text needs it: what two readers could take for different values
/// (RFC 7493: a name twice, half a surrogate pair, numbers beyond the exact ones) is refused.
struct JSONReader {
    /// More than any form of a receipt nests, and far less than a thread's stack takes.
    static let maximumDepth = 16

    private let bytes: [UInt8]
    private var position = 0

    /// Whether numbers are left for another reader to judge; such a value has zeros in their places.
    private let passesNumbers: Bool

    private init(_ bytes: [UInt8], passesNumbers: Bool) {
        self.bytes = bytes
        self.passesNumbers = passesNumbers
    }

    /// The one value that `bytes` hold, with nothing but white space around it.
    static func read(_ bytes: [UInt8], passesNumbers: Bool = false) throws(JSONFailure) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw endsInACharacter(bytes) ? .truncated : .malformed("it is not UTF-8")
        }
        var reader = JSONReader(bytes, passesNumbers: passesNumbers)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw .malformed("something follows its end") }
        return value
    }

    /// Whether bytes that are not UTF-8 are the beginning of some that are.
    private static func endsInACharacter(_ bytes: [UInt8]) -> Bool {
        (1...3).contains { missing in
            let end = bytes.suffix(missing)
            // RFC 3629 3: the leading byte of a character tells its length, the others are 80 to BF.
            guard let lead = end.first, (0xC2...0xF4).contains(lead),
                end.dropFirst().allSatisfy({ (0x80...0xBF).contains($0) })
            else { return false }
            let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
            return length > missing && String(validating: bytes.dropLast(missing), as: UTF8.self) != nil
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The next byte, which stays.
    private func peek() throws(JSONFailure) -> UInt8 {
        guard position < bytes.count else { throw .truncated }
        return bytes[position]
    }

    private mutating func take() throws(JSONFailure) -> UInt8 {
        let byte = try peek()
        position += 1
        return byte
    }

    /// Takes the next byte if it is `byte`.
    private mutating func take(_ byte: Character) throws(JSONFailure) -> Bool {
        guard try peek() == byte.asciiValue else { return false }
        position += 1
        return true
    }

    private func unexpected() -> JSONFailure { .malformed("byte \(position) is not what JSON has there") }

    private mutating func value(depth: Int) throws(JSONFailure) -> JSONValue {
        guard depth <= Self.maximumDepth else {
            throw .malformed("it nests deeper than \(Self.maximumDepth) levels")
        }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .integer(try passesNumbers ? passedNumber() : integer())
        }
    }

    private mutating func literal(_ word: String, _ value: JSONValue) throws(JSONFailure) -> JSONValue {
        for byte in word.utf8 {
            guard try peek() == byte else { throw unexpected() }
            position += 1
        }
        return value
    }

    private mutating func passedNumber() throws(JSONFailure) -> Int64 {
        let start = position
        while position < bytes.count, "+-.0123456789Ee".utf8.contains(bytes[position]) { position += 1 }
        guard position > start else { throw unexpected() }
        return 0
    }

    private mutating func integer() throws(JSONFailure) -> Int64 {
        let start = position
        if try take("-"), try peek() == UInt8(ascii: "0") { throw .malformed("a negative zero") }
        var value: Int64 = 0
        let first = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            value = value * 10 + Int64(bytes[position] - 0x30)
            guard value <= JSONValue.largestInteger else {
                throw .malformed("a number beyond \(JSONValue.largestInteger)")
            }
            position += 1
        }
        guard position > first else { throw unexpected() }
        if bytes[first] == 0x30, position > first + 1 { throw .malformed("a number with a leading zero") }
        if position < bytes.count, [0x2E, 0x45, 0x65].contains(bytes[position]) {
            throw .malformed("a number that is not written as an integer")
        }
        return bytes[start] == UInt8(ascii: "-") ? -value : value
    }

    private mutating func array(depth: Int) throws(JSONFailure) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if try take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if try take("]") { return .array(elements) }
            guard try take(",") else { throw unexpected() }
        }
    }

    private mutating func object(depth: Int) throws(JSONFailure) -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if try take("}") { return .object(members) }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw unexpected() }
            let name = try string()
            skipSpace()
            guard try take(":") else { throw unexpected() }
            let member = try value(depth: depth + 1)
            guard members.updateValue(member, forKey: name) == nil else {
                throw .malformed("the member \(name.prefix(64)) twice in one object")
            }
            skipSpace()
            if try take("}") { return .object(members) }
            guard try take(",") else { throw unexpected() }
        }
    }

    private mutating func string() throws(JSONFailure) -> String {
        position += 1
        var text: [UInt8] = []
        while true {
            let start = position
            while position < bytes.count, Self.standsForItself(bytes[position]) { position += 1 }
            text += bytes[start..<position]
            switch try take() {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escaped()
            default: throw .malformed("a control character in a string")
            }
        }
    }

    private static func standsForItself(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escaped() throws(JSONFailure) -> [UInt8] {
        switch try take() {
        case UInt8(ascii: "\""): return [0x22]
        case UInt8(ascii: "\\"): return [0x5C]
        case UInt8(ascii: "/"): return [0x2F]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try scalar())).utf8)
        default: throw .malformed("an escape that JSON does not have")
        }
    }

    private mutating func scalar() throws(JSONFailure) -> Unicode.Scalar {
        let high = try codeUnit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(high)), try take() == UInt8(ascii: "\\"),
            try take() == UInt8(ascii: "u")
        else { throw .malformed("half a surrogate pair") }
        let low = try codeUnit()
        guard UTF16.isTrailSurrogate(UInt16(low)),
            let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        else { throw .malformed("half a surrogate pair") }
        return scalar
    }

    /// Four hexadecimal digits.
    private mutating func codeUnit() throws(JSONFailure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(try take())).hexDigitValue else { throw unexpected() }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
