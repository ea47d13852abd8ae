/// Why a loop or a peer of it could not be made.
package enum LoopError: Error, Equatable {
    /// A system call refused.
    case socket(errno: Int32)
    /// There is no memory for receiving.
    case memory
    /// The loop has been stopped.
    case stopped
}
