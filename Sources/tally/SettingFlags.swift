import ArgumentParser
import RelayHTTP

/// Reads `--http-port 8080` and `--http-port=8080` for every key of the configuration.
enum SettingFlags {
    /// Values by the key's path.
    ///
    /// Throws a `ValidationError` that names the flag.
    static func parse(_ arguments: [String]) throws -> [String: String] {
        let paths = Dictionary(uniqueKeysWithValues: ConfigurationKey.all.map { ($0.flagName, $0.path) })
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else { throw ValidationError("unexpected argument '\(argument)'") }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = parts.first, let path = paths[name] else {
                throw ValidationError(
                    "unknown flag '\(argument)'; see tally serve --print-config for all keys"
                )
            }
            if parts.count == 2 {
                values[path] = parts[1]
            } else if let value = rest.popFirst() {
                values[path] = value
            } else {
                throw ValidationError("--\(name) needs a value")
            }
        }
        return values
    }
}
