import Primitives

/// Half-open validity `[from, until)` in civil time; an absent bound does not limit.
package struct ValidityWindow: Sendable, Hashable {
    package var from: WallClockTime?
    package var until: WallClockTime?

    package init(from: WallClockTime? = nil, until: WallClockTime? = nil) {
        self.from = from
        self.until = until
    }

    /// No bounds.
    package static let always = ValidityWindow()

    package var isUnbounded: Bool { from == nil && until == nil }

    package func contains(_ time: WallClockTime) -> Bool {
        if let from, time < from { return false }
        if let until, time >= until { return false }
        return true
    }

    /// Whether no moment lies in this window.
    package var isEmpty: Bool {
        guard let from, let until else { return false }
        return until <= from
    }

    /// The moments that lie in both windows.
    package func intersection(_ other: ValidityWindow) -> ValidityWindow {
        ValidityWindow(
            from: [from, other.from].compactMap(\.self).max(),
            until: [until, other.until].compactMap(\.self).min()
        )
    }

    /// Whether every moment of `other` lies in this window.
    package func covers(_ other: ValidityWindow) -> Bool {
        if let from {
            guard let start = other.from, start >= from else { return false }
        }
        if let until {
            guard let end = other.until, end <= until else { return false }
        }
        return true
    }
}
