import Disclosures
import Primitives

/// The disclosure ledger holds the interval: a line may carry what one opening of its gate lets through.
package struct LineAdmission: Sendable {
    package let gate: DisclosureGate
    package let opening: UInt64
    package let account: AccountID

    package init(gate: DisclosureGate, opening: UInt64, account: AccountID) {
        self.gate = gate
        self.opening = opening
        self.account = account
    }
}

extension Forwarder {
    /// Every open account is reported this often, and the ledger with it.
    package static let accountMilliseconds: Int64 = 5_000
    /// The open accounts that are due by then are reported together.
    static let accountStepMilliseconds: Int64 = 250

    /// Lets a line carry media of one opening of its gate, from now on in this account.
    ///
    /// An admission that comes too late (the line has another source, the gate has closed since) admits
    /// nothing. In any case the account is reported as final once.
    package mutating func admit(_ line: Int?, _ admission: LineAdmission) {
        let account = accounts.open(admission.account)
        guard let line, lines.contains(line), lines[line].feed >= 0,
            feeds[lines[line].feed].audiences[lines[line].audience].gate === admission.gate,
            !admission.gate.hasEnded(admission.opening)
        else { return accounts.close(account) }
        endAdmission(line)
        lines[line].admittedOpening = admission.opening
        lines[line].account = account
        requestSweep(lines[line].feed)
    }

    /// Lets a line carry nothing until it is admitted again.
    mutating func endAdmission(_ line: Int) {
        lines[line].admittedOpening = 0
        guard lines[line].account >= 0 else { return }
        accounts.close(lines[line].account)
        lines[line].account = -1
    }

    /// Keeps a line to the relay's own media whose gate is open and whose interval the ledger does not hold.
    mutating func awaitAdmission(_ line: Int, now: MonotonicTime, into slab: inout SendSlab) -> Bool {
        feeds[lines[line].feed].needsSweep = true
        switch lines[line].state {
        case .withheld:
            break
        case .idle, .live, .unsupported, .overloaded:
            begin(line, now: now)
            return true
        case .joining:
            guard now.milliseconds(since: lines[line].joiningSince) >= Self.blankMilliseconds else {
                return true
            }
            beginSlates(line, now: now)
            set(line, .withheld)
        }
        return slateWhenDue(line, now: now, into: &slab)
    }

    /// Has the open accounts reported that are due: a part of them each time, so that after
    /// `accountMilliseconds` it was everybody's turn.
    package mutating func reportAccounts(now: MonotonicTime) {
        if accountsSince == .distantPast { accountsSince = now }
        // In steps, because each report of some wakes the control plane.
        let step = Self.accountStepMilliseconds
        let elapsed = now.milliseconds(since: accountsSince) / step * step
        let isOver = elapsed >= Self.accountMilliseconds
        let share = isOver ? viewers.end : viewers.end * Int(elapsed) / Int(Self.accountMilliseconds)
        while accountCursor < share {
            if viewers.contains(accountCursor) {
                for line in viewers[accountCursor].lines where lines[line].account >= 0 {
                    accounts.reportProgress(lines[line].account)
                }
            }
            accountCursor += 1
        }
        guard isOver else { return }
        accountCursor = 0
        let next = accountsSince.advanced(byMilliseconds: Self.accountMilliseconds)
        accountsSince = now.milliseconds(since: next) < Self.accountMilliseconds ? next : now
    }
}
