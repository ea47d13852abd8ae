/// A URL or a command in which `{room}`, `{publisher}` and `{viewer}` stand for names that a run fills in.
package struct URLTemplate: Sendable, Hashable {
    package enum Field: String, Sendable, CaseIterable {
        case room
        case publisher
        case viewer
    }

    private enum Part: Hashable, Sendable {
        case text(String)
        case field(Field)
    }

    private let parts: [Part]
    package let text: String

    /// Throws `LoadPlanError` for a brace without its other one, or a name that is none.
    package init(_ text: String) throws(LoadPlanError) {
        self.text = text
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw LoadPlanError("a brace without its other one in \(text)")
            }
            let name = rest[rest.index(after: open)..<close]
            guard let field = Field(rawValue: String(name)) else {
                throw LoadPlanError("{\(name)} in \(text): there are {room}, {publisher} and {viewer}")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            parts.append(.field(field))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    package func uses(_ field: Field) -> Bool { parts.contains(.field(field)) }

    /// The text with its names filled in; an absent one is left empty.
    package func expand(room: String, publisher: String = "", viewer: String = "") -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .field(.room): room
            case .field(.publisher): publisher
            case .field(.viewer): viewer
            }
        }
        .joined()
    }
}
