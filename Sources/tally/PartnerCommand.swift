import ArgumentParser
import Foundation
import LoadTesting
import Partners
import RelayHTTP

/// `tally partner`: who may show rooms, over the API of a relay that runs.
struct PartnerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partner",
        abstract: "Register partners, whose sites may show rooms, and mint their grants.",
        discussion: """
            Talks to the relay that runs, as its operator: with the relay's own configuration at hand it mints itself a \
            token, elsewhere it takes one. What is taken from a partner has ended its sessions when a command ends.
            """,
        subcommands: [
            List.self, Add.self, Suspend.self, Resume.self, RotateKey.self, Remove.self, Grant.self,
            Site.self,
        ]
    )

    /// Where the relay is, and by which right.
    struct Relay: ParsableArguments {
        @Option(name: .long, help: "The relay's configuration file (YAML).")
        var config: String?

        @Option(name: .long, help: "The relay, if it is not where its configuration says.")
        var baseURL: String?

        @Option(
            name: .long,
            help: "A file that holds an operator's token; default a new one by the relay's secret."
        )
        var operatorTokenFile: String?

        @Flag(name: .long, help: "Accept any TLS certificate; for tests.")
        var insecure = false

        /// Sends a request and answers its JSON; a refusal is said in the relay's own words.
        func request(
            _ method: String,
            _ path: String,
            _ body: [String: Any]? = nil
        ) async throws -> [String: Any] {
            try await exchange(method, path, body).0
        }

        /// A page of a list, and the path of the next one.
        func page(_ path: String) async throws -> ([String: Any], next: String?) {
            let (list, answer) = try await exchange("GET", path, nil)
            let link = answer.field("link")?.firstMatch(of: /<([^>]*)>; rel="next"/)?.1
            let next = link.flatMap { URLComponents(string: String($0)) }
            return (list, next.map { $0.path + "?" + ($0.percentEncodedQuery ?? "") })
        }

        private func exchange(
            _ method: String,
            _ path: String,
            _ body: [String: Any]?
        ) async throws -> ([String: Any], SignalingResponse) {
            let configuration = try TallyConfiguration.load(file: config)
            let client = SignalingClient(acceptsAnyCertificate: insecure)
            let text = try body.map {
                String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self)
            }
            let answer: SignalingResponse
            do {
                answer = try await RelayAPI(base: try base(), client: client)
                    .request(
                        method,
                        path,
                        token: try await token(configuration),
                        type: text == nil ? nil : "application/json",
                        body: text
                    )
            } catch {
                await client.shutDown()
                throw error
            }
            await client.shutDown()
            let parsed = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8))
            let object = parsed as? [String: Any] ?? [:]
            guard (200..<300).contains(answer.status) else {
                throw ValidationError(object["detail"] as? String ?? "the relay answered \(answer.status)")
            }
            return (object, answer)
        }

        private func token(_ configuration: TallyConfiguration) async throws -> String {
            if let operatorTokenFile {
                return try String(contentsOfFile: operatorTokenFile, encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }
            let secret = configuration.tokens.secretFile
            guard FileManager.default.fileExists(atPath: secret) else {
                throw ValidationError(
                    "there is no secret at \(secret): give --config or --operator-token-file"
                )
            }
            let authority = await TokenAuthority(secret: try TokenSecret.loadOrCreate(path: secret))
            // Long enough for one request.
            return try await authority.mint(
                .relayOperator(OperatorToken(name: "tally-partner")),
                lifetimeSeconds: 60
            )
            .text
        }

        /// The relay's URL.
        func base() throws -> String {
            if let baseURL { return baseURL }
            let http = try TallyConfiguration.load(file: config).http
            guard http.publicURL.isEmpty else { return http.publicURL }
            let host = http.host.contains(":") ? "[\(http.host)]" : http.host
            return "\(http.tls == nil ? "http" : "https")://\(host):\(http.port)"
        }
    }

    /// One partner, named on the command line.
    struct Named: ParsableArguments {
        @Argument(help: "The partner's identifier.") var partner: String

        var path: String { "/v1/partners/\(partner)" }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print every partner, one a line.")

        @OptionGroup var relay: Relay

        func run() async throws {
            var path: String? = "/v1/partners?limit=1000"
            while let page = path {
                let (list, next) = try await relay.page(page)
                for case let partner as [String: Any] in list["partners"] as? [Any] ?? [] {
                    let origins = (partner["origins"] as? [String] ?? []).joined(separator: " ")
                    let (id, state) = (partner["id"] ?? "", partner["state"] ?? "")
                    print("\(id)\t\(state)\t\(partner["legal_name"] ?? "")\t\(origins)")
                }
                path = next
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a partner; prints its key, this once."
        )

        @OptionGroup var relay: Relay
        @OptionGroup var named: Named
        @Option(name: .long, help: "Who it is by law, as participants see it.") var legalName: String
        @Option(name: .long, help: "Where people turn to about what it does.") var contact: String
        @Option(name: .long, help: "A site that may frame rooms, as https://HOST. Repeatable.")
        var origin: [String] = []
        @Option(name: .long, help: "live_embed or rebroadcast. Repeatable; default live_embed.")
        var purpose: [String] = []
        @Option(name: .long, help: "A room that it may show. Repeatable; default all.") var room: [String] =
            []
        @Option(name: .long, help: "A region where it shows rooms. Repeatable; default not known.")
        var region: [String] = []
        @Flag(name: .long, help: "Let its framed pages get grants by themselves.") var pageGrants = false
        @Option(name: .long, help: "Its viewers at a time; default 1000.") var viewers: Int?
        @Option(name: .long, help: "Its viewers at a time in one room; default 1000.") var viewersPerRoom:
            Int?

        func run() async throws {
            var body: [String: Any] = [
                "id": named.partner, "legal_name": legalName, "contact": contact, "origins": origin,
                "rooms": room, "regions": region, "page_grants": pageGrants,
            ]
            if !purpose.isEmpty { body["purposes"] = purpose }
            if let viewers { body["maximum_viewers"] = viewers }
            if let viewersPerRoom { body["maximum_viewers_per_room"] = viewersPerRoom }
            print(try await relay.request("POST", "/v1/partners", body)["key"] as? String ?? "")
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop showing rooms at a partner; its sessions have ended when this ends."
        )

        @OptionGroup var relay: Relay
        @OptionGroup var named: Named

        func run() async throws { try await setState("suspended", relay, named) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a suspended partner show rooms again.")

        @OptionGroup var relay: Relay
        @OptionGroup var named: Named

        func run() async throws { try await setState("active", relay, named) }
    }

    struct RotateKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Replace a partner's key, which ends what the earlier one has had minted; prints the new one."
        )

        @OptionGroup var relay: Relay
        @OptionGroup var named: Named

        func run() async throws {
            print(try await relay.request("POST", named.path + "/key")["key"] as? String ?? "")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a partner.")

        @OptionGroup var relay: Relay
        @OptionGroup var named: Named

        func run() async throws { _ = try await relay.request("DELETE", named.path) }
    }

    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Mint a grant for one viewer of a partner; prints the address to frame."
        )

        @OptionGroup var relay: Relay
        @OptionGroup var named: Named
        @Option(name: .long, help: "The room.") var room: String
        @Option(name: .long, help: "live_embed for a viewer on its site, rebroadcast for its own server.")
        var purpose = "live_embed"
        @Option(name: .long, help: "Seconds that a session may last on it; 60 to 86400.") var seconds = 3_600
        @Flag(name: .long, help: "Print the grant alone.") var bare = false

        func run() async throws {
            let answer = try await relay.request(
                "POST",
                named.path + "/grants",
                ["room": room, "purpose": purpose, "lifetime_seconds": seconds]
            )
            // A server has nothing to frame.
            print((bare ? nil : answer["embed_url"] as? String) ?? answer["grant"] as? String ?? "")
        }
    }
}

/// Sets the state alone: the terms stay what they are.
private func setState(
    _ state: String,
    _ relay: PartnerCommand.Relay,
    _ named: PartnerCommand.Named
) async throws {
    let present = try await relay.request("GET", named.path)
    let terms = Set(PartnerTermsDocument.CodingKeys.allCases.map(\.rawValue))
    var body = present.filter { terms.contains($0.key) }
    body["state"] = state
    _ = try await relay.request("PUT", named.path, body)
}
