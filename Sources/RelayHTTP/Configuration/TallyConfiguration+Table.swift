import Foundation
import Logging
import Primitives
import TransparencyLogs

extension TallyConfiguration {
    init(_ table: SettingsTable) {
        let certificate = table.text("http.tls.certificate")
        let key = table.text("http.tls.key")
        var publicURL = table.text("http.publicURL")
        while publicURL.hasSuffix("/") { publicURL.removeLast() }
        let directory = table.text("data.directory")
        let secretFile = table.text("tokens.secretFile")
        let demo = table.flag("demo")

        http = HTTP(
            host: table.text("http.host"),
            port: table.number("http.port"),
            publicURL: publicURL,
            tls: certificate.isEmpty && key.isEmpty ? nil : TLSFiles(certificate: certificate, key: key),
            trustProxy: table.flag("http.trustProxy"),
            maximumConnections: table.number("http.maximumConnections"),
            requestTimeoutSeconds: table.number("http.requestTimeoutSeconds"),
            idleTimeoutSeconds: table.number("http.idleTimeoutSeconds")
        )
        udp = UDP(
            host: table.text("udp.host"),
            port: table.number("udp.port"),
            candidates: table.list("udp.candidates")
        )
        media = Media(loops: table.number("media.loops"), processors: table.list("media.processors"))
        data = DataStore(directory: directory)
        relayOperator = Operator(
            name: table.text("operator.name"),
            address: table.text("operator.address"),
            contact: table.text("operator.contact")
        )
        let keyFile = table.text("receipts.keyFile")
        receipts = Receipts(keyFile: keyFile.isEmpty ? directory + "/receipt-keys.json" : keyFile)
        let origin = table.text("ledger.origin")
        ledger = Ledger(origin: origin.isEmpty ? Self.origin(below: publicURL) : origin)
        tokens = Tokens(
            secretFile: secretFile.isEmpty ? directory + "/token-secret" : secretFile,
            lifetimeHours: table.number("tokens.lifetimeHours"),
            guestMinutes: table.number("tokens.guestMinutes")
        )
        rooms = Rooms(
            openViewing: demo || table.flag("rooms.openViewing"),
            openPublishing: demo || table.flag("rooms.openPublishing")
        )
        limits = Limits(
            rooms: table.number("limits.rooms"),
            participantsPerRoom: table.number("limits.participantsPerRoom"),
            viewersPerRoom: table.number("limits.viewersPerRoom"),
            sessionsPerToken: table.number("limits.sessionsPerToken"),
            sessionsPerAddress: table.number("limits.sessionsPerAddress"),
            handshakesPerSecond: table.number("limits.handshakesPerSecond"),
            requestsPerSecond: table.number("limits.requestsPerSecond"),
            bodyBytes: table.number("limits.bodyBytes"),
            eventStreams: table.number("limits.eventStreams"),
            eventStreamsPerParticipant: table.number("limits.eventStreamsPerParticipant"),
            eventsPerParticipant: table.number("limits.eventsPerParticipant")
        )
        metrics = Metrics(isPublic: table.flag("metrics.public"))
        statistics = Statistics(threshold: table.number("statistics.threshold"))
        webhooks = Webhooks(file: table.text("webhooks.file"))
        cors = CORS(origins: table.list("cors.origins"))
        log = Log(level: table.text("log.level"))
        self.demo = demo
    }

    /// What values that are each in range say against each other or against safety.
    func contradictions(_ table: SettingsTable) -> [String] {
        var problems: [String] = []
        let loopback = isLoopback(http.host)
        if let tls = http.tls {
            if tls.certificate.isEmpty {
                problems.append("http.tls.certificate: is needed with http.tls.key")
            }
            if tls.key.isEmpty { problems.append("http.tls.key: is needed with http.tls.certificate") }
        } else if !loopback {
            problems.append(
                "http.host: \(http.host) would serve plaintext HTTP beyond this machine, and with it every "
                    + "token; set http.tls.certificate and http.tls.key, or use 127.0.0.1 and put a TLS "
                    + "proxy in front of it"
            )
        }
        if http.host.isEmpty { problems.append("http.host: is empty; use 127.0.0.1 or an address") }
        if !http.publicURL.isEmpty, !Self.isBaseURL(http.publicURL) {
            problems.append(
                "http.publicURL: \"\(http.publicURL)\" is not of the form https://host or https://host:port"
            )
        }
        if !loopback {
            if table.flag("demo") {
                problems.append("demo: opens the relay to everybody and so needs http.host on loopback")
            }
            if table.flag("rooms.openPublishing") {
                problems.append("rooms.openPublishing: needs http.host on loopback")
            }
        }
        if !udp.host.isEmpty, SocketAddress(host: udp.host, port: 0) == nil {
            problems.append("udp.host: \"\(udp.host)\" is not an IP address")
        }
        for candidate in udp.candidates where SocketAddress(host: candidate, port: 0) == nil {
            problems.append("udp.candidates: \"\(candidate)\" is not an IP address")
        }
        for (key, text) in [
            ("operator.name", relayOperator.name), ("operator.address", relayOperator.address),
            ("operator.contact", relayOperator.contact),
        ] where text.utf8.count > Self.longestIdentity {
            problems.append("\(key): has \(text.utf8.count) bytes and may have \(Self.longestIdentity)")
        }
        if !ledger.origin.isEmpty, KeyName(ledger.origin) == nil {
            problems.append(
                "ledger.origin: \"\(ledger.origin)\" has spaces or a plus sign, or more than "
                    + "\(KeyName.longest) bytes; a name is like live.example/v1/ledger/log"
            )
        }
        if data.directory.isEmpty { problems.append("data.directory: is empty") }
        if Logger.Level(rawValue: log.level) == nil {
            problems.append(
                "log.level: \"\(log.level)\" is none of trace, debug, info, notice, warning, error, critical"
            )
        }
        for origin in cors.origins where origin != "*" && !Self.isBaseURL(origin) {
            problems.append(
                "cors.origins: \"\(origin)\" is neither * nor an origin such as https://site.example"
            )
        }
        return problems
    }

    /// What a receipt takes of a name or an address.
    private static let longestIdentity = 400

    /// Where the log will be found, which is its name by convention; empty if that is not known.
    private static func origin(below publicURL: String) -> String {
        for scheme in ["https://", "http://"] where publicURL.hasPrefix(scheme) {
            return publicURL.dropFirst(scheme.count) + "/v1/ledger/log"
        }
        return ""
    }

    /// Scheme, host and port, nothing behind them.
    private static func isBaseURL(_ text: String) -> Bool {
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
            return PublicURL.isAuthority(String(text.dropFirst(scheme.count)))
        }
        return false
    }
}
