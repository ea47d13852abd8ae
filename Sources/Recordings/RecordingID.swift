/// One recording file for as long as it is continued: 16 random bytes, in its header and bound into every seal.
package struct RecordingID: Hashable, Sendable, CustomStringConvertible {
    static let byteCount = 16

    let bytes: [UInt8]

    /// A new one, drawn from the system's randomness.
    package init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// `nil` if `text` is not 32 digits of lower-case hexadecimal.
    package init?(_ text: String) {
        guard let bytes = HexadecimalText.decode(text, byteCount: Self.byteCount) else { return nil }
        self.bytes = bytes
    }

    init(header: [UInt8]) {
        precondition(header.count == Self.byteCount, "an identifier is \(Self.byteCount) bytes")
        bytes = header
    }

    package var description: String { HexadecimalText.encode(bytes) }
}
