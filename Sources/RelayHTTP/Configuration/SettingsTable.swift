/// The value of every key, of the kind that the table of keys says.
struct SettingsTable {
    private let values: [String: ConfigurationKey.Value]

    /// Holds one value for each key of `ConfigurationKey.all`.
    init(_ values: [String: ConfigurationKey.Value]) {
        precondition(values.count == ConfigurationKey.all.count, "every key has a value")
        self.values = values
    }

    func text(_ path: String) -> String {
        guard case .text(let text) = values[path] else { preconditionFailure("\(path) is no text key") }
        return text
    }

    func number(_ path: String) -> Int {
        guard case .number(let number, _) = values[path] else {
            preconditionFailure("\(path) is no number key")
        }
        return number
    }

    func flag(_ path: String) -> Bool {
        guard case .flag(let flag) = values[path] else { preconditionFailure("\(path) is no flag key") }
        return flag
    }

    func list(_ path: String) -> [String] {
        guard case .list(let items) = values[path] else { preconditionFailure("\(path) is no list key") }
        return items
    }

    /// A sentence for each number that is not in its range.
    func outOfRange() -> [String] {
        ConfigurationKey.all.compactMap { key in
            guard case .number(let number, let range) = values[key.path], !range.contains(number) else {
                return nil
            }
            return "\(key.path): \(number) is not between \(range.lowerBound) and \(range.upperBound)"
        }
    }
}
