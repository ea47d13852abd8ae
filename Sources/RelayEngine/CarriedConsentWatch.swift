import Disclosures
import Primitives

/// What another relay carries along with one track, against what the gates of that track still let through.
///
/// A packet passes while the gates let through no more than it permits. One that permits less waits until they
/// follow: it is not stored, so no gate can show it. What permits more passes at once and is told.
struct CarriedConsentWatch {
    /// Between two changes that are told: who flips with each packet costs nobody more than this.
    static let settleMilliseconds: Int64 = 50
    /// Packets wait this long before the gates are asked again.
    static let repeatMilliseconds: Int64 = 1_000

    /// What was told last; `nil` before the first packet.
    private var told: CarriedConsent?
    private var toldAt = MonotonicTime.distantPast
    /// Counts what was told.
    private var number: UInt64 = 0
    private var hasToTell = false
    /// The most that the gates may let through now: what they follow, and whatever was told since.
    private var reach: CarriedConsent = []
    /// The newest packet's number: what comes late says nothing new.
    private var newest: Int64?

    /// Takes what a packet carries; answers whether it may be published.
    ///
    /// `number` is its sequence number, unwrapped; `nil` for a retransmission.
    mutating func take(_ carried: CarriedConsent, number: Int64?, now: MonotonicTime) -> Bool {
        if let number, newest.map({ number > $0 }) ?? true {
            newest = number
            let elapsed = told == nil ? .max : now.milliseconds(since: toldAt)
            let isChange = carried != told && elapsed >= Self.settleMilliseconds
            let isWaiting = !reach.subtracting(carried).isEmpty && elapsed >= Self.repeatMilliseconds
            if isChange || isWaiting { tell(carried, now: now) }
        }
        return reach.isSubset(of: carried)
    }

    private mutating func tell(_ carried: CarriedConsent, now: MonotonicTime) {
        told = carried
        toldAt = now
        number += 1
        hasToTell = true
        // From now on the gates may open that far.
        reach.formUnion(carried)
    }

    /// Another source begins, whose numbers have nothing to do with the earlier one's.
    mutating func restart() { newest = nil }

    /// The gates follow what was told under `number`; of earlier ones nothing follows.
    mutating func applied(_ number: UInt64) {
        guard number == self.number, let told else { return }
        reach = told
    }

    /// What is to be told, once.
    mutating func takeTelling() -> (carried: CarriedConsent, number: UInt64)? {
        guard hasToTell, let told else { return nil }
        hasToTell = false
        return (told, number)
    }
}
