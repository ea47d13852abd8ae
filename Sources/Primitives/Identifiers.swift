/// A room's name as it stands in URLs: 1 to 64 characters of `a-z A-Z 0-9 - _ .`, starting with a letter or digit.
package struct RoomName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// `nil` if `text` is not a valid name.
    package init?(_ text: String) {
        guard isValidName(text) else { return nil }
        self.text = text
    }

    package var description: String { text }
}

/// A participant's opaque identifier, never a display name; the same characters as a room's name.
package struct ParticipantID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// `nil` if `text` is not a valid identifier.
    package init?(_ text: String) {
        guard isValidName(text) else { return nil }
        self.text = text
    }

    package var description: String { text }
}

extension RoomName: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let name = RoomName(text) else { throw invalidName(decoder) }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension ParticipantID: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let identifier = ParticipantID(text) else { throw invalidName(decoder) }
        self = identifier
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

private func invalidName(_ decoder: any Decoder) -> DecodingError {
    .dataCorrupted(
        .init(
            codingPath: decoder.codingPath,
            debugDescription:
                "a name is 1 to 64 characters of a-z A-Z 0-9 - _ . and starts with a letter or digit"
        )
    )
}

private func isValidName(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (1...64).contains(bytes.count), let first = bytes.first, isAlphanumeric(first) else { return false }
    return bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}

/// One published track (one audio or one video stream of one publish session); never reused in a process.
public struct TrackID: Hashable, Sendable {
    @usableFromInline package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Written out, so that it is inlined where packets are compared.
    @inlinable
    public static func == (left: TrackID, right: TrackID) -> Bool {
        left.rawValue == right.rawValue
    }
}

/// One audience of one room (all for whom one decision serves); never reused in a process.
package struct AudienceID: Hashable, Sendable {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// One peer connection, publisher or viewer; never reused in a process.
package struct PeerID: Hashable, Sendable {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}
