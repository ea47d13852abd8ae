/// One setting: its place, default, range and meaning.
///
/// The table is the only source for reading, checking, printing and for the names of environment variables
/// and flags.
package struct ConfigurationKey: Sendable {
    enum Value: Sendable, Equatable {
        case text(String)
        case number(Int, ClosedRange<Int>)
        case flag(Bool)
        case list([String])
    }

    /// The place in the YAML file, levels separated by dots.
    package let path: String
    let standard: Value
    /// One or more sentences, as `--print-config` prints them.
    package let meaning: String

    init(_ path: String, _ standard: Value, _ meaning: String) {
        self.path = path
        self.standard = standard
        self.meaning = meaning
    }

    /// The environment variable that overrides the file: `http.publicURL` is `TALLY_HTTP_PUBLIC_URL`.
    package var environmentName: String { "TALLY_" + words(joinedBy: "_").uppercased() }

    /// The command line's name without its dashes: `http.publicURL` is `http-public-url`.
    package var flagName: String { words(joinedBy: "-").lowercased() }

    private func words(joinedBy separator: String) -> String {
        var text = ""
        var previous: Character = "."
        for character in path {
            if character == "." {
                text += separator
            } else {
                if previous.isLowercase, character.isUppercase { text += separator }
                text.append(character)
            }
            previous = character
        }
        return text
    }
}

