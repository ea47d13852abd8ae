/// A secret that is kept to be sent, and never shown: not in answers, not in logs.
package struct HiddenText: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// The secret itself.
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// Never the secret, so that it cannot get into a log by accident.
    package var description: String { "…" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
