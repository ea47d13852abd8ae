import Foundation
import Synchronization

/// Where the bearer tokens of a load test come from.
package enum LoadTokens: Sendable {
    /// The same for all, or none.
    case fixed(TokenSource)
    /// What a command prints; one run for each text that its placeholders make of it.
    case command(URLTemplate)
    /// Minted by the relay's API.
    case minted(operatorToken: TokenSource)
}

/// Gets tokens and keeps those that serve several.
actor TokenDesk {
    /// Viewers of one minted token; the relay caps sessions of a token.
    private static let viewersOfToken = 100

    private let tokens: LoadTokens
    private let relay: RelayAPI?
    /// Under way or there, so that nothing is asked for twice.
    private var known: [String: Task<String?, any Error>] = [:]

    init(_ tokens: LoadTokens, relay: RelayAPI?) {
        self.tokens = tokens
        self.relay = relay
    }

    /// Throws `TokenSourceError`, `SignalingError` or `LoadPlanError`.
    func publisherToken(room: String, publisher: String) async throws -> String? {
        switch tokens {
        case .fixed(let source):
            return try source.read()
        case .command(let command):
            return try await kept(
                command.expand(room: room, publisher: publisher),
                Self.output
            )
        case .minted(let operatorToken):
            let relay = relay
            return try await kept("publish \(room) \(publisher)") { _ in
                try await relay?.publishToken(
                    room: room,
                    participant: publisher,
                    name: publisher,
                    operatorToken: try operatorToken.read() ?? ""
                )
            }
        }
    }

    /// `number` is the viewer's in its room; throws as `publisherToken` does.
    func viewerToken(
        room: String,
        publisher: String,
        viewer: String,
        number: Int,
        audience: RelayAPI.Recipients
    ) async throws -> String? {
        switch tokens {
        case .fixed(let source):
            return try source.read()
        case .command(let command):
            return try await kept(
                command.expand(room: room, publisher: publisher, viewer: viewer),
                Self.output
            )
        case .minted(let operatorToken):
            let relay = relay
            let key = "view \(room) \(number / Self.viewersOfToken) \(audience)"
            return try await kept(key) { _ in
                try await relay?.viewToken(
                    room: room,
                    for: audience,
                    operatorToken: try operatorToken.read() ?? ""
                )
            }
        }
    }

    private func kept(
        _ key: String,
        _ get: @escaping @Sendable (String) async throws -> String?
    ) async throws -> String? {
        if let task = known[key] { return try await task.value }
        let task = Task { try await get(key) }
        known[key] = task
        return try await task.value
    }

    /// The first line that a shell command prints.
    private static let output: @Sendable (String) async throws -> String? = { command in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        do {
            try process.run()
        } catch {
            throw LoadPlanError("the token command cannot be run: \(error)")
        }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first ?? ""
        guard process.terminationStatus == 0, !line.isEmpty else {
            throw LoadPlanError(
                "the token command ended with \(process.terminationStatus) and printed \(data.count) bytes: \(command)"
            )
        }
        return line.trimmingCharacters(in: .whitespaces)
    }
}
