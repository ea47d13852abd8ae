import ArgumentParser
import Foundation

/// `tally destination`: servers that rooms are re-broadcast to, over the API of a relay that runs.
struct DestinationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destination",
        abstract: "Register servers of partners, and push rooms to them.",
        discussion: """
            Talks to the relay that runs, as its operator, as `tally partner` does. A destination is a WHIP endpoint of \
            a partner that is registered for rebroadcast; participants agree to the partner. What is taken from it is \
            in force when a command ends.
            """,
        subcommands: [
            List.self, Add.self, Suspend.self, Resume.self, Remove.self, Push.self, Pushes.self,
            EndPush.self,
        ]
    )

    /// One destination, named on the command line.
    struct Named: ParsableArguments {
        @Argument(help: "The destination's identifier.") var destination: String

        var path: String { "/v1/destinations/\(destination)" }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print every destination, one a line.")

        @OptionGroup var relay: PartnerCommand.Relay

        func run() async throws {
            let answer = try await relay.request("GET", "/v1/destinations?limit=1000")
            for case let destination as [String: Any] in answer["destinations"] as? [Any] ?? [] {
                let words = ["id", "state", "partner", "url", "reason"].map {
                    destination[$0] as? String ?? ""
                }
                print(words.joined(separator: "\t"))
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Register a destination.")

        @OptionGroup var relay: PartnerCommand.Relay
        @OptionGroup var named: Named
        @Option(name: .long, help: "The partner whose server it is.") var partner: String
        @Option(name: .long, help: "Its WHIP endpoint, https.") var url: String
        @Option(name: .long, help: "A file with the bearer token for the endpoint.") var tokenFile: String?
        @Option(name: .long, help: "Where it shows what it receives, as DE or US-CA.") var region: String?
        @Option(name: .long, help: "Where it is told what it may do, and acknowledges that.")
        var webhook: String?
        @Option(name: .long, help: "A file with the secret that the webhook is signed by.")
        var webhookSecretFile: String?
        @Option(name: .long, help: "Seconds within which it acknowledges.") var acknowledgeWithin = 5

        func run() async throws {
            var body: [String: Any] = ["id": named.destination, "partner": partner, "url": url]
            if let tokenFile { body["token"] = try Self.secret(tokenFile) }
            if let region { body["region"] = region }
            if let webhook {
                guard let webhookSecretFile else {
                    throw ValidationError("--webhook needs --webhook-secret-file")
                }
                body["webhook"] = [
                    "url": webhook, "secret": try Self.secret(webhookSecretFile),
                    "acknowledge_within_seconds": acknowledgeWithin,
                ]
            }
            _ = try await relay.request("POST", "/v1/destinations", body)
        }

        private static func secret(_ path: String) throws -> String {
            try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop pushing to a destination.")

        @OptionGroup var relay: PartnerCommand.Relay
        @OptionGroup var named: Named

        func run() async throws { try await relay.set("suspended", of: named) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a destination go on that was suspended or cut off."
        )

        @OptionGroup var relay: PartnerCommand.Relay
        @OptionGroup var named: Named

        func run() async throws { try await relay.set("active", of: named) }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a destination and every push to it."
        )

        @OptionGroup var relay: PartnerCommand.Relay
        @OptionGroup var named: Named

        func run() async throws { _ = try await relay.request("DELETE", named.path) }
    }

    struct Push: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Push a room for as long as consents stand; prints the push's identifier."
        )

        @OptionGroup var relay: PartnerCommand.Relay
        @OptionGroup var named: Named
        @Option(name: .long, help: "The room.") var room: String
        @Option(name: .long, help: "One stream of it; default everybody.") var stream: String?

        func run() async throws {
            var body: [String: Any] = ["destination": named.destination]
            if let stream { body["stream"] = stream }
            let push = try await relay.request("POST", "/v1/rooms/\(room)/pushes", body)
            print(push["id"] as? String ?? "")
        }
    }

    struct Pushes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a room's pushes, one a line.")

        @OptionGroup var relay: PartnerCommand.Relay
        @Option(name: .long, help: "The room.") var room: String

        func run() async throws {
            let answer = try await relay.request("GET", "/v1/rooms/\(room)/pushes?limit=1000")
            for case let push as [String: Any] in answer["pushes"] as? [Any] ?? [] {
                let words = ["id", "destination", "state", "reason"].map { push[$0] as? String ?? "" }
                print(words.joined(separator: "\t"))
            }
        }
    }

    struct EndPush: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a push.")

        @OptionGroup var relay: PartnerCommand.Relay
        @Option(name: .long, help: "The room.") var room: String
        @Argument(help: "The push's identifier.") var push: String

        func run() async throws {
            _ = try await relay.request("DELETE", "/v1/rooms/\(room)/pushes/\(push)")
        }
    }
}

extension PartnerCommand.Relay {
    /// Sets a destination's state, and leaves the rest as it is.
    fileprivate func set(_ state: String, of named: DestinationCommand.Named) async throws {
        let present = try await request("GET", named.path)
        var body: [String: Any] = ["state": state]
        for key in ["url", "region", "webhook"] { body[key] = present[key] }
        _ = try await request("PUT", named.path, body)
    }
}
