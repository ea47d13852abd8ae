extension TallyConfiguration {
    private static let lineLength = 100

    /// A YAML file with every key, its default and its meaning; `load` reads it back as the defaults.
    package static func printDocumented() -> String {
        var text =
            "# Configuration of tally serve. Every key may be left out; the values here are the defaults.\n"
            + "# An environment variable overrides the file, and a flag overrides both.\n"
        var open: [Substring] = []
        for key in ConfigurationKey.all {
            let parts = key.path.split(separator: ".")
            let sections = parts.dropLast()
            let shared = zip(open, sections).prefix { $0 == $1 }.count
            if shared == 0 { text += "\n" }
            for level in shared..<max(sections.count, shared) {
                text += indent(level) + "\(sections[level]):\n"
            }
            open = Array(sections)
            text += comment(key, indent(sections.count))
            text += indent(sections.count) + "\(parts.last ?? ""): \(scalar(key.standard))\n"
        }
        return text
    }

    private static func indent(_ level: Int) -> String {
        String(repeating: "  ", count: level)
    }

    private static func comment(_ key: ConfigurationKey, _ indent: String) -> String {
        var sentence = key.meaning
        if case .number(_, let range) = key.standard {
            sentence += " From \(range.lowerBound) to \(range.upperBound)."
        }
        sentence += " [\(key.environmentName), --\(key.flagName)]"
        var lines: [String] = []
        var line = indent + "#"
        for word in sentence.split(separator: " ") {
            if line.count + 1 + word.count > lineLength {
                lines.append(line)
                line = indent + "#"
            }
            line += " " + word
        }
        return (lines + [line]).map { $0 + "\n" }.joined()
    }

    private static func scalar(_ value: ConfigurationKey.Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .number(let number, _): String(number)
        case .flag(let flag): String(flag)
        case .list(let items): "[" + items.map { quoted($0) }.joined(separator: ", ") + "]"
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
