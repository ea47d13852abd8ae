import ArgumentParser
import Foundation
import LoadTesting
import Logging
import Primitives
import RelayHTTP
import ServiceLifecycle
import UnixSignals

extension PartnerCommand {
    /// `tally partner site`: a page on another origin that shows a room, with grants minted by the partner's key.
    struct Site: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Serve a page that shows a room on a partner's site, to try it out.",
            discussion: """
                The page and its /grant are all that a site needs. Its address has to be one of the partner's origins: \
                http://127.0.0.1:PORT, unless --host says otherwise.
                """
        )

        @OptionGroup var relay: Relay
        @OptionGroup var named: Named
        @Option(name: .long, help: "The room.") var room: String
        @Option(name: .long, help: "A file that holds the partner's key.") var keyFile: String
        @Option(name: .long, help: "The page's title.") var title = "A partner's site"
        @Option(name: .long, help: "The address to listen on.") var host = "127.0.0.1"
        @Option(name: .long, help: "The port to listen on.") var port = 8280

        func validate() throws {
            guard RoomName(room) != nil else { throw ValidationError("--room is no name of a room: \(room)") }
            guard (0...65_535).contains(port) else {
                throw ValidationError("--port is 0 to 65535, got \(port)")
            }
        }

        func run() async throws {
            guard let room = RoomName(room) else { return }
            let base = try relay.base()
            let key = try String(contentsOfFile: keyFile, encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let client = SignalingClient(acceptsAnyCertificate: relay.insecure)
            let api = RelayAPI(base: base, client: client)
            let (partner, host) = (named.partner, host)
            let site = PartnerSite(relay: base, partner: partner, room: room, title: title) {
                try await api.grant(partner: partner, room: room.text, token: key)
            }
            LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
            var logger = Logger(label: "partner site")
            logger.logLevel = .warning
            let group = ServiceGroup(
                services: [
                    site.makeService(host: host, port: port, logger: logger) { port in
                        print("http://\(host):\(port)/ shows \(room.text) as \(partner)")
                        fflush(nil)
                    }
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
            let result = await Result.catching { try await group.run() }
            await client.shutDown()
            try result.get()
        }
    }
}
