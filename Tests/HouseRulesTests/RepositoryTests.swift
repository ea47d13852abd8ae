import Foundation
import Testing

/// The repository as a whole.
@Suite struct RepositoryTests {
    private let tree: SourceTree

    init() throws {
        tree = try SourceTree()
    }

    /// Git's list, or without a repository what lies there.
    private func files() throws -> [String] {
        if let tracked = try tree.trackedFiles() { return tracked }
        return try RepositoryRules.topLevel.filter { tree.exists($0) }.flatMap { name in
            let isFolder = try tree.root.appending(path: name).resourceValues(forKeys: [.isDirectoryKey])
                .isDirectory
            return isFolder == true ? try tree.files(below: name) : [name]
        }
    }

    @Test func theTopLevelHoldsWhatItShould() throws {
        let violations = try RepositoryRules.topLevelViolations(files())
        #expect(violations == [])
    }

    @Test func resolvedVersionsAreNotTracked() throws {
        let ignore = try tree.text(of: ".gitignore")
        let violations = try RepositoryRules.resolutionViolations(tracked: files(), ignore: ignore)
        #expect(violations == [])
    }

    @Test func noFileNamesAPathOfOneMachine() throws {
        let violations = try files().filter { tree.exists($0) }.flatMap { path in
            RepositoryRules.machinePathViolations(path: path, text: try tree.text(of: path))
        }
        #expect(violations == [])
    }

    @Test func everyTestRuns() throws {
        let violations = try SourceTree.swiftSources("Tests").flatMap(RepositoryRules.skippedTestViolations)
        #expect(violations == [])
    }

    @Test func commentsSpeakOfWhatIsThere() throws {
        let violations = try SourceTree.swiftSources("Sources", "Tests").flatMap(
            RepositoryRules.noteViolations
        )
        #expect(violations == [])
    }

    @Test func testsOfPureRowsDoNotWait() throws {
        let violations = try SourceTree.swiftSources("Tests").flatMap(RepositoryRules.waitingViolations)
        #expect(violations == [])
    }

    @Test func everyRowOfTheFaultTableHasATest() throws {
        let tests = try ["Tests"].flatMap { try tree.files(below: $0) }
            .filter { $0.hasSuffix(".swift") || $0.hasSuffix(".py") }
            .map { (path: $0, text: try tree.text(of: $0)) }
        let violations = RepositoryRules.faultTableViolations(
            readme: try tree.text(of: "README.md"),
            tests: tests
        )
        #expect(violations == [])
    }

    @Test func aRowWithoutATestIsFound() {
        let rows = (0..<10).map { "| fault \($0) | x | y | `SomeTests.works` |" }
        let table = ["| What fails | a | b | Test |", "|---|---|---|---|"] + rows
        func violations(_ text: String) -> [String] {
            RepositoryRules.faultTableViolations(
                readme: table.joined(separator: "\n"),
                tests: [(path: "Tests/Some/SomeTests.swift", text: text)]
            )
        }
        #expect(violations("@Test func works() {}") == [])
        #expect(violations("@Test func worksNot() {}").count == 10)
        #expect(RepositoryRules.faultTableViolations(readme: "", tests: []).count == 1)
    }

    @Test func aStrayOrMissingEntryIsFound() {
        let good = RepositoryRules.topLevel.map { $0.contains(".") ? $0 : "\($0)/file" }
        #expect(RepositoryRules.topLevelViolations(good) == [])
        #expect(RepositoryRules.topLevelViolations(good + ["docs/notes.md", "Makefile"]).count == 2)
        #expect(RepositoryRules.topLevelViolations(good.filter { $0 != "README.md" }).count == 1)
    }

    @Test func aTrackedResolutionIsFound() {
        let ignore = ".build*\nPackage.resolved\n"
        #expect(RepositoryRules.resolutionViolations(tracked: ["Package.swift"], ignore: ignore).isEmpty)
        #expect(
            RepositoryRules.resolutionViolations(tracked: ["Package.resolved"], ignore: ignore).count == 1
        )
        #expect(RepositoryRules.resolutionViolations(tracked: [], ignore: ".build*\n").count == 1)
    }

    @Test(arguments: ["work", "root", "farm", "opt/swift"])
    func aMachinePathIsFound(_ folder: String) {
        func find(_ text: String) -> Int {
            RepositoryRules.machinePathViolations(path: "a", text: text).count
        }
        for text in ["/\(folder)/main", "cd /\(folder)", "a=\"/\(folder)\"", "x\nPATH=/\(folder):y"] {
            #expect(find(text) == 1, "\(text)")
        }
        for text in ["https://example.org/\(folder)", "$HOME/\(folder)x", "/\(folder)ing", "a/\(folder)"] {
            #expect(find(text) == 0, "\(text)")
        }
    }

    @Test(arguments: [
        "@Test(.disabled(\"later\")) func a() {}", "throw XCTSkip(\"no\")",
        "withKnownIssue { #expect(false) }",
        "@Suite(.serialized, .disabled) struct A {}",
    ])
    func aTestThatDoesNotRunIsFound(_ code: String) {
        #expect(RepositoryRules.skippedTestViolations(.sample("Rooms", code)).count >= 1)
        #expect(RepositoryRules.skippedTestViolations(.sample("Rooms", "// \(code)")).isEmpty)
    }

    @Test func aNoteToOneselfIsFound() {
        let note = "let a = 1  // TO" + "DO: name it"
        #expect(RepositoryRules.noteViolations(.sample("Rooms", note)).count == 1)
        #expect(RepositoryRules.noteViolations(.sample("Rooms", "let a = 1  // All of it")).isEmpty)
    }

    @Test(arguments: [
        "try await Task.sleep(for: .seconds(1))", "let now = ContinuousClock.now", "let now = Date()",
    ])
    func aTestThatWaitsIsFound(_ code: String) {
        func test(_ target: String) -> SwiftSource {
            SwiftSource(path: "Tests/\(target)/Sample.swift", text: code)
        }
        #expect(RepositoryRules.waitingViolations(test("RelayEngineTests")).count == 1)
        #expect(RepositoryRules.waitingViolations(test("RelayHTTPTests")).isEmpty)
    }

    @Test func readsTheIndexOfThisRepository() throws {
        guard let tracked = try tree.trackedFiles() else { return }
        #expect(tracked.contains("Package.swift"))
        #expect(tracked.count == Set(tracked).count)
        #expect(tracked == tracked.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
    }
}