extension ConfigurationKey {
    /// Every key there is, in the order of the printed file.
    package static let all: [ConfigurationKey] = [
        ConfigurationKey(
            "http.host",
            .text("127.0.0.1"),
            "Address that pages, WHIP, WHEP and the API listen on. Beyond loopback TLS is required."
        ),
        ConfigurationKey("http.port", .number(8080, 0...65_535), "TCP port; 0 takes any free one."),
        ConfigurationKey(
            "http.publicURL",
            .text(""),
            "URL under which clients reach the relay, such as https://live.example; used for absolute URLs in "
                + "answers. Empty: taken from each request's Host. Set it behind a TLS proxy."
        ),
        ConfigurationKey(
            "http.tls.certificate",
            .text(""),
            "PEM file with the certificate chain; empty for plaintext."
        ),
        ConfigurationKey("http.tls.key", .text(""), "PEM file with the certificate's private key."),
        ConfigurationKey(
            "http.trustProxy",
            .flag(false),
            "Whether limits count clients by the last X-Forwarded-For entry when the connection comes from "
                + "loopback. Only with a proxy that sets that field."
        ),
        ConfigurationKey(
            "http.maximumConnections",
            .number(4096, 1...1_000_000),
            "TCP connections at a time; further ones wait in the backlog."
        ),
        ConfigurationKey(
            "http.requestTimeoutSeconds",
            .number(15, 1...600),
            "Time for a request's body to arrive; slower connections are closed."
        ),
        ConfigurationKey(
            "http.idleTimeoutSeconds",
            .number(60, 1...3600),
            "Time between requests, and for a request's head to arrive, before a connection is closed."
        ),
        ConfigurationKey(
            "udp.host",
            .text(""),
            "Address that media uses; empty for all addresses, IPv4 and IPv6."
        ),
        ConfigurationKey("udp.port", .number(8189, 0...65_535), "The one UDP port of all media."),
        ConfigurationKey(
            "udp.candidates",
            .list([]),
            "IP addresses that answers advertise, the public IPv4 address first (some encoders use no other). "
                + "Empty: detected from the interfaces."
        ),
        ConfigurationKey(
            "media.loops",
            .number(0, 0...62),
            "Threads that forward media; 0 for one a core, or for one a processor of media.processors."
        ),
        ConfigurationKey(
            "media.processors",
            .list([]),
            "Numbers of the processors on which these threads stay, in turn. Empty: wherever the system puts them."
        ),
        ConfigurationKey(
            "data.directory",
            .text("tally-data"),
            "Directory of the consent log and the disclosure ledger; made if missing."
        ),
        ConfigurationKey(
            "operator.name",
            .text(""),
            "Who runs the relay, as consent receipts name them: a person or an organisation. They decide about the "
                + "data of rooms for which nobody else was named."
        ),
        ConfigurationKey("operator.address", .text(""), "The operator's postal address, for receipts."),
        ConfigurationKey(
            "operator.contact",
            .text(""),
            "Whom participants ask about their data, and how, for receipts."
        ),
        ConfigurationKey(
            "receipts.keyFile",
            .text(""),
            "File with the key that signs consent receipts (a JWK Set), readable by its owner only; made on the "
                + "first start. Empty: receipt-keys.json in data.directory."
        ),
        ConfigurationKey(
            "ledger.origin",
            .text(""),
            "Name of the published disclosure ledger, by convention its URL without the scheme. It is given once, "
                + "when the ledger is made. Empty: made from http.publicURL, or random without one."
        ),
        ConfigurationKey(
            "tokens.secretFile",
            .text(""),
            "File with the secret that signs tokens (HS256), readable by its owner only; made on the first "
                + "start. Empty: token-secret in data.directory."
        ),
        ConfigurationKey(
            "tokens.lifetimeHours",
            .number(12, 1...744),
            "How long a token lasts if the request for it names no lifetime."
        ),
        ConfigurationKey(
            "tokens.guestMinutes",
            .number(60, 1...1440),
            "How long a token for a guest lasts."
        ),
        ConfigurationKey(
            "rooms.openViewing",
            .flag(false),
            "Whether anybody may list rooms and get a token to view one. Consent decides what they receive."
        ),
        ConfigurationKey(
            "rooms.openPublishing",
            .flag(false),
            "Whether anybody may get a token to publish. Loopback only."
        ),
        ConfigurationKey(
            "limits.rooms",
            .number(256, 1...100_000),
            "Rooms at a time in which somebody publishes, views or has just granted something. Looks and whatever "
                + "takes away need no place among them."
        ),
        ConfigurationKey("limits.participantsPerRoom", .number(50, 1...1000), "Publishers in one room."),
        ConfigurationKey("limits.viewersPerRoom", .number(2000, 1...1_000_000), "Viewers of one room."),
        ConfigurationKey("limits.sessionsPerToken", .number(256, 1...1_000_000), "Sessions of one token."),
        ConfigurationKey(
            "limits.sessionsPerAddress",
            .number(1024, 1...1_000_000),
            "Sessions from one IPv4 address or one IPv6 /64."
        ),
        ConfigurationKey(
            "limits.handshakesPerSecond",
            .number(50, 1...100_000),
            "New sessions and guest tokens a second, for each token and each address; twice as many at once."
        ),
        ConfigurationKey(
            "limits.requestsPerSecond",
            .number(200, 1...1_000_000),
            "API requests a second from each address; twice as many at once."
        ),
        ConfigurationKey(
            "limits.bodyBytes",
            .number(262_144, 4096...1_048_576),
            "Size of a request's body. A browser's offer for sixteen streams has 120 KB."
        ),
        ConfigurationKey("limits.eventStreams", .number(4096, 1...1_000_000), "Open event streams in all."),
        ConfigurationKey(
            "limits.eventStreamsPerParticipant",
            .number(8, 1...1000),
            "Open event streams of one participant or one viewing session."
        ),
        ConfigurationKey(
            "limits.eventsPerParticipant",
            .number(256, 16...65_536),
            "Events kept for a participant whose connection breaks, to resume from."
        ),
        ConfigurationKey(
            "metrics.public",
            .flag(true),
            "Whether /metrics answers without an operator's token. It names no room, participant or address."
        ),
        ConfigurationKey(
            "statistics.threshold",
            .number(10, 5...100_000),
            "Fewest participants that a line of the statistics is about; lines about fewer are left out. Only those "
                + "who agreed to be counted are."
        ),
        ConfigurationKey(
            "webhooks.file",
            .text(""),
            "YAML file with the endpoints that are told of consents and disclosures; empty for none. A list "
                + "endpoints, each with name, url (https), secrets (file:PATH or env:NAME of whsec_ secrets, up "
                + "to three while one is replaced), events and rooms (empty for all)."
        ),
        ConfigurationKey(
            "cors.origins",
            .list(["*"]),
            "Origins whose pages may use the API (with tokens, never cookies); * for any."
        ),
        ConfigurationKey(
            "log.level",
            .text("info"),
            "trace, debug, info, notice, warning, error or critical."
        ),
        ConfigurationKey(
            "demo",
            .flag(false),
            "Opens viewing and publishing to everybody on this machine. Loopback only."
        ),
    ]
}
