/// What a comparison of the database with its leaves found.
package struct RowReport: Sendable, Hashable {
    /// Leaves whose rows say the same.
    package internal(set) var leaves = 0 as UInt64
    /// Of these, leaves of participants who have been erased: their commitments cannot be opened any more.
    package internal(set) var erased = 0 as UInt64
    /// Leaves in the database that the checkpoint does not cover yet.
    package internal(set) var unpublished = 0 as UInt64
}
