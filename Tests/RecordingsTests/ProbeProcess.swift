import Foundation
import Testing

/// A process of the probe beside the tests, whose lines are read one by one.
final class ProbeProcess {
    private let process = Process()
    private let output = Pipe()
    private var unread: [UInt8] = []

    /// Runs the probe, by a shell script with it as `"$@"` if one is given.
    init(_ words: [String], script: String? = nil) throws {
        // The tests are an executable that lies where the probe does.
        let folder = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
        let candidates = [folder, bundle, CommandLine.arguments[0]].compactMap { $0 }
            .map { "\(URL(fileURLWithPath: $0).deletingLastPathComponent().path)/RecordingProbe" }
        let probe = try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0) })
        if let script {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", script, "sh", probe] + words
        } else {
            process.executableURL = URL(fileURLWithPath: probe)
            process.arguments = words
        }
        process.standardOutput = output
        try process.run()
        // So that the end of the child is the end of the pipe.
        try? output.fileHandleForWriting.close()
    }

    /// The next line; `nil` when the process has ended.
    func line() -> String? {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeSubrange(...end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { return nil }
            unread += part
        }
    }

    /// Kills it as a power button would, and takes what it had said.
    func kill() -> [String] {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return lines()
    }

    /// All lines to the end of the process.
    func lines() -> [String] {
        var found: [String] = []
        while let line = line() { found.append(line) }
        process.waitUntilExit()
        return found
    }

    var status: Int32 { process.terminationStatus }

    deinit { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }
}
