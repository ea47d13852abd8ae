import Synchronization

/// The checks of a run, each told as a line when it is known, and counted.
package final class SmokeChecks: Sendable {
    private struct Counts {
        var passed = 0
        var failed = 0
    }

    private let counts = Mutex(Counts())
    private let say: @Sendable (String) -> Void

    package init(say: @escaping @Sendable (String) -> Void) {
        self.say = say
    }

    package var passed: Int { counts.withLock { $0.passed } }
    package var failed: Int { counts.withLock { $0.failed } }

    /// Tells and counts one check.
    @discardableResult
    package func check(_ name: String, _ holds: Bool, _ detail: String = "") -> Bool {
        counts.withLock { counts in
            if holds { counts.passed += 1 } else { counts.failed += 1 }
        }
        say("\(holds ? "ok" : "FAILED")  \(name)\(detail.isEmpty ? "" : ": \(detail)")")
        return holds
    }

    /// Something worth saying that is no check.
    package func note(_ line: String) {
        say("    \(line)")
    }
}
