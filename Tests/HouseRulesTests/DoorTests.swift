import Testing

/// Media leaves a ring only through a pass, and only where the list says.
@Suite struct DoorTests {
    @Test func onlyTheListedFilesComeNearMedia() throws {
        let sources = try SourceTree.swiftSources("Sources")
        for privilege in DoorRules.privileges { #expect(DoorRules.violations(privilege, sources) == []) }
    }

    @Test func nobodyElseCanMakeOrKeepAPass() throws {
        let sources = try SourceTree.swiftSources("Sources")
        #expect(sources.flatMap(DoorRules.makingViolations) == [])
        #expect(sources.contains { $0.path == "Sources/Disclosures/Pass.swift" })
        #expect(sources.contains { $0.path == "Sources/Disclosures/Permit.swift" })
    }

    @Test func theCompilerIsNotBypassed() throws {
        let violations = try SourceTree.swiftSources("Sources", "Tests").flatMap(DoorRules.bypassViolations)
        #expect(violations == [])
    }

    /// Code that does what a privilege is about, by the privilege's own words.
    private static let uses: [String: [String]] = [
        "mints a pass": [
            "gate.withPass(now: now) { pass in }", "let a = gate\n    .withPass(now: now) { _ in }",
        ],
        "reads a ring": [
            "ring.read(pass, at: 3) { _, _, _ in }", "ring.read(\n    lent(by: x(1)),\n    at: 3\n) { }",
        ],
        "constructs a pass": ["let pass = Pass(track: track)", "Pass.init(track: track)"],
        "constructs a permit": ["return .permit(Permit(epoch: 1))", "Permit.init(epoch: 1)"],
        "decrypts media": ["inbound?.unprotectRTP(datagram)"],
        "takes plaintext before the ring": ["publisher?.receive(packet, now: now, wallNTP: 1)"],
        "publishes into a ring": ["ring.publish(record, payload: bytes.extracting(range))"],
    ]

    @Test func aUseByAnyOtherFileIsFound() throws {
        for privilege in DoorRules.privileges {
            let samples = try #require(Self.uses[privilege.what])
            for code in samples {
                let holders = privilege.holders.map { SwiftSource(path: "Sources/\($0).swift", text: code) }
                #expect(DoorRules.violations(privilege, holders) == [], "\(code)")
                let stranger = SwiftSource.sample("RelayHTTP", "Thumbnail.swift", code)
                #expect(DoorRules.violations(privilege, holders + [stranger]).count == 1, "\(code)")
                let comment = SwiftSource.sample(
                    "RelayHTTP",
                    "Thumbnail.swift",
                    "// " + code.split(separator: "\n")[0]
                )
                #expect(DoorRules.violations(privilege, holders + [comment]).isEmpty, "\(code)")
            }
        }
    }

    @Test func aListThatIsOutOfDateIsFound() throws {
        for privilege in DoorRules.privileges {
            #expect(DoorRules.violations(privilege, []).count == privilege.holders.count)
        }
    }

    @Test func readingAnythingElseIsFine() throws {
        let code =
            "let log = log.read(room: name, after: 0)\nlet byte = bits.read(5)\nservice.publish(request)\n"
        for privilege in DoorRules.privileges {
            let found = DoorRules.violations(privilege, [.sample("RelayHTTP", code)])
            #expect(found.count == privilege.holders.count, "\(found)")
        }
    }

    @Test func aPassThatOthersCanMakeIsFound() {
        func pass(_ text: String) -> SwiftSource { .sample("Disclosures", "Pass.swift", text) }
        #expect(
            DoorRules.makingViolations(pass("package struct Pass: ~Copyable {\n    let a: Int\n}")).isEmpty
        )
        #expect(DoorRules.makingViolations(pass("package struct Pass {}")).count == 1)
        #expect(
            DoorRules.makingViolations(pass("struct Pass: ~Copyable {\n    package init() {}\n}")).count == 1
        )
    }

    @Test(arguments: [
        "@testable import Disclosures", "@testable import MediaRings", "@testable internal import MediaRings",
        "let pass = unsafeBitCast(words, to: Pass.self)",
    ])
    func aWayAroundTheCompilerIsFound(_ code: String) {
        func test(_ target: String) -> SwiftSource {
            SwiftSource(path: "Tests/\(target)/Sample.swift", text: code)
        }
        #expect(DoorRules.bypassViolations(test("RelayEngineTests")).count == 1)
        #expect(DoorRules.bypassViolations(test("DisclosuresTests")).isEmpty)
        #expect(DoorRules.bypassViolations(.sample("Rooms", code)).count == 1)
    }
}
