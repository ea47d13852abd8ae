import ArgumentParser
import Foundation
import LoadTesting

/// `tally smoke`: checks a running relay from outside.
struct SmokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "smoke",
        abstract:
            "Check a running relay with synthetic broadcasters on air: join, withdraw, prove the stop, grant.",
        discussion: """
            Each check is a line that begins with ok or FAILED; the last line is "N passed, N failed". Ends with 1 \
            if a check failed.
            """
    )

    @Option(help: "The relay, for example http://127.0.0.1:8080.")
    var baseURL: String

    @Option(help: "The room.")
    var room = "demo"

    @Option(help: "A file that holds the operator's token.")
    var operatorTokenFile: String

    @Option(help: "The participant who withdraws and grants again; on air with a synthetic picture.")
    var participant = "ada"

    @Option(
        help: "The name in that participant's picture (without it: the participant with a capital letter)."
    )
    var name: String?

    @Option(help: "Hertz of that participant's tone, to be checked.")
    var tone: Double?

    @Option(help: "A partner to whom that participant alone has agreed; with --partner-site.")
    var partner: String?

    @Option(help: "That partner's site, as `tally partner site` serves it.")
    var partnerSite: String?

    @Option(help: "Joins that are timed.")
    var joins = 10

    @Option(help: "Video slots, and as many audio slots, in which the participant is looked for.")
    var slots = 4

    func validate() throws {
        guard (1...1_000).contains(joins) else { throw ValidationError("--joins is 1 to 1000, got \(joins)") }
        guard (partner == nil) == (partnerSite == nil) else {
            throw ValidationError("--partner and --partner-site go together")
        }
        guard (1...32).contains(slots) else { throw ValidationError("--slots is 1 to 32, got \(slots)") }
    }

    func run() async throws {
        var settings = SmokeSettings(
            base: baseURL,
            room: room,
            operatorToken: .file(operatorTokenFile),
            participant: participant,
            name: name
        )
        settings.tone = tone
        settings.joins = joins
        settings.slots = slots
        if let partner, let partnerSite {
            settings.partnerSite = SmokeSettings.PartnerSite(partner: partner, url: partnerSite)
        }
        let checks = SmokeChecks { line in
            print(line)
            fflush(nil)
        }
        let toolkit = try ClientToolkit(name: "smoke", acceptsAnyCertificate: false)
        let run = SmokeRun(settings, toolkit: toolkit, checks: checks)
        try await Interruption.runUntilInterrupted { await run.run() }
        await toolkit.shutDown()
        print("\(checks.passed) passed, \(checks.failed) failed")
        fflush(nil)
        guard checks.failed == 0 else { throw ExitCode.failure }
    }
}
