#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A system call that failed.
package struct SystemFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was attempted: `write`, `fdatasync`.
    package let operation: String
    /// Its `errno`.
    package let code: Int32

    package init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// Takes the reason from `errno`.
    init(_ operation: String) {
        self.init(operation: operation, code: errno)
    }

    package var description: String { "\(operation): \(String(cString: strerror(code)))" }
}
