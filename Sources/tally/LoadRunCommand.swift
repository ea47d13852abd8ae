import ArgumentParser
import Foundation
import LoadTesting
import Synchronization

/// `tally load run`, and `tally load` without another word.
struct LoadRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Publish and view as asked, measure for a while, and report.",
        discussion: """
            URLs may hold {room}, {publisher} and {viewer}. A server with a path for each stream is \
            --whip http://HOST/{publisher}/whip --whep http://HOST/{publisher}/whep; viewers then spread over the \
            publishers of their room. A Tally relay is --relay http://HOST --operator-token-file FILE: rooms, tokens \
            and consents are then made by the run. Latency is from a stamp inside the media to the kernel's receipt, \
            so publishers and viewers are on one machine.

            A relay's limits count this program as one address: raise limits.handshakesPerSecond, \
            limits.requestsPerSecond, limits.sessionsPerAddress and limits.viewersPerRoom before a large run.
            """
    )

    @OptionGroup var target: LoadTargetOptions
    @OptionGroup var shape: LoadShapeOptions
    @OptionGroup var disturbances: LoadDisturbanceOptions

    @Option(help: "Write the report to this file as JSON.")
    var json: String?

    @Option(help: "Write the report to this file as a page that needs nothing else.")
    var html: String?

    @Option(help: "Compare with the report in this file.")
    var baseline: String?

    @Option(
        help: """
            End with status 1 if this holds, for example 'latency.p99>20ms', 'leaks>0', 'latency.p99>1.1x' (times the \
            baseline's). Repeatable.
            """
    )
    var failIf: [String] = []

    func validate() throws {
        do {
            _ = try plan()
            let thresholds = try failIf.map { try Threshold($0) }
            guard baseline != nil || !thresholds.contains(where: \.needsBaseline) else {
                throw ValidationError("--fail-if with x needs --baseline")
            }
        } catch let error as LoadPlanError {
            throw ValidationError(error.description)
        } catch let error as VideoOptionError {
            throw ValidationError(error.description)
        }
    }

    private func plan() throws -> LoadPlan {
        var plan = try target.plan()
        try shape.apply(to: &plan)
        try disturbances.apply(to: &plan)
        guard plan.flipsPerSecond == 0 || target.relay != nil else {
            throw ValidationError("--flip-rate needs a server with consents: --relay")
        }
        guard plan.flipsPerSecond == 0 || plan.publishers > 0 else {
            throw ValidationError("--flip-rate needs --publishers")
        }
        // Packets of a file that several play are told by their stamps alone, which not all of them carry.
        guard plan.flipsPerSecond == 0 || plan.recorded == nil || plan.publishers == 1 else {
            throw ValidationError(
                "--flip-rate with --file wants --publishers 1: others' packets would be the same"
            )
        }
        guard plan.partner == nil || target.relay != nil else {
            throw ValidationError("--embed-partner goes with --relay")
        }
        return plan
    }

    func run() async throws {
        OpenFileLimit.raise()
        var plan = try plan()
        let thresholds = try failIf.map { try Threshold($0) }
        // Read before an hour is spent on what it is compared with.
        let before = try baseline.map { try LoadReport.read(path: $0) }
        let client = SignalingClient(
            acceptsAnyCertificate: target.insecure,
            connections: LoadTargetOptions.connections
        )
        plan.relay = target.relay.map { RelayAPI(base: $0, client: client) }
        let progress = LoadProgress()
        let run = try LoadRun(plan, client: client, say: progress.tell)
        let found = FoundReport()
        let result = await Result.catching {
            try await Interruption.runUntilInterrupted {
                let report = try await run.run()
                found.report.withLock { $0 = report }
            }
        }
        await client.shutDown()
        progress.finish()
        try result.get()
        // Whoever interrupts a run has its sessions ended, and no report of half of it.
        guard var report = found.report.withLock({ $0 }) else { throw ExitCode(130) }
        report.verdicts = thresholds.map { $0.judge(report, baseline: before) }
        if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
        if let html {
            try Data(LoadPage(report, baseline: before).html.utf8).write(to: URL(fileURLWithPath: html))
        }
        print(report.text)
        if let before {
            print("\nBaseline \(before.startedAt) and this run:\n")
            print(ReportComparison(before: before, after: report).text)
        }
        guard report.isPassed else { throw ExitCode.failure }
    }
}

/// Where a run that was not interrupted leaves its report.
private final class FoundReport: Sendable {
    let report = Mutex<LoadReport?>(nil)
}

/// Which server, and how it knows us.
struct LoadTargetOptions: ParsableArguments {
    /// A herd's requests are all under way at once.
    static let connections = 1_024

    @Option(help: "The WHIP endpoint.")
    var whip: String?

    @Option(help: "The WHEP endpoint.")
    var whep: String?

    @Option(help: "A Tally relay, instead of the two.")
    var relay: String?

    @Option(help: "A file that holds the relay's operator's token, by which tokens for all are minted.")
    var operatorTokenFile: String?

    @Option(help: "A file that holds one bearer token for all.")
    var tokenFile: String?

    @Option(help: "The environment variable that holds one bearer token for all.")
    var tokenEnv: String?

    @Option(
        help: "A shell command that prints a bearer token; {room}, {publisher} and {viewer} are filled in."
    )
    var tokenCommand: String?

    @Flag(help: "Accept any TLS certificate; for tests.")
    var insecure = false

    func plan() throws -> LoadPlan {
        let (whip, whep) = try templates()
        var tokens = LoadTokens.fixed(TokenSource(file: tokenFile, variable: tokenEnv))
        if let tokenCommand {
            guard relay == nil else { throw ValidationError("--token-command goes with --whip and --whep") }
            tokens = .command(try URLTemplate(tokenCommand))
        } else if let operatorTokenFile {
            guard relay != nil else { throw ValidationError("--operator-token-file goes with --relay") }
            tokens = .minted(operatorToken: .file(operatorTokenFile))
        } else if relay != nil {
            throw ValidationError(
                "--relay wants --operator-token-file, for tokens and consents; without one it is any server: --whip and --whep"
            )
        }
        return LoadPlan(whip: whip, whep: whep, tokens: tokens, relay: nil)
    }

    private func templates() throws -> (URLTemplate, URLTemplate) {
        if let relay {
            guard whip == nil, whep == nil else {
                throw ValidationError("--relay stands for both --whip and --whep")
            }
            let base = relay.hasSuffix("/") ? String(relay.dropLast()) : relay
            return (
                try URLTemplate(base + "/v1/rooms/{room}/whip"),
                try URLTemplate(base + "/v1/rooms/{room}/whep")
            )
        }
        guard let whip, let whep else { throw ValidationError("give --whip and --whep, or --relay") }
        return (try URLTemplate(whip), try URLTemplate(whep))
    }
}

/// Whole numbers and shares within their limits, with an error that says so.
enum LoadLimits {
    static func check<Value: Comparable>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
        guard range.contains(value) else {
            throw ValidationError("--\(name) is \(range.lowerBound) to \(range.upperBound), got \(value)")
        }
    }
}
