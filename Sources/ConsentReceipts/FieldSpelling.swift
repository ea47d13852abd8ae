import Foundation

/// How fields of a receipt are spelt.
///
/// By hand over bytes: a regular expression would be compiled for each field of each receipt, and costs more than
/// the signature.
package enum FieldSpelling {
    static func isLowercaseUUID(_ text: String) -> Bool {
        UUID(uuidString: text)?.uuidString.lowercased() == text
    }

    static func isSHA256(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    /// BCP 47, as far as its grammar of subtags goes: a language of 2 to 8 letters, up to 4 subtags more.
    package static func isLanguageTag(_ text: String) -> Bool {
        let subtags = parts(text, "-")
        guard let language = subtags.first, subtags.count <= 5 else { return false }
        return (2...8).contains(language.count) && language.allSatisfy(isLetter)
            && subtags.dropFirst().allSatisfy { (1...8).contains($0.count) && $0.allSatisfy(isAlphanumeric) }
    }

    /// A compact IRI of the vocabulary or of its extension for the GDPR.
    static func isTermOfDPV(_ text: String) -> Bool {
        let parts = parts(text, ":")
        guard parts.count == 2, [Array("dpv".utf8), Array("eu-gdpr".utf8)].contains(Array(parts[0])) else {
            return false
        }
        return (1...64).contains(parts[1].count) && parts[1].allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
    }

    /// An ISO 3166-1 or 3166-2 code, or `EU`.
    package static func isRegion(_ text: String) -> Bool {
        let parts = parts(text, "-")
        guard (1...2).contains(parts.count) else { return false }
        return (2...3).contains(parts[0].count) && parts[0].allSatisfy(isUppercase)
            && parts.dropFirst().allSatisfy {
                (1...3).contains($0.count) && $0.allSatisfy { isUppercase($0) || isDigit($0) }
            }
    }

    /// An ISO 8601 duration: `P`, then numbers with their units in order.
    static func isDuration(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "P") else { return false }
        let halves = parts(String(text.dropFirst()), "T")
        guard (1...2).contains(halves.count), halves.contains(where: { !$0.isEmpty }) else { return false }
        if halves.count == 2, halves[1].isEmpty { return false }
        return areAmounts(halves[0], units: "YMWD")
            && (halves.count < 2 || areAmounts(halves[1], units: "HMS"))
    }

    /// An `http` or `https` URL with a host, in printable ASCII.
    package static func isWebURL(_ text: String) -> Bool {
        guard text.hasPrefix("https://") || text.hasPrefix("http://"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let host = URL(string: text)?.host()
        else { return false }
        return !host.isEmpty
    }

    /// 32 bytes in base64 with padding, as checkpoints write a root hash.
    static func isRootHash(_ text: String) -> Bool {
        guard let root = Data(base64Encoded: text) else { return false }
        return root.count == 32 && root.base64EncodedString() == text
    }

    /// Whether all of it can be seen: controls, line ends and what turns the direction of writing make a text that
    /// does not say what it shows.
    static func isVisible(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: false
            default: !scalar.properties.isBidiControl
            }
        }
    }

    /// `text` as a field of a receipt can hold it: what cannot be seen is replaced, and what is too long is cut.
    package static func shown(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            let next = isVisible(String(scalar)) ? scalar : "\u{FFFD}"
            guard shown.utf8.count + String(next).utf8.count <= ConsentReceipt.maximumTextBytes else { break }
            shown.unicodeScalars.append(next)
        }
        return shown
    }

    private static func areAmounts(_ bytes: ArraySlice<UInt8>, units: String) -> Bool {
        var units = Array(units.utf8)[...]
        var rest = bytes
        while !rest.isEmpty {
            let digits = rest.prefix(while: isDigit).count
            guard (1...9).contains(digits) else { return false }
            rest = rest.dropFirst(digits)
            guard let unit = rest.popFirst(), let index = units.firstIndex(of: unit) else { return false }
            units = units[(index + 1)...]
        }
        return true
    }

    private static func parts(_ text: String, _ separator: Unicode.Scalar) -> [ArraySlice<UInt8>] {
        Array(text.utf8).split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isUppercase(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { isUppercase(byte) || (0x61...0x7A).contains(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
}
