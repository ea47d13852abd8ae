import Disclosures
import MediaRings

/// What the control plane asks of the recorder; carried by a bounded queue, applied between turns.
package enum RecorderCommand: Sendable {
    /// Capture a track behind the recorder's gate, of what is published at `from` and later: where the ring's head
    /// was when the order was given.
    case follow(LineName, MediaRing, DisclosureGate, from: UInt64)
    /// The ledger holds the interval of this opening: its media may be read.
    case admit(LineName, LineAdmission)
    /// Capture the line no longer.
    case release(LineName)
}

/// What the recorder tells the control plane.
package enum RecorderEvent: Sendable, Equatable {
    case line(LineName, CaptureLine.State)
    /// What was taken of lines, by their accounts: every few seconds, and once when an account ends.
    case counted([AccountReport])
}
