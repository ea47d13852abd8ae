import Primitives
import Synchronization

/// The door between one track and one audience: closed, or open under a lease.
///
/// One writer (the room's consent authority), any number of readers (media loops). Default is closed. A lease
/// that is not renewed closes the gate without any message arriving.
package final class DisclosureGate: Sendable {
    package let track: TrackID
    package let audience: AudienceID

    /// End of the lease in nanoseconds of `MonotonicTime`; 0 while closed.
    private let leaseEnd = Atomic<Int64>(0)
    /// The first ring position readable under the current permit.
    private let firstPosition = Atomic<UInt64>(.max)
    /// The consent epoch of the current permit.
    private let permitEpoch = Atomic<UInt64>(0)
    /// Why the gate is closed, as a place in `DenyReason.allCases`.
    private let denyReason = Atomic<Int>(number(.noRecord))

    package init(track: TrackID, audience: AudienceID) {
        self.track = track
        self.audience = audience
    }

    /// Opens the gate under `permit`, for what is published at `position` and later, until `leaseEnd`.
    ///
    /// A permit's own end shortens the lease. Readers see the position before they see the lease.
    package func open(_ permit: Permit, from position: UInt64, leaseEnd end: MonotonicTime) {
        permitEpoch.store(permit.epoch, ordering: .relaxed)
        firstPosition.store(position, ordering: .releasing)
        leaseEnd.store(min(end, permit.notAfter).nanoseconds, ordering: .sequentiallyConsistent)
    }

    /// Prolongs the lease of an open gate under a decision just repeated.
    ///
    /// A gate whose lease has lapsed, or that is closed, was a withheld interval: it is opened anew from
    /// `position`. Answers whether it was.
    @discardableResult
    package func renew(
        _ permit: Permit,
        from position: UInt64,
        leaseEnd end: MonotonicTime,
        now: MonotonicTime
    ) -> Bool {
        let lapsed = leaseEnd.load(ordering: .relaxed) <= now.nanoseconds
        if lapsed {
            open(permit, from: position, leaseEnd: end)
        } else {
            permitEpoch.store(permit.epoch, ordering: .relaxed)
            leaseEnd.store(min(end, permit.notAfter).nanoseconds, ordering: .sequentiallyConsistent)
        }
        return lapsed
    }

    /// Closes the gate; what was read through earlier passes is the grace period's concern.
    package func close() {
        leaseEnd.store(0, ordering: .sequentiallyConsistent)
    }

    /// Says why the gate is closed; for whoever counts refusals, it opens and closes nothing.
    package func explain(_ reason: DenyReason) {
        denyReason.store(Self.number(reason), ordering: .relaxed)
    }

    /// Why a pass was just refused, as a place in `DenyReason.allCases`.
    package var refusal: Int {
        // A lease that nobody has set to 0 has run out by itself.
        leaseEnd.load(ordering: .relaxed) == 0 ? denyReason.load(ordering: .relaxed) : Self.leaseExpired
    }

    private static let leaseExpired = number(.leaseExpired)

    private static func number(_ reason: DenyReason) -> Int {
        DenyReason.allCases.firstIndex(of: reason) ?? 0
    }

    /// Whether a pass would be minted at `now`.
    package func isOpen(now: MonotonicTime) -> Bool {
        now.nanoseconds < leaseEnd.load(ordering: .acquiring)
    }

    /// The consent epoch of the permit under which the gate was last opened or renewed.
    package var epoch: UInt64 { permitEpoch.load(ordering: .relaxed) }

    /// The first ring position that a pass minted now would read.
    package var opensAt: UInt64 { firstPosition.load(ordering: .acquiring) }

    /// Mints a pass for the length of `body`; `nil`, without calling it, while the gate is closed.
    @inline(always)
    package func withPass<Result>(
        now: MonotonicTime,
        _ body: (borrowing Pass) -> Result
    ) -> Result? {
        #if TALLY_GATE_DISABLED
        // Only to prove that the leak test can fail, and to measure what the gate costs: never for use.
        return body(Pass(track: track, audience: audience, opensAt: 0, notAfter: .distantFuture))
        #else
        let end = leaseEnd.load(ordering: .sequentiallyConsistent)
        guard now.nanoseconds < end else { return nil }
        return body(
            Pass(
                track: track,
                audience: audience,
                opensAt: firstPosition.load(ordering: .acquiring),
                notAfter: MonotonicTime(nanoseconds: end)
            )
        )
        #endif
    }

    /// Whether this build has the door taken out (`TALLY_GATE_DISABLED=1` at build time).
    package static var isDisabled: Bool {
        #if TALLY_GATE_DISABLED
        true
        #else
        false
        #endif
    }
}
