import Primitives

/// One admission of one line, as the control plane numbers them; never reused in a process.
package struct AccountID: Hashable, Sendable {
    /// The number of the room whose books it is in.
    package let room: UInt64
    package let number: UInt64

    package init(room: UInt64, number: UInt64) {
        self.room = room
        self.number = number
    }
}

/// What has left the relay under one admission so far.
package struct AccountReport: Sendable, Equatable {
    package let account: AccountID
    /// RTP packets that the network took, retransmissions included.
    package let packets: UInt64
    /// Their RTP payload in bytes, before encryption.
    package let bytes: UInt64
    /// Nothing more can leave under this admission.
    package let isFinal: Bool

    package init(account: AccountID, packets: UInt64, bytes: UInt64, isFinal: Bool) {
        self.account = account
        self.packets = packets
        self.bytes = bytes
        self.isFinal = isFinal
    }
}

/// One account while it is kept.
struct LineAccount {
    let account: AccountID
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    /// The count that was reported last.
    var reported: UInt64 = 0
    var isFinal = false
    var isDue = false
}

/// One media loop's counts of what has left, by admission.
///
/// Only what the network took is counted, when it took it: nothing has to be taken back, and a loop that stops
/// at any moment has counted too little rather than too much.
package struct LineAccounts: ~Copyable {
    private var entries = SlotArray<LineAccount>(minimumCapacity: 128)
    private var due: [Int] = []

    package init() {}

    /// Accounts that are not closed, or closed and not reported.
    package var count: Int { entries.count }

    /// Whether there is something to report.
    package var hasReports: Bool { !due.isEmpty }

    /// Begins to count; answers the slot that packets are marked with.
    mutating func open(_ account: AccountID) -> Int {
        entries.insert(LineAccount(account: account))
    }

    /// Ends an account; what is still in a slab is counted until the report is taken.
    mutating func close(_ slot: Int) {
        entries[slot].isFinal = true
        report(slot)
    }

    /// Reports an account that is still open, unless nothing has left since the last report.
    mutating func reportProgress(_ slot: Int) {
        if entries[slot].packets != entries[slot].reported { report(slot) }
    }

    private mutating func report(_ slot: Int) {
        guard !entries[slot].isDue else { return }
        entries[slot].isDue = true
        due.append(slot)
    }

    /// Counts packets that the network has taken; a negative slot is nobody's.
    @inline(always)
    package mutating func count(_ slot: Int, packets: Int, bytes: Int) {
        guard slot >= 0 else { return }
        entries[slot].packets &+= UInt64(packets)
        entries[slot].bytes &+= UInt64(bytes)
    }

    /// Takes what is to be reported, and forgets accounts that are closed.
    ///
    /// The slab must be empty: what is in it is not counted yet, and its marks name slots that end here.
    package mutating func takeReports(after slab: borrowing SendSlab) -> [AccountReport] {
        precondition(slab.isEmpty, "everything is sent before it is reported")
        return takeReports()
    }

    /// The same for who holds nothing back: what is counted has been taken.
    mutating func takeReports() -> [AccountReport] {
        guard !due.isEmpty else { return [] }
        var reports: [AccountReport] = []
        reports.reserveCapacity(due.count)
        for slot in due {
            let entry = entries[slot]
            reports.append(
                AccountReport(
                    account: entry.account,
                    packets: entry.packets,
                    bytes: entry.bytes,
                    isFinal: entry.isFinal
                )
            )
            if entry.isFinal {
                entries.remove(slot)
            } else {
                entries[slot].reported = entry.packets
                entries[slot].isDue = false
            }
        }
        due.removeAll(keepingCapacity: true)
        return reports
    }
}
