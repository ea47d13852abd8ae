import ArgumentParser
import ConsentReceipts
import Disclosures
import Foundation
import LedgerStore
import Logging
import Partners
import Primitives
import RelayHTTP
import RelayRuntime
import RoomControl
import ServiceLifecycle
import TransparencyLogs
import UnixSignals
import Webhooks

/// `tally serve`: the relay.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the relay.",
        discussion: """
            Settings come from a YAML file, over it from TALLY_… environment variables, over both from flags: \
            every key of the file is a flag too, for example --http-port 8080 for http.port. \
            --print-config prints them all with their meaning.
            """
    )

    @Option(name: .long, help: "The configuration file (YAML).")
    var config: String?

    @Flag(name: .long, help: "Print every setting with its meaning and default, and end.")
    var printConfig = false

    @Argument(parsing: .allUnrecognized, help: "Settings as flags: --KEY VALUE.")
    var settings: [String] = []

    func run() async throws {
        guard !printConfig else {
            print(TallyConfiguration.printDocumented(), terminator: "")
            return
        }
        OpenFileLimit.raise()
        let configuration = try TallyConfiguration.load(file: config, flags: try SettingFlags.parse(settings))
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Self.logger(level: configuration.log.level)

        if DisclosureGate.isDisabled {
            guard ["127.0.0.1", "::1", "localhost"].contains(configuration.http.host) else {
                throw ValidationError("this build has no consent gate: it serves on loopback only")
            }
            logger.critical("this build has NO CONSENT GATE: it is for measurements, never for people")
        }
        let tokens = await TokenAuthority(
            secret: try TokenSecret.loadOrCreate(path: configuration.tokens.secretFile)
        )
        let store = try await Self.ledger(configuration, logger)
        let receiptKeys = try ReceiptKeys.loadOrCreate(path: configuration.receipts.keyFile)
        let webhooks = try await Self.webhooks(configuration, logger)
        let idempotentRequests = IdempotentRequests()
        let candidates = try Candidates.choose(configuration.udp)
        let partners = try PartnerRegistry(directory: configuration.data.directory)
        let control = try RelayControl(
            bind: try Candidates.bindAddress(configuration.udp),
            mediaLoops: Self.mediaLoops(configuration.media),
            processors: try configuration.media.processors.map(Self.processor),
            settings: Self.settings(configuration, candidates),
            ledger: store,
            outbox: webhooks?.outbox ?? .nobody,
            partners: partners,
            keepers: (webhooks.map { [WebhookKeeper(dispatcher: $0)] } ?? []) + [idempotentRequests],
            logger: logger
        )
        if let webhooks {
            let (told, since) = try await webhooks.progress()
            await control.tellAgain(told: told, since: since)
        }
        let http = try RelayHTTPServer.makeService(
            service: control,
            configuration: configuration,
            tokens: tokens,
            receiptKeys: receiptKeys,
            logger: logger,
            webhooks: webhooks,
            partners: partners,
            idempotentRequests: idempotentRequests
        ) { port in
            Self.announce(configuration, httpPort: port, control, candidates, logger)
        }
        // Services stop in reverse order: first viewers are told to move on, then HTTP ends, then media.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: WebhookService(dispatcher: webhooks)),
                    .init(service: ControlService(control: control)),
                    .init(service: http),
                    .init(service: DrainService(control: control)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
        await store.close()
    }

    private static func mediaLoops(_ media: TallyConfiguration.Media) -> Int {
        if media.loops > 0 { return media.loops }
        let processors =
            media.processors.isEmpty
            ? ProcessInfo.processInfo.activeProcessorCount : media.processors.count
        return min(62, processors)
    }

    private static func processor(_ text: String) throws -> Int {
        guard let number = Int(text), (0...1_023).contains(number) else {
            throw ValidationError("media.processors: \(text.prefix(32)) is no processor's number")
        }
        return number
    }

    private static func ledger(
        _ configuration: TallyConfiguration,
        _ logger: Logger
    ) async throws -> SQLiteLedgerStore {
        let origin = configuration.ledger.origin
        let store = try await SQLiteLedgerStore(
            directory: configuration.data.directory,
            origin: KeyName(origin)
        )
        let name = store.verifierKey.name.text
        if !origin.isEmpty, name != origin {
            logger.warning("the ledger keeps the name that it was made with: \(name)")
        }
        return store
    }

    /// `nil` without a file of endpoints.
    private static func webhooks(
        _ configuration: TallyConfiguration,
        _ logger: Logger
    ) async throws -> WebhookDispatcher? {
        guard !configuration.webhooks.file.isEmpty else { return nil }
        return try await WebhookDispatcher(
            endpoints: try WebhookEndpointsFile.load(path: configuration.webhooks.file),
            directory: configuration.data.directory,
            logger: logger,
            clock: { SystemClock.wall }
        )
    }

    private static func logger(level: String) -> Logger {
        var logger = Logger(label: "tally")
        logger.logLevel = Logger.Level(rawValue: level) ?? .info
        return logger
    }

    private static func settings(
        _ configuration: TallyConfiguration,
        _ candidates: [SocketAddress]
    ) -> RoomSettings {
        var settings = RoomSettings(candidates: candidates)
        settings.maximumRooms = configuration.limits.rooms
        settings.maximumPublishersPerRoom = configuration.limits.participantsPerRoom
        settings.maximumViewersPerRoom = configuration.limits.viewersPerRoom
        settings.maximumSessionsPerToken = configuration.limits.sessionsPerToken
        settings.maximumSessionsPerAddress = configuration.limits.sessionsPerAddress
        return settings
    }

    /// Says where everything is, in lines that a person reads.
    private static func announce(
        _ configuration: TallyConfiguration,
        httpPort: Int,
        _ control: RelayControl,
        _ candidates: [SocketAddress],
        _ logger: Logger
    ) {
        let scheme = configuration.http.tls == nil ? "http" : "https"
        let host =
            configuration.http.host.contains(":") ? "[\(configuration.http.host)]" : configuration.http.host
        let base =
            configuration.http.publicURL.isEmpty
            ? "\(scheme)://\(host):\(httpPort)" : configuration.http.publicURL
        logger.notice("pages and rooms: \(base)/")
        logger.notice("publish (WHIP):  \(base)/v1/rooms/{room}/whip")
        logger.notice("view (WHEP):     \(base)/v1/rooms/{room}/whep")
        logger.notice("ledger:          \(base)/v1/ledger/log")
        logger.notice("ledger's key:    \(control.ledgerKey.text)")
        let shown = candidates.map { $0.with(port: control.udpPort).description }.joined(separator: ", ")
        logger.notice("media: UDP port \(control.udpPort), advertised as \(shown)")
        if candidates.allSatisfy(\.isLoopback) {
            logger.notice("only this machine can reach the media: set udp.candidates to be reached by others")
        }
    }
}

/// Tells other systems; ends last, so that it writes down what the others leave.
private struct WebhookService: Service {
    let dispatcher: WebhookDispatcher?

    func run() async throws {
        await cancelWhenGracefulShutdown {
            guard let dispatcher else { return try? await gracefulShutdown() }
            await dispatcher.run()
        }
    }
}

/// The control plane as a service.
private struct ControlService: Service {
    let control: RelayControl

    func run() async throws {
        await cancelWhenGracefulShutdown { await control.run() }
    }
}

/// Stops first, so that everybody is told while HTTP still answers.
private struct DrainService: Service {
    let control: RelayControl

    func run() async throws {
        try await gracefulShutdown()
        await control.drain()
    }
}
