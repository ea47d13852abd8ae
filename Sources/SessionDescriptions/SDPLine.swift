/// One line of a session description: its number from 1, its type letter and what follows `=`.
struct SDPLine {
    let number: Int
    /// The whole line without its end.
    let text: Substring
    let type: UInt8
    let value: Substring

    /// The lines of `bytes`; empty ones are passed over, since senders end a description with several.
    static func read(_ bytes: [UInt8], maximumBytes: Int) throws(SDPError) -> [SDPLine] {
        guard bytes.count <= maximumBytes else {
            throw SDPError(
                .tooLarge,
                line: 0,
                "a description of at most \(maximumBytes) bytes is read",
                value: "\(bytes.count)"
            )
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SDPError(.notUTF8, line: 0, "a session description is UTF-8 text")
        }
        var lines: [SDPLine] = []
        var number = 0
        for raw in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let part = raw.last == UInt8(ascii: "\r") ? raw.dropLast() : raw
            if part.isEmpty { continue }
            let line = Substring(part)
            guard !part.contains(where: { $0 == 0 || $0 == 13 }) else {
                throw SDPError(
                    .forbiddenByte,
                    line: number,
                    "a line holds no NUL and no carriage return",
                    value: line
                )
            }
            guard part.count >= 2, let type = part.first, (97...122).contains(type),
                part[part.index(after: part.startIndex)] == UInt8(ascii: "=")
            else {
                throw SDPError(
                    .malformedLine,
                    line: number,
                    "a line is a lower-case letter, '=' and a value",
                    value: line
                )
            }
            lines.append(SDPLine(number: number, text: line, type: type, value: Substring(part.dropFirst(2))))
        }
        return lines
    }

    /// The line as `a=name` or `a=name:value`.
    func attribute() throws(SDPError) -> SDPAttribute {
        let (name, tail) = value.cut(at: ":").map { ($0.head, Optional($0.tail)) } ?? (value, nil)
        guard name.isToken else {
            throw SDPError(.badAttribute, line: number, "an attribute's name is a token", value: text)
        }
        return SDPAttribute(String(name), tail.map { String($0) })
    }
}
