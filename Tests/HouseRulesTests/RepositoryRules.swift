import Foundation

/// What the repository holds, and what none of its files may say.
enum RepositoryRules {
    /// The top level: nothing else, and nothing less.
    static let topLevel: Set<String> = [
        "Package.swift", "Sources", "Tests", "Benchmarks", "deploy", "README.md", ".ci", ".editorconfig",
        ".gitignore", ".swift-format",
    ]

    /// Entries that do not belong, and those that are missing.
    static func topLevelViolations(_ paths: [String]) -> [String] {
        let found = Set(paths.compactMap { $0.split(separator: "/").first.map(String.init) })
        return found.subtracting(topLevel).sorted().map { "\($0) does not belong to the top level" }
            + topLevel.subtracting(found).sorted().map { "\($0) is missing from the top level" }
    }

    /// The versions that a build resolved are the builder's, and a library's users resolve their own.
    static func resolutionViolations(tracked: [String], ignore: String) -> [String] {
        var found: [String] = []
        if tracked.contains("Package.resolved") { found.append("Package.resolved is tracked") }
        if !ignore.split(separator: "\n").contains("Package.resolved") {
            found.append("Package.resolved is not ignored")
        }
        return found
    }

    /// Folders of the machines that this is developed on; spelled in pieces, as this file is searched too.
    private static let machineFolders = ["work", "root", "farm", "opt/swift"]

    /// Lines that name a path of one machine.
    static func machinePathViolations(path: String, text: String) -> [String] {
        let names = machineFolders.joined(separator: "|")
        let pattern = "(?:^|[^A-Za-z0-9_.~*)}-])/(?:\(names))(?![A-Za-z0-9_-])"
        return LineSearch(text).matches(pattern).map { "\(path):\($0): a path of one machine" }
    }

    /// Rows of the README's fault table without a test, or with one that does not exist.
    static func faultTableViolations(readme: String, tests: [(path: String, text: String)]) -> [String] {
        let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
        guard let head = lines.firstIndex(where: { $0.hasPrefix("| What fails |") }) else {
            return ["the README has no fault table"]
        }
        let rows = lines[(head + 2)...].prefix { $0.hasPrefix("|") }
        let found = rows.compactMap { row -> String? in
            guard let name = row.firstMatch(of: /`([A-Za-z_.]+?)(?:::|\.)([A-Za-z_0-9]+)` \|$/) else {
                return "a row without a test: \(row.prefix(60))"
            }
            let (place, test) = (name.1, name.2)
            let declaration = place.hasSuffix(".py") ? "def \(test)(" : "func \(test)("
            let file = place.hasSuffix(".py") ? "/\(place)" : "/\(place).swift"
            let exists = tests.contains { $0.path.hasSuffix(file) && $0.text.contains(declaration) }
            return exists ? nil : "there is no test \(test) in \(place)"
        }
        return rows.count < 10 ? ["the fault table has only \(rows.count) rows"] + found : found
    }

    /// Tests that do not run, and words for what is not there.
    static func skippedTestViolations(_ source: SwiftSource) -> [String] {
        let patterns = [#"\.disabled\s*\("#, #"\.disabled\b\s*[,)]"#, #"\bXCTSkip"#, #"\bwithKnownIssue\b"#]
        return patterns.flatMap { pattern in
            source.matches(pattern).map { "\(source.path):\($0): a test that does not count" }
        }
    }

    /// Notes to oneself in comments.
    static func noteViolations(_ source: SwiftSource) -> [String] {
        // Split so that this line is none.
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "not imple" + "mented"]
        return source.lines.enumerated().compactMap { number, line in
            guard line.contains("//"), words.contains(where: { line.contains($0) }) else { return nil }
            return "\(source.path):\(number + 1): a note about what is missing"
        }
    }

    /// Tests that stand with those of a pure target and are about the store behind it, which has real files.
    private static let testsOfTheStore: Set<String> = ["ConsentAuthorityTests/SQLiteLedgerStoreTests"]

    /// Sleeping or reading a clock in the tests of rows 1 to 5, whose machines are given their time.
    static func waitingViolations(_ source: SwiftSource) -> [String] {
        guard source.tree == "Tests", source.target.hasSuffix("Tests"),
            LayerRules.isPure(String(source.target.dropLast("Tests".count))),
            !testsOfTheStore.contains("\(source.target)/\(source.name)")
        else { return [] }
        let patterns = [
            #"\bTask\s*\.\s*sleep\b"#, #"(?<![.\w])(u|nano)?sleep\s*\("#,
            #"\b(Continuous|Suspending)Clock\b"#,
            #"\bDate\s*\(\s*\)"#, #"\bDate\.now\b"#, #"\bclock_gettime\b"#, #"\bsocket\s*\("#,
        ]
        return patterns.flatMap { pattern in
            source.matches(pattern).map { "\(source.path):\($0): waits, reads a clock or opens a socket" }
        }
    }
}
