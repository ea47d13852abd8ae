// swift-tools-version: 6.2
import PackageDescription

// The Intel Multi-Buffer library exists for x86-64 only; elsewhere the OpenSSL back end serves alone.
#if arch(x86_64)
let hasMultiBuffer = true
#else
let hasMultiBuffer = false
#endif

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

// A build without the door, to prove that the leak test can fail and to measure the door's cost. It serves on
// loopback only and says what it is.
let gateSettings: [SwiftSetting] =
    Context.environment["TALLY_GATE_DISABLED"] == "1" ? [.define("TALLY_GATE_DISABLED")] : []

/// A target of `Sources`, with the rows of the architecture table it may import from.
func module(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    resources: [Resource] = [],
    settings: [SwiftSetting] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        resources: resources,
        swiftSettings: strict + settings
    )
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        resources: resources,
        swiftSettings: strict
    )
}

func systemLibrary(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let multiBufferTargets: [Target] =
    hasMultiBuffer
    ? [systemLibrary("CMultiBuffer", pkgConfig: nil, apt: "libipsec-mb-dev")] : []
let multiBufferDependency: [Target.Dependency] = hasMultiBuffer ? ["CMultiBuffer"] : []
let multiBufferSettings: [SwiftSetting] = hasMultiBuffer ? [.define("TALLY_MULTI_BUFFER")] : []

// Micro benchmarks on request: an ordinary build neither fetches nor builds their library. Without its traits, as its
// counters of allocations are libraries of their own; HotPath counts those.
let wantsMicroBenchmarks = Context.environment["TALLY_MICRO_BENCHMARKS"] == "1"
let microBenchmarkPackages: [Package.Dependency] =
    wantsMicroBenchmarks
    ? [.package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])] : []
let microBenchmarkTargets: [Target] =
    wantsMicroBenchmarks
    ? [
        .executableTarget(
            name: "MicroBenchmarks",
            dependencies: [
                "SRTPProtection", "Rooms", "MediaRings", "Disclosures", "RTPPackets", "Primitives",
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/MicroBenchmarks",
            swiftSettings: strict,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        )
    ] : []

let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdTLS", package: "hummingbird"),
]

