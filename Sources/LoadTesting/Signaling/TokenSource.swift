import Foundation

/// Where a bearer token comes from: a file or the environment, so that it stands in no process list.
package enum TokenSource: Sendable {
    case file(String)
    case environment(String)
    /// The token itself, for those that a run mints.
    case text(String)
    case none

    /// The variable that is read when nothing else is named.
    package static let defaultVariable = "TALLY_TOKEN"

    /// A file if one is named, else the variable; the default variable counts only if it is set.
    package init(file: String?, variable: String?) {
        if let file {
            self = .file(file)
        } else if let variable {
            self = .environment(variable)
        } else if ProcessInfo.processInfo.environment[Self.defaultVariable] != nil {
            self = .environment(Self.defaultVariable)
        } else {
            self = .none
        }
    }

    /// The token, read now, so that a file may be renewed while a client runs; `nil` for none.
    ///
    /// Throws `TokenSourceError`.
    package func read() throws(TokenSourceError) -> String? {
        switch self {
        case .none:
            return nil
        case .text(let token):
            return token
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else { throw .unreadableFile(path) }
            let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty else { throw .unreadableFile(path) }
            return text
        case .environment(let variable):
            guard let value = ProcessInfo.processInfo.environment[variable], !value.isEmpty else {
                throw .unsetVariable(variable)
            }
            return value
        }
    }
}

/// Why there is no token.
package enum TokenSourceError: Error, Sendable, CustomStringConvertible {
    case unreadableFile(String)
    case unsetVariable(String)

    package var description: String {
        switch self {
        case .unreadableFile(let path): "no token can be read from \(path)"
        case .unsetVariable(let name): "the environment variable \(name) holds no token"
        }
    }
}
