import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs a command with a small input and a small output, for a bounded time.
struct KeyCommand: Sendable {
    let words: [String]
    let seconds: Double

    /// Less than any pipe holds, so that writing it never waits.
    private static let longestInput = 4096

    /// The exit status (128 and more for a signal) and what the command wrote.
    func run(
        _ arguments: [String],
        input: [UInt8],
        longestOutput: Int
    ) throws(KeyCommandFailure) -> (status: Int32, output: [UInt8]) {
        precondition(input.count <= Self.longestInput, "the input has to fit a pipe")
        let deadline = ContinuousClock.now + .seconds(seconds)
        let (process, reading) = try start(arguments, input)
        defer { close(reading) }
        var output: [UInt8] = []
        do throws(KeyCommandFailure) {
            output = try read(reading, atMost: longestOutput, until: deadline)
            return (try status(of: process, until: deadline), output)
        } catch {
            output.wipe()
            // The whole group, and not yet reaped: its number is nobody else's.
            kill(-process, SIGKILL)
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            throw error
        }
    }

    /// One at a time: no command is to inherit the pipes of another and keep them open.
    private static let starting = Mutex(())

    /// The running command with its input before it, and the end of the pipe that it writes to.
    private func start(
        _ arguments: [String],
        _ input: [UInt8]
    ) throws(KeyCommandFailure) -> (process: pid_t, reading: Int32) {
        let result = Self.starting.withLock { _ -> Result<(pid_t, Int32), KeyCommandFailure> in
            do throws(KeyCommandFailure) {
                let toCommand = try Pipe()
                var fromCommand = try Pipe()
                // Written while this process holds the reading end too, so that no signal can come of it.
                let written = input.withUnsafeBytes { write(toCommand.writing, $0.baseAddress, $0.count) }
                guard written == input.count else { throw .system(SystemFailure("write")) }
                let process = try spawn(
                    arguments,
                    reading: toCommand.reading,
                    writing: fromCommand.writing
                )
                return .success((process, fromCommand.takeReading()))
            } catch {
                return .failure(error)
            }
        }
        let (process, reading) = try result.get()
        return (process, reading)
    }

    private func spawn(
        _ arguments: [String],
        reading: Int32,
        writing: Int32
    ) throws(KeyCommandFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, reading, 0)
        posix_spawn_file_actions_adddup2(&actions, writing, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // What others in this process opened without a thought of commands.
        let opened = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in opened.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )
        // The relay's own settings may be secrets, and are none of the command's business.
        let environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("TALLY_") }
            .map { "\($0.key)=\($0.value)" }
        var argumentPointers = (words + arguments).map { strdup($0) } + [nil]
        var environmentPointers = environment.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawn(
            &process,
            words[0],
            &actions,
            &attributes,
            &argumentPointers,
            &environmentPointers
        )
        guard code == 0 else { throw .system(SystemFailure(operation: "posix_spawn", code: code)) }
        return process
    }

    private func read(
        _ descriptor: Int32,
        atMost limit: Int,
        until deadline: ContinuousClock.Instant
    ) throws(KeyCommandFailure) -> [UInt8] {
        var output: [UInt8] = []
        // Never grown, so that no copy of it is left behind; one more than allowed tells too much.
        output.reserveCapacity(limit + 1)
        while true {
            let left = (deadline - ContinuousClock.now) / .milliseconds(1)
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&request, 1, Int32(max(0, min(left, 60_000))))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { throw .silent(seconds: seconds) }
            var part = [UInt8](repeating: 0, count: limit + 1 - output.count)
            defer { part.wipe() }
            let count = part.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(SystemFailure("read")) }
            guard count > 0 else { return output }
            output.append(contentsOf: part[..<count])
            guard output.count <= limit else { throw .tooMuch(limit: limit) }
        }
    }

    /// Waits for the end of a command that has closed its output.
    private func status(
        of process: pid_t,
        until deadline: ContinuousClock.Instant
    ) throws(KeyCommandFailure) -> Int32 {
        while true {
            var status: Int32 = 0
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process {
                let signal = status & 0x7F
                return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
            }
            guard ended == 0 || errno == EINTR else { throw .system(SystemFailure("waitpid")) }
            guard ContinuousClock.now < deadline else { throw .silent(seconds: seconds) }
            usleep(500)
        }
    }
}

/// Why a command gave no answer.
enum KeyCommandFailure: Error, CustomStringConvertible {
    case system(SystemFailure)
    case silent(seconds: Double)
    case tooMuch(limit: Int)

    var description: String {
        switch self {
        case .system(let failure): "\(failure)"
        case .silent(let seconds): "no answer within \(seconds) s"
        case .tooMuch(let limit): "an answer of more than \(limit) bytes"
        }
    }
}

/// Both ends of a pipe, closed with this value.
private struct Pipe: ~Copyable {
    private(set) var reading: Int32
    let writing: Int32

    init() throws(KeyCommandFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system(SystemFailure("pipe")) }
        (reading, writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    /// The reading end, which the caller has to close.
    mutating func takeReading() -> Int32 {
        defer { reading = -1 }
        return reading
    }

    deinit {
        if reading >= 0 { close(reading) }
        close(writing)
    }
}
