import Testing

/// Who may import whom, and who may know what time it is.
@Suite struct LayerTests {
    private let tree: SourceTree

    init() throws {
        tree = try SourceTree()
    }

    private func declared() throws -> [String: Set<String>] {
        LayerRules.declaredDependencies(
            SwiftSource(path: "Package.swift", text: try tree.text(of: "Package.swift"))
        )
    }

    @Test func targetsImportOnlyFromTheRowsAboveThem() throws {
        let declared = try declared()
        let violations = try SourceTree.swiftSources("Sources").flatMap {
            LayerRules.importViolations($0, declared: declared)
        }
        #expect(violations == [])
    }

    @Test func rowsOneToFiveReadNoClockAndDrawNoRandomness() throws {
        let violations = try SourceTree.swiftSources("Sources").flatMap(LayerRules.purityViolations)
        #expect(violations == [])
    }

    @Test func everyTargetHasARowAndIsDeclared() throws {
        let declared = try declared()
        let folders = Set(
            try tree.files(below: "Sources").compactMap { $0.split(separator: "/").dropFirst().first }
        )
        for folder in folders {
            let layer = try #require(LayerRules.layers[String(folder)], "\(folder) has no row")
            guard layer.row > 0 else { continue }
            #expect(declared[String(folder)] != nil, "\(folder) is not in Package.swift")
        }
    }

    @Test func theManifestDeclaresOnlyWhatTheRowsAllow() throws {
        for (target, dependencies) in try declared() {
            let layer = try #require(LayerRules.layers[target])
            for dependency in dependencies {
                let row = try #require(LayerRules.layers[dependency]).row
                #expect(
                    layer.mayImport?.contains(row) == true && row < layer.row,
                    "\(target) depends on \(dependency)"
                )
            }
        }
    }

    @Test(arguments: [
        ("Primitives", "import Foundation"), ("RTPPackets", "@preconcurrency import Dispatch"),
        ("Rooms", "private import NIOCore"), ("Disclosures", "import MediaRings"),
        ("ICELite", "import RTPPackets"), ("RTPPackets", "import COpenSSL"), ("MediaRings", "import Logging"),
        ("SRTPProtection", "import Glibc"), ("Rooms", "import struct Foundation.Date"),
        ("RelayEngine", "import RelayRuntime"), ("RelayHTTP", "import tally"),
        ("Rooms", "import PeerTransports"),
        ("Rooms", "#if os(Linux)\n    import Glibc\n#endif"), ("Unheard", "import Primitives"),
        ("Rooms", "@testable\t import Foundation"),
    ])
    func anImportAgainstTheRowsIsFound(_ target: String, _ code: String) {
        let declared = [target: Set(LayerRules.layers.keys)]
        #expect(LayerRules.importViolations(.sample(target, code), declared: declared).count == 1)
    }

    @Test func anImportThatIsNotDeclaredIsFound() {
        let source = SwiftSource.sample("Rooms", "import Disclosures\nimport RTPPackets")
        #expect(LayerRules.importViolations(source, declared: ["Rooms": ["RTPPackets"]]).count == 1)
        #expect(
            LayerRules.importViolations(source, declared: ["Rooms": ["RTPPackets", "Disclosures"]]).isEmpty
        )
    }

    @Test func importsInCommentsAndStringsAreNone() {
        let text =
            "// import Foundation\n/* import NIO\nimport Logging */\nlet a = \"\"\"\n  import Dispatch\n\"\"\"\n"
        #expect(LayerRules.importViolations(.sample("Rooms", text), declared: [:]).isEmpty)
    }

    @Test(arguments: [
        "let now = ContinuousClock.now", "clock_gettime(CLOCK_MONOTONIC, &time)", "let date = Date()",
        "try await Task.sleep(for: .seconds(1))", "var random = SystemRandomNumberGenerator()",
        "let ssrc = UInt32.random(in: 1...9)", "let number = Int.random(\n    in: 0..<(4 + 3)\n)",
        "let first = list.randomElement()", "text(\"\\(Date())\")", "usleep(10)", "DispatchTime.now()",
    ])
    func aClockOrRandomnessIsFound(_ code: String) {
        #expect(LayerRules.purityViolations(.sample("Rooms", code)).count >= 1)
        #expect(LayerRules.purityViolations(.sample("RelayRuntime", code)).isEmpty)
    }

    @Test(arguments: [
        "// Date() is read by the caller", "let text = \"ContinuousClock\"",
        "let date = Date(timeIntervalSince1970: 0)",
        "let number = UInt32.random(in: 0...9, using: &random)",
        "let number = Int.random(in: 0..<(list.count + 1), using: &random)", "list.shuffled(using: &random)",
        "let candidate = candidateTimer",
    ])
    func timeAndRandomnessAsArgumentsAreFine(_ code: String) {
        #expect(LayerRules.purityViolations(.sample("Rooms", code)) == [])
    }

    @Test func readsDependenciesOfTheManifest() {
        let text = """
            module("Primitives"),
            module("SRTPProtection", ["Primitives"] + multiBufferDependency, settings: x(1)),
            .executableTarget(name: "tally", dependencies: ["Primitives", .product(name: "Logging", package: "y")]),
            """
        let found = LayerRules.declaredDependencies(SwiftSource(path: "Package.swift", text: text))
        #expect(
            found == [
                "Primitives": [], "SRTPProtection": ["Primitives", "CMultiBuffer"], "tally": ["Primitives"],
            ]
        )
    }
}
