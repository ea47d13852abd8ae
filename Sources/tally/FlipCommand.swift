import ArgumentParser
import Foundation
import LoadTesting

/// `tally flips`: withdraws and grants consent under load and counts leaks.
struct FlipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flips",
        abstract:
            "Withdraw and grant consent at random under load; every packet of every viewer is examined.",
        discussion: """
            A leak is a packet whose kernel receive time is later than the effective_at of a withdrawal's \
            acknowledgement, and earlier than the next grant's request, and whose decrypted payload is one that \
            the broadcaster sent. Ends with 1 if there was any, or if media was back within 1 s after fewer than \
            99 % of the grants.
            """
    )

    @Option(help: "The relay, for example http://127.0.0.1:8080.")
    var baseURL: String

    @Option(help: "The room, which this command fills by itself.")
    var room = "flips"

    @Option(help: "A file that holds the operator's token.")
    var operatorTokenFile: String

    @Option(help: "Viewers.")
    var viewers = 200

    @Option(
        help: "A partner: the viewers come by its grants, and consent to it is what is withdrawn and granted."
    )
    var partner: String?

    @Option(help: "Grants and withdrawals, in turn.")
    var flips = 500

    @Option(help: "Kilobits a second of video.")
    var bitrate = 1_000

    @Option(help: "Seed of the times between flips.")
    var seed: UInt64 = 1

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(viewers) else {
            throw ValidationError("--viewers is 1 to 10000, got \(viewers)")
        }
        guard flips >= 1 else { throw ValidationError("--flips is at least 1, got \(flips)") }
    }

    func run() async throws {
        OpenFileLimit.raise()
        var settings = FlipSettings(base: baseURL, room: room, operatorToken: .file(operatorTokenFile))
        settings.viewers = viewers
        settings.partner = partner
        settings.flips = flips
        settings.kilobitsPerSecond = bitrate
        settings.seed = seed
        let toolkit = try ClientToolkit(name: "viewers", acceptsAnyCertificate: false)
        let run = FlipRun(settings, toolkit: toolkit) { line in
            // Progress is not the report, which may be read by a program.
            FileHandle.standardError.write(Data("\(line)\n".utf8))
        }
        let result = await Result.catching { try await run.run() }
        await toolkit.shutDown()
        let report = try result.get()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(report.text)
        }
        guard report.isPassed else { throw ExitCode.failure }
    }
}
