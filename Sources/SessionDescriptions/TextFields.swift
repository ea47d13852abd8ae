// Fields are cut at ASCII bytes and not at characters: in Swift "\r\n" is one character, and a combining
// mark after a separator would make another character of it.
extension Substring {
    /// The fields between `separator` bytes, empty ones left out.
    func fields(_ separator: Unicode.Scalar) -> [Substring] {
        utf8.split(separator: UInt8(ascii: separator)).map { Substring($0) }
    }

    /// What stands before and after the first `separator`; `nil` without one.
    func cut(at separator: Unicode.Scalar) -> (head: Substring, tail: Substring)? {
        guard let index = utf8.firstIndex(of: UInt8(ascii: separator)) else { return nil }
        return (self[..<index], self[utf8.index(after: index)...])
    }

    /// Without spaces and tabs at either end.
    var trimmed: Substring {
        let blank: (UInt8) -> Bool = { $0 == 32 || $0 == 9 }
        guard let first = utf8.firstIndex(where: { !blank($0) }),
            let last = utf8.lastIndex(where: { !blank($0) })
        else { return "" }
        return self[first..<utf8.index(after: last)]
    }
}

extension String {
    func fields(_ separator: Unicode.Scalar) -> [Substring] { self[...].fields(separator) }

    func cut(at separator: Unicode.Scalar) -> (head: Substring, tail: Substring)? {
        self[...].cut(at: separator)
    }
}

extension StringProtocol {
    /// A number of ASCII digits alone: no sign, no blanks, no other scripts' digits.
    func decimal<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        guard (1...20).contains(utf8.count), utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Number(self)
    }

    /// A number of `digits` hexadecimal digits.
    func hexadecimal(digits: Int) -> UInt32? {
        guard utf8.count == digits, utf8.allSatisfy(\.isHexadecimalDigit) else { return nil }
        return UInt32(self, radix: 16)
    }

    /// RFC 8866 section 9: the characters of `token`, at least one.
    var isToken: Bool {
        !utf8.isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x5E...0x7E: true
                default: false
                }
            }
    }
}

extension UInt8 {
    var isHexadecimalDigit: Bool {
        (48...57).contains(self) || (65...70).contains(self) || (97...102).contains(self)
    }
}
