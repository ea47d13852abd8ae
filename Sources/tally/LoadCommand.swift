import ArgumentParser
import Foundation
import LoadTesting

/// `tally load`: publishers and viewers against any WHIP and WHEP server.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load a WHIP and WHEP server and report joins, latency, loss, freezes, CPU and leaks.",
        subcommands: [LoadRunCommand.self, LoadCompareCommand.self, LoadFloorCommand.self],
        defaultSubcommand: LoadRunCommand.self
    )
}

/// Lines for people on standard error, one of them rewritten in place where that is a terminal.
struct LoadProgress: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    @Sendable func tell(_ message: LoadMessage) {
        switch message {
        case .note(let text): write(isTerminal ? "\r\u{1B}[K\(text)\n" : "\(text)\n")
        case .second(let second): write(isTerminal ? "\r\u{1B}[K\(line(second))" : "\(line(second))\n")
        }
    }

    /// Ends the line that is rewritten.
    func finish() {
        if isTerminal { write("\r\u{1B}[K") }
    }

    private func line(_ second: LoadReport.Second) -> String {
        var parts = [
            "\(Int(second.second.rounded())) s", second.isMeasured ? "measuring" : "warming up",
            "\(second.viewers) viewers", "\(second.packets) packets", "\(second.bits / 1_000_000) Mbit/s",
            "latency p50 \(Measure.milliseconds.text(second.latencyP50Milliseconds)) "
                + "p99 \(Measure.milliseconds.text(second.latencyP99Milliseconds))",
        ]
        if second.lost > 0 { parts.append("lost \(second.lost)") }
        if second.freezes > 0 { parts.append("\(second.freezes) freezes") }
        if second.flips > 0 { parts.append("\(second.flips) flips") }
        if let cores = second.serverCores { parts.append("server \(Measure.share.text(cores))") }
        parts.append("own CPU \(Measure.share.text(second.generatorCores))")
        return parts.joined(separator: ", ")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
