extension SimulatedRoom {
    /// What a driver may do wrong; the checker has to notice each.
    enum DriverFault: CaseIterable {
        /// Gates are never closed.
        case ignoresCloses
        /// Consumers do not look at the lease.
        case readsPastTheLease
        /// The grace period is over as soon as it begins.
        case skipsTheGrace
        /// What is being appended counts as written.
        case acknowledgesBeforeTheLog
    }
}
