import Primitives

/// The answer of `decide` that opens a gate; only this module makes one (the initialiser is internal).
package struct Permit: Sendable, Hashable {
    /// The room's consent epoch at which the decision was made.
    package let epoch: UInt64
    /// The moment from which the decision no longer holds (expiry as a boot-time deadline).
    package let notAfter: MonotonicTime
}
