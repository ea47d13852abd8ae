import Configuration
import Foundation

extension TallyConfiguration {
    /// Reads the configuration: `flags` (by `ConfigurationKey.path`) over `environment` (`TALLY_…`) over the
    /// YAML text over the defaults.
    ///
    /// Throws `ConfigurationError` with everything that is wrong.
    package static func load(
        yaml: String? = nil,
        environment: [String: String] = [:],
        flags: [String: String] = [:]
    ) throws -> TallyConfiguration {
        var problems: [String] = []
        let file = YAMLSettings(yaml ?? "", &problems)
        let known = Dictionary(uniqueKeysWithValues: ConfigurationKey.all.map { ($0.path, $0) })
        var flagVariables: [String: String] = [:]
        for (path, value) in flags {
            guard let key = known[path] else {
                problems.append("\(path): there is no such key")
                continue
            }
            flagVariables[key.environmentName] = value
        }

        let reader = ConfigReader(providers: [
            // Flags are text like variables are, and are read by the same rules.
            EnvironmentVariablesProvider(environmentVariables: flagVariables).prefixKeys(with: "tally"),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "tally"),
            InMemoryProvider(name: "file", values: file.values),
            InMemoryProvider(
                name: "defaults",
                values: Dictionary(
                    uniqueKeysWithValues: ConfigurationKey.all.map { key in
                        (
                            AbsoluteConfigKey(ConfigKey(key.path)),
                            ConfigValue(key.standard.content, isSecret: false)
                        )
                    }
                )
            ),
        ])
        var values: [String: ConfigurationKey.Value] = [:]
        for key in ConfigurationKey.all {
            do {
                values[key.path] = try read(key, reader)
            } catch {
                // Only text from a flag or a variable can be of the wrong kind here; the file was checked.
                let (source, value) =
                    flags[key.path].map { ("--\(key.flagName)", $0) }
                    ?? (key.environmentName, environment[key.environmentName] ?? "")
                problems.append(
                    "\(key.path): \(source) is \"\(value)\" where \(key.standard.kind) is expected"
                )
                values[key.path] = key.standard
            }
        }
        let table = SettingsTable(values)
        problems += table.outOfRange()
        let configuration = TallyConfiguration(table)
        problems += configuration.contradictions(table)
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return configuration
    }

    /// As above with the YAML in a file; `nil` for defaults only.
    package static func load(
        file path: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        flags: [String: String] = [:]
    ) throws -> TallyConfiguration {
        guard let path else { return try load(yaml: nil, environment: environment, flags: flags) }
        let text: String
        do {
            text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw ConfigurationError(problems: ["\(path): cannot be read: \(error.localizedDescription)"])
        }
        return try load(yaml: text, environment: environment, flags: flags)
    }

    private static func read(
        _ key: ConfigurationKey,
        _ reader: ConfigReader
    ) throws -> ConfigurationKey.Value {
        let place = ConfigKey(key.path)
        switch key.standard {
        case .text: return .text(try reader.requiredString(forKey: place))
        case .number(_, let range): return .number(try reader.requiredInt(forKey: place), range)
        case .flag: return .flag(try reader.requiredBool(forKey: place))
        case .list:
            return .list(
                try reader.requiredStringArray(forKey: place)
                    .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            )
        }
    }
}

extension ConfigurationKey.Value {
    /// The form in which swift-configuration keeps it.
    var content: ConfigContent {
        switch self {
        case .text(let text): .string(text)
        case .number(let number, _): .int(number)
        case .flag(let flag): .bool(flag)
        case .list(let items): .stringArray(items)
        }
    }

    /// For messages.
    var kind: String {
        switch self {
        case .text: "text"
        case .number: "a whole number"
        case .flag: "true or false"
        case .list: "a list"
        }
    }
}
