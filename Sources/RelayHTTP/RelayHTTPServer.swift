import ConsentReceipts
import Disclosures
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Partners
import RoomControl
import ServiceLifecycle
import TransparencyLogs
import Webhooks

/// Puts the HTTP surface together.
package enum RelayHTTPServer {
    /// Field names and values: a token has at most 8 KiB, and no client sends fields of that size otherwise.
    private static let maximumHeaderBytes = 16 * 1024
    private static let maximumHeaders = 100
    /// Connections that wait for `accept`.
    private static let backlog = 1024
    private static let heartbeatSeconds = 15

    /// The server as a service: runs until it is told to shut down gracefully, then ends open requests.
    ///
    /// `onListening` is told the port once the socket is bound. Throws where TLS files cannot be read.
    package static func makeService(
        service: any RelayService,
        configuration: TallyConfiguration,
        tokens: TokenAuthority,
        receiptKeys: ReceiptKeys,
        logger: Logger,
        metrics: PrometheusMetrics = PrometheusMetrics(),
        webhooks: WebhookDispatcher? = nil,
        partners: PartnerRegistry,
        idempotentRequests: IdempotentRequests = IdempotentRequests(),
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws -> any Service {
        try makeApplication(
            service: service,
            configuration: configuration,
            tokens: tokens,
            receiptKeys: receiptKeys,
            logger: logger,
            metrics: metrics,
            webhooks: webhooks,
            partners: partners,
            idempotentRequests: idempotentRequests,
            onListening: onListening
        )
    }

    /// The same as a Hummingbird application; without receipt keys it signs with one that is kept nowhere.
    package static func makeApplication(
        service: any RelayService,
        configuration: TallyConfiguration,
        tokens: TokenAuthority,
        receiptKeys: ReceiptKeys? = nil,
        logger: Logger,
        metrics: PrometheusMetrics = PrometheusMetrics(),
        webhooks: WebhookDispatcher? = nil,
        partners: PartnerRegistry,
        idempotentRequests: IdempotentRequests = IdempotentRequests(),
        heartbeat: Duration = .seconds(heartbeatSeconds),
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws -> some ApplicationProtocol {
        let http = configuration.http
        let limits = configuration.limits
        let router = makeRouter(
            service: service,
            configuration: configuration,
            tokens: tokens,
            receiptKeys: try receiptKeys ?? ReceiptKeys.random(),
            metrics: metrics,
            webhooks: webhooks,
            partners: partners,
            idempotentRequests: idempotentRequests,
            heartbeat: heartbeat
        )

        var channel = HTTP1Channel.Configuration(
            // Twice the limit is read and thrown away, so that a client that sends a little too much still gets
            // to read the refusal.
            additionalChannelHandlers: [
                RequestDeadline(
                    timeoutSeconds: http.requestTimeoutSeconds,
                    maximumBytes: limits.bodyBytes * 2
                )
            ],
            idleTimeout: .seconds(Int64(http.idleTimeoutSeconds))
        )
        channel.httpDecoder = .init(
            maxHeaderFieldSize: maximumHeaderBytes,
            maxHeaderListSize: maximumHeaderBytes * 2,
            maxHeaderFieldCount: maximumHeaders
        )
        return Application(
            router: router,
            server: try server(channel, tls: http.tls),
            configuration: ApplicationConfiguration(
                address: .hostname(http.host, port: http.port),
                serverName: "tally",
                backlog: backlog,
                availableConnectionsDelegate: .maximum(http.maximumConnections, logger: logger)
            ),
            onServerRunning: { channel in
                await onListening(channel.localAddress?.port ?? http.port)
            },
            logger: logger
        )
    }

    /// All routes with what stands before them.
    static func makeRouter(
        service: any RelayService,
        configuration: TallyConfiguration,
        tokens: TokenAuthority,
        receiptKeys: ReceiptKeys,
        metrics: PrometheusMetrics,
        webhooks: WebhookDispatcher? = nil,
        partners: PartnerRegistry,
        idempotentRequests: IdempotentRequests = IdempotentRequests(),
        heartbeat: Duration
    ) -> Router<RelayRequestContext> {
        let http = configuration.http
        let limits = configuration.limits
        let limiter = HandshakeLimiter(
            handshakesPerSecond: limits.handshakesPerSecond,
            requestsPerSecond: limits.requestsPerSecond
        )
        let addresses = ClientAddress(trustsLoopbackProxy: http.trustProxy)
        let overTLS = http.tls != nil

        let router = Router(context: RelayRequestContext.self)
        router.add(
            middleware: RequestBoundary(
                crossOrigin: CrossOrigin(origins: configuration.cors.origins),
                limiter: limiter,
                addresses: addresses,
                metrics: metrics,
                overTLS: overTLS || http.publicURL.hasPrefix("https://")
            )
        )
        let routes = RelayRoutes(
            service: service,
            configuration: configuration,
            tokens: tokens,
            bearer: Bearer(authority: tokens) { room, participant, name in
                try await service.governance(of: participant, in: room).status.guardian == name
            },
            bodies: RequestBodies(maximumBytes: limits.bodyBytes),
            limiter: limiter,
            addresses: addresses,
            eventStreams: EventStreams(
                seats: StreamSeats(
                    maximum: limits.eventStreams,
                    maximumPerOwner: limits.eventStreamsPerParticipant
                ),
                heartbeat: heartbeat
            ),
            idempotentRequests: idempotentRequests,
            urls: PublicURL(
                configured: http.publicURL,
                overTLS: overTLS,
                fallbackAuthority: "\(http.host.contains(":") ? "[\(http.host)]" : http.host):\(http.port)"
            ),
            metrics: metrics,
            receipts: ReceiptIssuer(
                keys: receiptKeys,
                origin: service.ledgerKey.name.text,
                relayOperator: configuration.relayOperator
            ),
            partners: partners,
            grantLimiter: GrantLimiter(),
            webhooks: webhooks
        )
        // What an operator takes from a partner ends sessions before it is acknowledged.
        partners.observe { change in _ = await service.endSessions(after: change) }
        partners.observeListings { partner in await service.tell(ofListed: partner) }
        routes.register(on: Endpoints(router: router))
        return router
    }

    private static func server(
        _ channel: HTTP1Channel.Configuration,
        tls files: TallyConfiguration.TLSFiles?
    ) throws -> HTTPServerBuilder {
        guard let files else { return .http1(configuration: channel) }
        var tls: TLSConfiguration
        do {
            tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate)
                    .map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem))
            )
        } catch {
            throw ConfigurationError(problems: [
                "http.tls: cannot read the certificate \(files.certificate) with the key \(files.key): \(error)"
            ])
        }
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        return try .tls(.http1(configuration: channel), tlsConfiguration: tls)
    }
}
