import Foundation
import Glibc

/// What a process has used so far, from `/proc`.
package struct ProcessUsage: Sendable, Equatable {
    /// User and system time, to the system's tick of usually 10 ms.
    package var cpuNanoseconds: Int64
    package var residentBytes: Int64
    package var voluntarySwitches: Int64
    package var involuntarySwitches: Int64
    package var threads: Int

    /// `nil` if there is no such process, or nothing of it can be read.
    package init?(process: Int32) {
        let folder = "/proc/\(process)"
        guard let stat = Self.text(folder + "/stat"), let memory = Self.text(folder + "/statm") else {
            return nil
        }
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/task")) ?? []
        self.init(
            stat: stat,
            memory: memory,
            taskStatus: tasks.compactMap { Self.text("\(folder)/task/\($0)/status") },
            ticksPerSecond: Int64(sysconf(Int32(_SC_CLK_TCK))),
            pageBytes: Int64(sysconf(Int32(_SC_PAGESIZE)))
        )
    }

    /// From the text of `stat`, of `statm` and of each thread's `status`.
    init?(stat: String, memory: String, taskStatus: [String], ticksPerSecond: Int64, pageBytes: Int64) {
        // The program's name, in parentheses, may hold anything.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        let pages = memory.split(separator: " ")
        guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12]),
            pages.count > 1, let resident = Int64(pages[1]), ticksPerSecond > 0
        else { return nil }
        cpuNanoseconds = (user + system) * (1_000_000_000 / ticksPerSecond)
        residentBytes = resident * pageBytes
        voluntarySwitches = taskStatus.reduce(0) { $0 + Self.number("voluntary_ctxt_switches", in: $1) }
        involuntarySwitches = taskStatus.reduce(0) {
            $0 + Self.number("nonvoluntary_ctxt_switches", in: $1)
        }
        threads = taskStatus.count
    }

    private static func number(_ name: String, in status: String) -> Int64 {
        for line in status.split(separator: "\n") where line.hasPrefix(name + ":") {
            return Int64(line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)) ?? 0
        }
        return 0
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Datagrams that the kernel threw away because a socket's buffer was full, from `/proc/net/udp`.
enum SocketDrops {
    /// Of the sockets bound to `ports` in this network namespace.
    static func count(ports: Set<UInt16>) -> Int {
        ["/proc/self/net/udp", "/proc/self/net/udp6"].reduce(0) { sum, path in
            let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
            return sum + count(table: text ?? "", ports: ports)
        }
    }

    static func count(table: String, ports: Set<UInt16>) -> Int {
        var sum = 0
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 12, let colon = fields[1].lastIndex(of: ":"),
                let port = UInt16(fields[1][fields[1].index(after: colon)...], radix: 16),
                ports.contains(port), let drops = Int(fields[fields.count - 1])
            else { continue }
            sum += drops
        }
        return sum
    }
}
