extension SessionDescription {
    /// Reads a text with CR LF or LF line ends.
    package init(parsing text: some StringProtocol) throws(SDPError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads UTF-8 bytes with CR LF or LF line ends.
    package init(parsing bytes: [UInt8]) throws(SDPError) {
        let lines = try SDPLine.read(bytes, maximumBytes: Self.maximumBytes)
        guard let first = lines.first, first.type == UInt8(ascii: "v"), first.value == "0" else {
            throw SDPError(
                .badVersion,
                line: 1,
                "a session description begins with v=0",
                value: lines.first?.text ?? "nothing"
            )
        }
        guard lines.count > 1, lines[1].type == UInt8(ascii: "o") else {
            throw SDPError(
                .badOrigin,
                line: 2,
                "the second line is o=",
                value: lines.count > 1 ? lines[1].text : "nothing"
            )
        }
        self.init(origin: try Origin(lines[1]))
        otherLines = []
        var attributeCount = 0
        for line in lines.dropFirst(2) {
            switch line.type {
            case UInt8(ascii: "m"):
                guard media.count < Self.maximumMediaLines else {
                    throw SDPError(
                        .tooManyMediaLines,
                        line: line.number,
                        "at most \(Self.maximumMediaLines) media sections are read"
                    )
                }
                media.append(try MediaDescription(line))
            case UInt8(ascii: "a"):
                attributeCount += 1
                guard attributeCount <= Self.maximumAttributes else {
                    throw SDPError(
                        .tooManyAttributes,
                        line: line.number,
                        "at most \(Self.maximumAttributes) attributes are read"
                    )
                }
                let attribute = try line.attribute()
                if media.isEmpty {
                    attributes.append(attribute)
                } else {
                    media[media.count - 1].attributes.append(attribute)
                }
            case UInt8(ascii: "s") where media.isEmpty:
                name = String(line.value)
            case UInt8(ascii: "v"), UInt8(ascii: "o"), UInt8(ascii: "s"):
                throw SDPError(.misplacedLine, line: line.number, "this line belongs above", value: line.text)
            default:
                guard "iuepcbtrzk".utf8.contains(line.type) else {
                    throw SDPError(.unknownType, line: line.number, "no such line type", value: line.text)
                }
                if media.isEmpty {
                    otherLines.append(String(line.text))
                } else {
                    media[media.count - 1].otherLines.append(String(line.text))
                }
            }
        }
    }
}

extension SessionDescription.Origin {
    /// RFC 8866 section 5.2.
    init(_ line: SDPLine) throws(SDPError) {
        let fields = line.value.fields(" ")
        guard fields.count == 6, fields[1].utf8.allSatisfy({ (48...57).contains($0) }),
            fields[2].utf8.allSatisfy({ (48...57).contains($0) })
        else {
            throw SDPError(
                .badOrigin,
                line: line.number,
                "o= has a name, two numbers, IN, an address type, an address",
                value: line.text
            )
        }
        username = String(fields[0])
        sessionID = String(fields[1])
        version = String(fields[2])
        networkType = String(fields[3])
        addressType = String(fields[4])
        address = String(fields[5])
    }
}

extension MediaDescription {
    /// RFC 8866 section 5.14.
    init(_ line: SDPLine) throws(SDPError) {
        let fields = line.value.fields(" ")
        func failure(_ text: String) -> SDPError {
            SDPError(.badMediaLine, line: line.number, text, value: line.text)
        }
        guard fields.count >= 4, fields[0].isToken else {
            throw failure("m= has a medium, a port, a transport and formats")
        }
        guard fields.count - 3 <= SessionDescription.maximumFormats else {
            throw failure("m= has at most \(SessionDescription.maximumFormats) formats")
        }
        let ports = fields[1].cut(at: "/") ?? (fields[1], "1")
        guard let port = ports.head.decimal(UInt16.self), let count = ports.tail.decimal(UInt16.self) else {
            throw failure("the port in m= is a number up to 65535")
        }
        self.init(
            media: String(fields[0]),
            port: port,
            transport: String(fields[2]),
            formats: fields[3...].map { String($0) }
        )
        if fields[1].cut(at: "/") != nil { portCount = count }
    }
}
