/// Everything that can be set.
///
/// Read with `TallyConfiguration.load`; each key is documented in `ConfigurationKey.all`, which is also where
/// defaults and ranges stand.
package struct TallyConfiguration: Sendable, Equatable {
    /// Certificate chain and private key, PEM files.
    package struct TLSFiles: Sendable, Equatable {
        package var certificate: String
        package var key: String
    }

    package struct HTTP: Sendable, Equatable {
        package var host: String
        package var port: Int
        /// Without a slash at the end; empty to take the request's `Host`.
        package var publicURL: String
        /// `nil` for plaintext, which only loopback may serve.
        package var tls: TLSFiles?
        package var trustProxy: Bool
        package var maximumConnections: Int
        package var requestTimeoutSeconds: Int
        package var idleTimeoutSeconds: Int
    }

    package struct UDP: Sendable, Equatable {
        /// Address to bind; empty for all, IPv4 and IPv6.
        package var host: String
        package var port: Int
        /// Addresses to advertise, first the one preferred; empty to detect.
        package var candidates: [String]
    }

    package struct Media: Sendable, Equatable {
        /// Threads that forward media; 0 for one a core.
        package var loops: Int
        /// Numbers of processors; empty to leave the threads to the system.
        package var processors: [String]
    }

    package struct DataStore: Sendable, Equatable {
        package var directory: String
    }

    /// Who runs the relay; empty where nothing was said.
    package struct Operator: Sendable, Equatable {
        package var name: String
        package var address: String
        package var contact: String
    }

    package struct Receipts: Sendable, Equatable {
        /// Never empty: the default stands in the data directory.
        package var keyFile: String
    }

    package struct Ledger: Sendable, Equatable {
        /// Name of a ledger that is made; empty for a random one.
        package var origin: String
    }

    package struct Tokens: Sendable, Equatable {
        /// Never empty: the default stands in the data directory.
        package var secretFile: String
        package var lifetimeHours: Int
        package var guestMinutes: Int
    }

    package struct Rooms: Sendable, Equatable {
        package var openViewing: Bool
        package var openPublishing: Bool
    }

    package struct Limits: Sendable, Equatable {
        package var rooms: Int
        package var participantsPerRoom: Int
        package var viewersPerRoom: Int
        package var sessionsPerToken: Int
        package var sessionsPerAddress: Int
        package var handshakesPerSecond: Int
        package var requestsPerSecond: Int
        package var bodyBytes: Int
        package var eventStreams: Int
        package var eventStreamsPerParticipant: Int
        package var eventsPerParticipant: Int
    }

    package struct Metrics: Sendable, Equatable {
        package var isPublic: Bool
    }

    package struct Statistics: Sendable, Equatable {
        /// Fewest participants of a line.
        package var threshold: Int
    }

    package struct Webhooks: Sendable, Equatable {
        /// Empty for no endpoints.
        package var file: String
    }

    package struct CORS: Sendable, Equatable {
        package var origins: [String]
    }

    package struct Log: Sendable, Equatable {
        /// A swift-log level: trace, debug, info, notice, warning, error, critical.
        package var level: String
    }

    package var http: HTTP
    package var udp: UDP
    package var media: Media
    package var data: DataStore
    package var relayOperator: Operator
    package var receipts: Receipts
    package var ledger: Ledger
    package var tokens: Tokens
    package var rooms: Rooms
    package var limits: Limits
    package var metrics: Metrics
    package var statistics: Statistics
    package var webhooks: Webhooks
    package var cors: CORS
    package var log: Log
    /// Loopback only: opens viewing and publishing to guests.
    package var demo: Bool
}

/// What is wrong with a configuration: every problem found, each naming its key and what to do.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [String]

    package var description: String {
        "the configuration cannot be used:\n" + problems.map { "  - \($0)" }.joined(separator: "\n")
    }
}
