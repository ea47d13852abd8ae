/// One `a=` line: a property (`a=rtcp-mux`) or a name with a value (`a=mid:0`).
package struct SDPAttribute: Hashable, Sendable {
    package let name: String
    package let value: String?

    /// Neither part may hold a line break or NUL: values from the network have passed the parser first.
    package init(_ name: String, _ value: String? = nil) {
        precondition(name.isToken, "an attribute's name is a token")
        precondition(
            value?.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) != true,
            "an attribute's value is one line"
        )
        self.name = name
        self.value = value
    }

    var line: String { value.map { "a=\(name):\($0)" } ?? "a=\(name)" }
}
