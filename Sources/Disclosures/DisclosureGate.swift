import Primitives
import Synchronization

/// The door between one track and one audience: closed, or open under a lease.
///
/// One writer (the room's consent authority), any number of readers (media loops). Default is closed. A lease
/// that is not renewed closes the gate without any message arriving.
///
/// Each opening has a number. Whoever keeps account of what an opening discloses is sent nothing under another:
/// `open` closes first, then raises the number, then sets position and lease, in this order; a pass is minted
/// only if the number was the same before lease and position were read and after. So they are of one opening.
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
    /// The number of the opening that the three above are of; 0 before the first.
    private let openings = Atomic<UInt64>(0)

    package init(track: TrackID, audience: AudienceID) {
        self.track = track
        self.audience = audience
    }

    /// Opens the gate under `permit`, for what is published at `position` and later, until `leaseEnd`.
    ///
    /// A permit's own end shortens the lease. Answers the number of the opening. Readers see the gate closed
    /// before they see the number, and number and position before they see the lease.
    @discardableResult
    package func open(_ permit: Permit, from position: UInt64, leaseEnd end: MonotonicTime) -> UInt64 {
        leaseEnd.store(0, ordering: .sequentiallyConsistent)
        let opening = openings.load(ordering: .relaxed) &+ 1
        openings.store(opening, ordering: .releasing)
        permitEpoch.store(permit.epoch, ordering: .relaxed)
        firstPosition.store(position, ordering: .releasing)
        leaseEnd.store(min(end, permit.notAfter).nanoseconds, ordering: .sequentiallyConsistent)
        return opening
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

    /// The number of the newest opening, from 1; it says nothing about whether the gate is still open.
    package var opening: UInt64 { openings.load(ordering: .acquiring) }

    /// The number of the opening under which a pass would be minted at `now`; 0 if none would.
    package func opening(at now: MonotonicTime) -> UInt64 {
        isOpen(now: now) ? opening : 0
    }

    /// Whether no pass of this opening will ever be minted again: the gate was closed, or opened anew.
    ///
    /// A lease that has run out does not end an opening: its renewal may be under way.
    package func hasEnded(_ opening: UInt64) -> Bool {
        openings.load(ordering: .acquiring) != opening || leaseEnd.load(ordering: .acquiring) == 0
    }

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
        return body(
            Pass(
                track: track,
                audience: audience,
                opensAt: 0,
                opening: openings.load(ordering: .acquiring),
                notAfter: .distantFuture
            )
        )
        #else
        let opening = openings.load(ordering: .acquiring)
        let end = leaseEnd.load(ordering: .sequentiallyConsistent)
        guard now.nanoseconds < end else { return nil }
        let position = firstPosition.load(ordering: .acquiring)
        guard openings.load(ordering: .relaxed) == opening else { return nil }
        return body(
            Pass(
                track: track,
                audience: audience,
                opensAt: position,
                opening: opening,
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
