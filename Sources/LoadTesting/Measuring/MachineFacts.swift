import Foundation

/// The machine a run was made on, for the report.
package struct MachineFacts: Sendable, Codable, Equatable {
    package var processor: String
    package var cores: Int
    package var kernel: String

    /// This machine.
    package init() {
        let information = FileManager.default.contents(atPath: "/proc/cpuinfo") ?? Data()
        let model = String(decoding: information, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("model name") }
        processor =
            model.flatMap { $0.split(separator: ":").last }?.trimmingCharacters(in: .whitespaces) ?? "unknown"
        cores = ProcessInfo.processInfo.activeProcessorCount
        let release = FileManager.default.contents(atPath: "/proc/sys/kernel/osrelease") ?? Data()
        kernel = String(decoding: release, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What the processor can do, by the kernel's words for it.
    var flags: Set<String> {
        let information = FileManager.default.contents(atPath: "/proc/cpuinfo") ?? Data()
        let line = String(decoding: information, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("flags") }
        return Set((line?.split(separator: " ") ?? []).map(String.init))
    }
}
