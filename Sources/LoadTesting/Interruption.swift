import Dispatch
import Glibc
import Synchronization

/// Runs something until it is done or the process is asked to end (SIGINT, SIGTERM).
package enum Interruption {
    /// Runs `body` and cancels its task at the first signal; `body` then tidies up and returns.
    ///
    /// A second signal ends the process at once, as usual.
    package static func runUntilInterrupted(_ body: @escaping @Sendable () async throws -> Void) async throws
    {
        let task = Task { try await body() }
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                task.cancel()
                signal(number, SIG_DFL)
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        do {
            try await task.value
        } catch is CancellationError {
            return
        }
    }
}
