/// The RTCP feedback that both sides use for a codec (RFC 4585, RFC 5104, and the browsers' own two).
package struct FeedbackMechanisms: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let nack = FeedbackMechanisms(rawValue: 1)
    package static let nackPLI = FeedbackMechanisms(rawValue: 2)
    package static let ccmFIR = FeedbackMechanisms(rawValue: 4)
    package static let googREMB = FeedbackMechanisms(rawValue: 8)
    package static let transportCC = FeedbackMechanisms(rawValue: 16)
    package static let all: FeedbackMechanisms = [.nack, .nackPLI, .ccmFIR, .googREMB, .transportCC]

    /// Each mechanism with the words of its `a=rtcp-fb` line, in the order they are written.
    static let words: [(FeedbackMechanisms, String)] = [
        (.nack, "nack"), (.nackPLI, "nack pli"), (.ccmFIR, "ccm fir"), (.googREMB, "goog-remb"),
        (.transportCC, "transport-cc"),
    ]

    init(words text: Substring) {
        let line = text.fields(" ").joined(separator: " ").lowercased()
        self = Self.words.first { $0.1 == line }?.0 ?? []
    }
}
