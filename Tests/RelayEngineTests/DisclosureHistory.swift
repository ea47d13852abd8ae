import Primitives

/// A moment of the simulation: what happened before it has a smaller step, though the clock says the same.
struct Moment: Equatable {
    let step: UInt64
    let time: MonotonicTime
}

/// When one audience was permitted to have one track: the simulation's own books, apart from the gate.
struct DisclosureHistory {
    private struct Permission {
        let openedAt: Moment
        var leases: [(from: UInt64, end: MonotonicTime)]
        var closedAtStep: UInt64?
        var acknowledgedAtStep: UInt64?
    }

    private var permissions: [Permission] = []

    mutating func opened(_ moment: Moment, leaseEnd: MonotonicTime) {
        permissions.append(Permission(openedAt: moment, leases: [(moment.step, leaseEnd)]))
    }

    mutating func renewed(_ moment: Moment, leaseEnd: MonotonicTime) {
        guard !permissions.isEmpty else { return }
        permissions[permissions.count - 1].leases.append((moment.step, leaseEnd))
    }

    /// A withdrawal, or the moment at which a lapse was found.
    mutating func closed(_ moment: Moment) {
        guard !permissions.isEmpty, permissions[permissions.count - 1].closedAtStep == nil else { return }
        permissions[permissions.count - 1].closedAtStep = moment.step
    }

    /// The acknowledgement of a withdrawal made at `closing`.
    mutating func acknowledged(_ moment: Moment, closing: UInt64) {
        for index in permissions.indices where permissions[index].closedAtStep == closing {
            permissions[index].acknowledgedAtStep = moment.step
        }
    }

    private func lease(_ permission: Permission, at moment: Moment) -> MonotonicTime? {
        guard permission.openedAt.step <= moment.step,
            permission.closedAtStep.map({ moment.step < $0 }) != false
        else { return nil }
        return permission.leases.last { $0.from <= moment.step }?.end
    }

    /// The number of the opening in force then, counted from 1 as a gate does.
    func opening(at moment: Moment) -> UInt64? {
        permissions.lastIndex { permission in
            lease(permission, at: moment).map { moment.time < $0 } == true
        }.map { UInt64($0) + 1 }
    }

    /// Whether a pass could be minted then.
    func isOpen(at moment: Moment) -> Bool {
        permissions.contains { permission in
            lease(permission, at: moment).map { moment.time < $0 } == true
        }
    }

    /// Whether the permission under which something was read had been taken back, and that acknowledged.
    func isTakenBack(_ read: Moment, by later: Moment) -> Bool {
        permissions.contains { permission in
            lease(permission, at: read).map { read.time < $0 } == true
                && permission.acknowledgedAtStep.map { $0 <= later.step } == true
        }
    }

    /// Why a packet published at `published`, read at `read`, may not leave at `sent`; `nil` if it may.
    func objection(published: Moment, read: Moment, sent: Moment) -> String? {
        var closest = "no permission was in force when it was read"
        for permission in permissions {
            guard let end = lease(permission, at: read), read.time < end else { continue }
            guard published.step > permission.openedAt.step else {
                closest = "it was published before the permission began"
                continue
            }
            guard sent.time < end else {
                closest = "the lease had ended when it was sent"
                continue
            }
            if let acknowledged = permission.acknowledgedAtStep, sent.step >= acknowledged {
                closest = "its withdrawal had been acknowledged"
                continue
            }
            return nil
        }
        return closest
    }
}
