import Primitives

/// A decision to disclose: the answer of `decide` that opens a gate. Only this module makes one.
package struct Permit: Sendable, Hashable {
    /// The room's consent epoch at which the decision was made.
    package let epoch: UInt64
    /// The moment from which the decision no longer holds (expiry as a boot-time deadline).
    package let notAfter: MonotonicTime

    init(epoch: UInt64, notAfter: MonotonicTime) {
        self.epoch = epoch
        self.notAfter = notAfter
    }
}
