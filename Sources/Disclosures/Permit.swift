import Primitives

/// A decision to disclose: the answer of `decide` that opens a gate.
///
/// Only this module makes one.
package struct Permit: Sendable, Hashable {
    /// On what ground a disclosure is made.
    package enum Basis: String, Sendable, Hashable, Codable, CaseIterable {
        case consent
        /// Compelled, and never written down as consent.
        case legalDemand = "legal-demand"
    }

    /// The room's consent epoch at which the decision was made.
    package let epoch: UInt64
    /// The moment from which the decision no longer holds (expiry as a boot-time deadline).
    package let notAfter: MonotonicTime
    /// Sequence of the event that granted it: the most restrictive of the grants that match.
    package let grant: UInt64
    package let basis: Basis

    /// The same permit, ending at `end` if that is earlier.
    ///
    /// A permit can be shortened and never prolonged.
    package func ending(noLaterThan end: MonotonicTime) -> Permit {
        Permit(epoch: epoch, notAfter: min(notAfter, end), grant: grant, basis: basis)
    }
}
