import Configuration
import Yams

/// The settings of a YAML file, checked against the table of keys.
struct YAMLSettings {
    private(set) var values: [AbsoluteConfigKey: ConfigValue] = [:]

    /// Appends to `problems` what is not YAML, not a key, or of the wrong kind.
    init(_ text: String, _ problems: inout [String]) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            problems.append("the file is not YAML: \(error)")
            return
        }
        guard let root, !Self.isNull(root) else { return }
        guard case .mapping = root else {
            problems.append("the file is not a mapping of keys to values")
            return
        }
        let known = Dictionary(uniqueKeysWithValues: ConfigurationKey.all.map { ($0.path, $0) })
        let sections = Set(known.keys.flatMap { Self.parents(of: $0) })
        read(root, [], known, sections, &problems)
    }

    /// Sections nest no deeper than keys do, so this recursion is bounded by the table.
    private mutating func read(
        _ node: Node,
        _ place: [String],
        _ known: [String: ConfigurationKey],
        _ sections: Set<String>,
        _ problems: inout [String]
    ) {
        let path = place.joined(separator: ".")
        let line = node.mark.map { " (line \($0.line))" } ?? ""
        if let key = known[path] {
            if Self.isNull(node) { return }
            guard let content = Self.content(of: node, as: key.standard) else {
                problems.append("\(path): \(key.standard.kind) is expected\(line)")
                return
            }
            values[AbsoluteConfigKey(place)] = ConfigValue(content, isSecret: false)
            return
        }
        guard place.isEmpty || sections.contains(path) else {
            problems.append("\(path): there is no such key\(line)")
            return
        }
        if Self.isNull(node) { return }
        guard case .mapping(let mapping) = node else {
            problems.append("\(path): a section with keys is expected\(line)")
            return
        }
        for (name, value) in mapping {
            guard let name = name.string else {
                problems.append("\(path): has a key that is no text\(line)")
                continue
            }
            read(value, place + [name], known, sections, &problems)
        }
    }

    private static func content(of node: Node, as standard: ConfigurationKey.Value) -> ConfigContent? {
        switch standard {
        case .text: node.scalar.map { .string($0.string) }
        case .number: node.int.map { .int($0) }
        case .flag: node.bool.map { .bool($0) }
        case .list: items(of: node).map { .stringArray($0) }
        }
    }

    private static func items(of node: Node) -> [String]? {
        guard case .sequence(let sequence) = node else { return nil }
        let items = sequence.compactMap { $0.scalar?.string }
        return items.count == sequence.count ? items : nil
    }

    /// A key without a value keeps its default.
    private static func isNull(_ node: Node) -> Bool {
        node.null != nil
    }

    private static func parents(of path: String) -> [String] {
        let parts = path.split(separator: ".")
        return (1..<max(parts.count, 1)).map { parts.prefix($0).joined(separator: ".") }
    }
}
