import Disclosures
import Primitives

/// One interval in a participant's accounting of disclosures: what was shown to whom, and how it went.
package struct DisclosureAccount: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case open
        case closed
        /// The counts are a lower bound, the end an upper bound.
        case interrupted
        case refused(DenyReason)
    }

    /// The row's number, which later pages begin behind.
    package let number: Int64
    package let interval: DisclosureInterval
    package let outcome: Outcome
    package let from: WallClockTime
    /// When it ended; of an open interval the last count.
    package let until: WallClockTime
    package let packets: UInt64
    package let bytes: UInt64
    /// The first leaf of the interval and the last, which may be the same.
    package let leaves: ClosedRange<UInt64>
    /// The salt of each field that the leaves publish as a commitment.
    package let salts: [CommitmentDomain: [UInt8]]
}

/// A page of a participant's accounting.
package struct DisclosureAccounting: Sendable, Hashable {
    package let participant: ParticipantID
    /// In the order in which they began.
    package let disclosures: [DisclosureAccount]
    /// Where the next page begins; `nil` if there is none.
    package let next: Int64?
}

/// An operator's look at a participant's data, as the participant sees it.
package struct OperatorReadAccount: Sendable, Hashable {
    package let leaf: UInt64
    package let time: WallClockTime
    package let role: String
    package let scope: String
    package let reason: String?
}
