import Foundation
import RelayHTTP
import Testing

@Suite struct ConfigurationTests {
    private func load(
        _ yaml: String? = nil,
        _ environment: [String: String] = [:],
        _ flags: [String: String] = [:]
    ) throws -> TallyConfiguration {
        try TallyConfiguration.load(yaml: yaml, environment: environment, flags: flags)
    }

    private func problems(
        _ yaml: String? = nil,
        _ environment: [String: String] = [:],
        _ flags: [String: String] = [:]
    ) throws -> String {
        try #require(throws: ConfigurationError.self) { try load(yaml, environment, flags) }.description
    }

    @Test func printedConfigurationReadsBackAsTheDefaults() throws {
        let printed = TallyConfiguration.printDocumented()
        #expect(try load(printed) == load())
        for key in ConfigurationKey.all {
            #expect(printed.contains(key.environmentName))
            #expect(printed.contains("--\(key.flagName)"))
        }
        #expect(printed.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test func everyKeyIsReadFromItsVariableAndItsFlag() throws {
        let other = [
            "http.host": "::1", "http.publicURL": "https://live.example", "udp.host": "127.0.0.1",
            "udp.candidates": "192.0.2.1", "data.directory": "/data", "tokens.secretFile": "/secret",
            "cors.origins": "https://site.example", "log.level": "debug", "metrics.public": "false",
            "http.tls.certificate": "cert.pem", "http.tls.key": "key.pem", "limits.bodyBytes": "8192",
        ]
        let standard = try load()
        for key in ConfigurationKey.all {
            var value = other[key.path]
            if value == nil {
                let isFlag = ["demo", "http.trustProxy", "rooms.openViewing", "rooms.openPublishing"]
                    .contains(key.path)
                value = isFlag ? "true" : "17"
            }
            // The two TLS files go together.
            let companions =
                key.path.hasPrefix("http.tls") ? other.filter { $0.key.hasPrefix("http.tls") } : [:]
            let flags = companions.merging([key.path: value ?? ""]) { $1 }
            let environment = Dictionary(
                uniqueKeysWithValues: ConfigurationKey.all.compactMap { key in
                    flags[key.path].map { (key.environmentName, $0) }
                }
            )
            let fromFlags = try load(nil, [:], flags)
            #expect(fromFlags != standard, "\(key.path)")
            #expect(try load(nil, environment) == fromFlags, "\(key.path)")
        }
    }

    @Test func flagsWinOverVariablesOverTheFileOverDefaults() throws {
        let yaml =
            "http:\n  port: 1001\nlimits:\n  rooms: 5\nudp:\n  port: 1001\n  candidates: [192.0.2.1, '2001:db8::1']"
        let environment = ["TALLY_HTTP_PORT": "1002", "TALLY_UDP_PORT": "1002"]
        let configuration = try load(yaml, environment, ["http.port": "1003"])
        #expect(configuration.http.port == 1003)
        #expect(configuration.udp.port == 1002)
        #expect(configuration.limits.rooms == 5)
        #expect(configuration.limits.viewersPerRoom == 2000)
        #expect(configuration.udp.candidates == ["192.0.2.1", "2001:db8::1"])
    }

    @Test(arguments: [
        "0.0.0.0", "::", "192.0.2.7", "live.example", "127.0.0.1.evil.example", "128.0.0.1", "",
    ])
    func plaintextBeyondLoopbackIsRefusedWithWhatToDo(_ host: String) throws {
        let text = try problems(nil, [:], ["http.host": host])
        #expect(text.contains("http.host"))
        #expect(text.contains("http.tls.certificate"))
        _ = try load(
            nil,
            [:],
            ["http.host": host.isEmpty ? "::" : host, "http.tls.certificate": "c", "http.tls.key": "k"]
        )
    }

    @Test(arguments: ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
    func loopbackMayBePlaintext(_ host: String) throws {
        #expect(try load(nil, [:], ["http.host": host]).http.tls == nil)
    }

    @Test func demoAndOpenPublishingNeedLoopback() throws {
        let tls = ["http.host": "::", "http.tls.certificate": "c", "http.tls.key": "k"]
        #expect(try problems(nil, [:], tls.merging(["demo": "true"]) { $1 }).contains("demo"))
        let publishing = tls.merging(["rooms.openPublishing": "true"]) { $1 }
        #expect(try problems(nil, [:], publishing).contains("rooms.openPublishing"))
        let demo = try load(nil, [:], ["demo": "true"])
        #expect(demo.rooms.openViewing && demo.rooms.openPublishing)
    }

    @Test(arguments: [
        ("http:\n  prot: 80", "http.prot: there is no such key (line 2)"),
        ("htttp: 80", "htttp: there is no such key"),
        ("http: 80", "http: a section with keys is expected"),
        ("http:\n  port: many", "http.port: a whole number is expected (line 2)"),
        ("http:\n  port: 70000", "http.port: 70000 is not between 0 and 65535"),
        ("demo: 7", "demo: true or false is expected"),
        ("udp:\n  candidates: 192.0.2.1", "udp.candidates: a list is expected"),
        ("udp:\n  candidates: [example.org]", "\"example.org\" is not an IP address"),
        ("udp:\n  host: here", "udp.host"),
        ("log:\n  level: loud", "log.level"),
        ("cors:\n  origins: [site.example]", "cors.origins"),
        ("http:\n  publicURL: live.example", "http.publicURL"),
        ("http:\n  publicURL: https://live.example/path", "http.publicURL"),
        ("http:\n  tls:\n    key: k", "http.tls.certificate: is needed"),
        ("- a\n- b", "not a mapping"),
        ("http: [", "not YAML"),
        ("http:\n  port: 1\n  port: 2", "not YAML"),
    ])
    func refusesWithTheKeyAndTheReason(_ yaml: String, _ words: String) throws {
        let text = try problems(yaml)
        #expect(text.contains(words), "\(text)")
    }

    @Test func namesTheVariableOrFlagThatIsWrong() throws {
        #expect(try problems(nil, ["TALLY_HTTP_PORT": "many"]).contains("TALLY_HTTP_PORT is \"many\""))
        #expect(try problems(nil, [:], ["http.port": "many"]).contains("--http-port is \"many\""))
        #expect(try problems(nil, [:], ["http.prot": "1"]).contains("http.prot: there is no such key"))
    }

    @Test func reportsEveryProblemAtOnce() throws {
        let text = try problems("http:\n  prot: 80\nlog:\n  level: loud", ["TALLY_UDP_PORT": "-1"])
        for words in ["http.prot", "log.level", "udp.port"] { #expect(text.contains(words)) }
    }

    @Test func emptyFilesAndEmptyValuesAreDefaults() throws {
        let standard = try load()
        for yaml in ["", "# nothing", "http:", "http:\n  port:", "---\n"] {
            #expect(try load(yaml) == standard)
        }
    }

    @Test func aMissingFileIsNamed() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try TallyConfiguration.load(file: "/nowhere/tally.yaml", environment: [:])
        }
        #expect(error.description.contains("/nowhere/tally.yaml"))
    }

    @Test func theSecretStandsInTheDataDirectoryUnlessSaidOtherwise() throws {
        #expect(try load(nil, [:], ["data.directory": "/d"]).tokens.secretFile == "/d/token-secret")
        #expect(try load(nil, [:], ["tokens.secretFile": "/s"]).tokens.secretFile == "/s")
    }
}
