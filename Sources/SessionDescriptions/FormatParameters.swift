/// The `name=value` pairs of one `a=fmtp`, names in lower case.
struct FormatParameters {
    private(set) var pairs: [(name: String, value: String)] = []

    /// The most pairs read: no codec here has as many.
    static let maximumPairs = 32

    init(_ text: String) {
        for part in text.fields(";").prefix(Self.maximumPairs) {
            let (name, value) = part.cut(at: "=") ?? (part, "")
            pairs.append((name.trimmed.lowercased(), String(value.trimmed)))
        }
    }

    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The pairs called one of `names` whose value is a plain number, in their order: fit to be repeated.
    func numbers(_ names: Set<String>) -> [String] {
        var seen: Set<String> = []
        return pairs.compactMap { pair in
            guard names.contains(pair.name), let value = pair.value.decimal(UInt32.self),
                seen.insert(pair.name).inserted
            else { return nil }
            return "\(pair.name)=\(value)"
        }
    }
}
