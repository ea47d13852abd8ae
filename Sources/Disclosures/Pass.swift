import Primitives

/// The right to read one track for one audience, for the length of one closure call.
///
/// Only this module makes passes (the initialiser is internal), they cannot be copied, and
/// `DisclosureGate.withPass` lends them to a closure that cannot keep them. Whoever reads media holds one,
/// so the compiler says that viewer, embed, recorder, retransmission and debug tap all asked.
package struct Pass: ~Copyable {
    /// The only track that this pass reads.
    package let track: TrackID
    /// The audience for which the decision was made.
    package let audience: AudienceID
    /// The first ring position that may be read: nothing published before the permit began.
    package let opensAt: UInt64
    /// The number of the gate's opening that this pass is of.
    package let opening: UInt64
    /// The first moment at which the lease no longer holds.
    package let notAfter: MonotonicTime
}