let package = Package(
    name: "tally",
    platforms: [.macOS(.v26)],
    products: [.executable(name: "tally", targets: ["tally"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ] + microBenchmarkPackages,
    targets: [
        // Row 0: system libraries, and what of them Swift cannot call.
        systemLibrary("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
        systemLibrary("COpus", pkgConfig: "opus", apt: "libopus-dev"),
        systemLibrary("CVPX", pkgConfig: "vpx", apt: "libvpx-dev"),
        systemLibrary("COpenH264", pkgConfig: "openh264", apt: "libopenh264-dev"),
        .target(name: "CLinuxNet"),
        // C++ behind a C header; Debian's package has no other interface.
        .target(
            name: "CMatroska",
            linkerSettings: [.linkedLibrary("matroska"), .linkedLibrary("ebml")]
        ),

        // Row 1
        module("Primitives"),
        // Row 2
        module("RTPPackets", ["Primitives"]),
        module("SessionDescriptions", ["Primitives"]),
        module("Disclosures", ["Primitives"], settings: gateSettings),
        // Row 3
        module("ICELite", ["Primitives", "COpenSSL"]),
        module("DTLSHandshakes", ["Primitives", "COpenSSL"]),
        module(
            "SRTPProtection",
            ["Primitives", "RTPPackets", "COpenSSL"] + multiBufferDependency,
            settings: multiBufferSettings
        ),
        module("MediaRings", ["Primitives", "RTPPackets", "Disclosures"]),
        module("ConsentAuthority", ["Primitives", "Disclosures"]),
        module("TransparencyLogs", ["Primitives", .product(name: "Crypto", package: "swift-crypto")]),
        // Row 4
        module(
            "PeerTransports",
            ["Primitives", "RTPPackets", "ICELite", "DTLSHandshakes", "SRTPProtection"]
        ),
        module("Rooms", ["Primitives", "RTPPackets", "Disclosures", "MediaRings", "SRTPProtection"]),
        // Row 5
        module(
            "RelayEngine",
            [
                "Primitives", "RTPPackets", "Disclosures", "MediaRings", "ICELite", "DTLSHandshakes",
                "SRTPProtection", "PeerTransports", "Rooms",
            ]
        ),
        module("MediaCodecs", ["Primitives", "RTPPackets", "COpus", "CVPX", "COpenH264"]),
        // Row 6
        module(
            "LedgerStore",
            [
                "Primitives", "Disclosures", "ConsentAuthority", "TransparencyLogs",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        module(
            "ConsentReceipts",
            [
                "Primitives",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ]
        ),
        module("SlateMedia", ["Primitives", "RTPPackets", "MediaCodecs"]),
        module("MediaContainers", ["CMatroska", "Primitives", "RTPPackets", "MediaCodecs"]),
        module(
            "Webhooks",
            [
                "Primitives",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        module(
            "Partners",
            [
                "Primitives", "Disclosures",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ]
        ),
        module("Recordings", ["Primitives", .product(name: "Crypto", package: "swift-crypto")]),
        module(
            "RelayRuntime",
            [
                "CLinuxNet", "Primitives", "RTPPackets", "Disclosures", "MediaRings", "ICELite",
                "DTLSHandshakes", "SRTPProtection", "PeerTransports", "Rooms", "RelayEngine",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // Row 7
        module(
            "RoomControl",
            [
                "Primitives", "RTPPackets", "SessionDescriptions", "Disclosures", "ICELite",
                "DTLSHandshakes", "MediaRings", "ConsentAuthority", "PeerTransports", "Rooms",
                "RelayEngine", "LedgerStore", "MediaCodecs", "SlateMedia", "RelayRuntime", "TransparencyLogs",
                "Webhooks", "Partners",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        module(
            "LoadTesting",
            [
                "CLinuxNet", "Primitives", "RTPPackets", "SessionDescriptions", "ICELite",
                "DTLSHandshakes", "SRTPProtection", "MediaCodecs", "SlateMedia", "RelayRuntime",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]
        ),
        // Row 8
        module(
            "RelayHTTP",
            [
                "Primitives", "Disclosures", "TransparencyLogs", "LedgerStore", "ConsentReceipts",
                "RoomControl", "Webhooks", "Partners",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ] + hummingbird,
            resources: [.embedInCode("Pages"), .embedInCode("Documents")]
        ),
        // Row 9
        .executableTarget(
            name: "tally",
            dependencies: [
                "Primitives", "Disclosures", "RelayHTTP", "RoomControl", "RelayRuntime", "LedgerStore",
                "Webhooks", "Partners", "LoadTesting", "ConsentReceipts", "TransparencyLogs",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),

        // Tests
        .target(
            name: "FuzzBodies",
            dependencies: [
                "Primitives", "RTPPackets", "SessionDescriptions", "ICELite", "DTLSHandshakes",
                "MediaContainers",
            ],
            path: "Tests/FuzzBodies",
            swiftSettings: strict
        ),
        // The rules a second time, slow and plain, for tests and for the long comparison in Benchmarks.
        .target(
            name: "NaiveDecisions",
            dependencies: ["Primitives", "Disclosures"],
            path: "Tests/NaiveDecisions",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "ConsentRules",
            dependencies: ["NaiveDecisions", "LedgerStore", "ConsentAuthority", "Disclosures", "Primitives"],
            path: "Benchmarks/ConsentRules",
            swiftSettings: strict
        ),
        // Counts what a stretch of code allocates; its allocator serves whatever executable it is linked into.
        .target(name: "MeasuredStretch", path: "Benchmarks/MeasuredStretch"),
        .executableTarget(
            name: "HotPath",
            dependencies: [
                "MeasuredStretch", "RelayEngine", "Rooms", "PeerTransports", "MediaRings", "SRTPProtection",
                "DTLSHandshakes", "ICELite", "Disclosures", "RTPPackets", "Primitives",
            ],
            path: "Benchmarks/HotPath",
            swiftSettings: strict
        ),
        .target(
            name: "RecordingSamples",
            dependencies: ["Recordings", "Primitives"],
            path: "Tests/RecordingSamples",
            swiftSettings: strict
        ),
        // A writer that tests kill, or run where there is no room.
        .executableTarget(
            name: "RecordingProbe",
            dependencies: ["RecordingSamples", "Recordings"],
            path: "Tests/RecordingProbe",
            swiftSettings: strict
        ),
        tests("PrimitivesTests", ["Primitives"]),
        tests("RTPPacketsTests", ["RTPPackets", "Primitives"]),
        tests(
            "SessionDescriptionsTests",
            ["SessionDescriptions", "Primitives"],
            resources: [.copy("Fixtures")]
        ),
        tests("DisclosuresTests", ["NaiveDecisions", "Disclosures", "Primitives"]),
        tests("ICELiteTests", ["ICELite", "Primitives"]),
        tests("DTLSHandshakesTests", ["DTLSHandshakes", "Primitives", "COpenSSL"]),
        tests("SRTPProtectionTests", ["SRTPProtection", "RTPPackets", "Primitives"]),
        tests("MediaRingsTests", ["MediaRings", "Disclosures", "RTPPackets", "Primitives"]),
        tests(
            "RoomsTests",
            ["Rooms", "MediaRings", "ConsentAuthority", "Disclosures", "RTPPackets", "Primitives"]
        ),
        tests(
            "ConsentAuthorityTests",
            ["ConsentAuthority", "LedgerStore", "NaiveDecisions", "Disclosures", "Primitives"]
        ),
        tests(
            "ConsentReceiptsTests",
            [
                "ConsentReceipts", "Primitives",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            resources: [.copy("Fixtures")]
        ),
        tests("TransparencyLogsTests", ["TransparencyLogs", "Primitives"]),
        tests(
            "LedgerCommandTests",
            [
                "tally", "LedgerStore", "TransparencyLogs", "Disclosures", "Primitives",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ]
        ),
        tests(
            "LedgerStoreTests",
            [
                "LedgerStore", "TransparencyLogs", "Disclosures", "Primitives",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]
        ),
        tests("MediaCodecsTests", ["MediaCodecs", "SlateMedia", "RTPPackets", "Primitives"]),
        tests("MediaContainersTests", ["MediaContainers", "MediaCodecs", "RTPPackets", "Primitives"]),
        tests(
            "RelayEngineTests",
            [
                "RelayEngine", "Rooms", "PeerTransports", "MediaRings", "Disclosures", "RTPPackets",
                "SRTPProtection", "ICELite", "DTLSHandshakes", "Primitives",
            ]
        ),
        tests(
            "RelayRuntimeTests",
            [
                "RelayRuntime", "RelayEngine", "Rooms", "PeerTransports", "Disclosures", "ICELite",
                "DTLSHandshakes", "MediaRings", "RTPPackets", "SRTPProtection", "Primitives",
            ]
        ),
        tests(
            "RoomControlTests",
            [
                "RoomControl", "LedgerStore", "TransparencyLogs", "Disclosures", "Primitives", "Partners",
                "Webhooks", "SessionDescriptions", "RTPPackets", "RelayEngine", "ConsentAuthority",
                "PeerTransports", "Rooms", "ICELite", "DTLSHandshakes",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests(
            "RelayHTTPTests",
            [
                "RelayHTTP", "RoomControl", "LedgerStore", "ConsentReceipts", "TransparencyLogs",
                "Disclosures",
                "Primitives", "Webhooks", "Partners",
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests(
            "LoadTestingTests",
            ["LoadTesting", "MediaCodecs", "RTPPackets", "Primitives"]
        ),
        tests("PartnersTests", ["Partners", "Disclosures", "Primitives"]),
        tests(
            "RecordingsTests",
            [
                "RecordingSamples", "Recordings", "Primitives",
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        tests(
            "WebhooksTests",
            [
                "Webhooks", "Primitives",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests("HouseRulesTests", []),
        tests("FuzzTests", ["FuzzBodies"], resources: [.copy("Corpus")]),
    ] + multiBufferTargets + microBenchmarkTargets
)
