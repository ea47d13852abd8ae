/// A username fragment and its password, as SDP carries them (RFC 8839 5.4).
///
/// Printing it shows no password.
package struct ICECredentials: Hashable, Sendable {
    package let ufrag: String
    package let password: String

    /// RFC 8839 5.4 asks for at least 4 characters (24 bits); 8 also make a guess of a live fragment hopeless.
    package static let randomUfragLength = 8
    /// RFC 8839 5.4 asks for at least 22 characters (128 bits); 24 carry 144 bits.
    package static let passwordLength = 24

    package init(ufrag: String, password: String) {
        self.ufrag = ufrag
        self.password = password
    }

    /// Fresh credentials drawn from `random`, which must be unpredictable outside of tests.
    ///
    /// - Parameters:
    ///   - prefix: Stands before the random part of the fragment and names its owner; of ice-char only.
    ///   - random: Each character takes six bits of it.
    /// - Returns: A fragment of 8 characters after the prefix, and a password of 24.
    package static func generate(
        prefix: String = "",
        using random: inout some RandomNumberGenerator
    ) -> ICECredentials {
        precondition(isICEText(prefix), "the prefix of a ufrag is of letters, digits, + and / only")
        return ICECredentials(
            ufrag: prefix + text(of: randomUfragLength, using: &random),
            password: text(of: passwordLength, using: &random)
        )
    }

    /// Whether a fragment from a peer's SDP is usable: 4 to 256 of ice-char (RFC 8839 5.4).
    package static func isValidUfrag(_ text: some StringProtocol) -> Bool {
        (4...256).contains(text.utf8.count) && isICEText(text)
    }

    /// Whether a password from a peer's SDP is usable: 22 to 256 of ice-char (RFC 8839 5.4).
    package static func isValidPassword(_ text: some StringProtocol) -> Bool {
        (22...256).contains(text.utf8.count) && isICEText(text)
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    private static func isICEText(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { alphabet.contains($0) }
    }

    private static func text(of count: Int, using random: inout some RandomNumberGenerator) -> String {
        String(decoding: (0..<count).map { _ in alphabet[Int(random.next() >> 58)] }, as: UTF8.self)
    }
}

extension ICECredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "ICECredentials(ufrag: \(ufrag))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["ufrag": ufrag]) }
}
