import Synchronization

/// What the kernel does for a loop with many datagrams at once, where it can.
package enum KernelOffload: String, Sendable, CaseIterable {
    /// UDP_SEGMENT: one message of a send call is many datagrams.
    case segmentation = "gso"
    /// UDP_GRO: one message of a receive call is many datagrams.
    case coalescing = "gro"
}

/// Tells once of each offload that the kernel refuses; the loops go on without it.
final class OffloadRefusals: Sendable {
    private let told = Mutex<Set<KernelOffload>>([])
    private let tell: @Sendable (KernelOffload, Int32) -> Void

    init(tell: @escaping @Sendable (KernelOffload, Int32) -> Void) { self.tell = tell }

    func note(_ offload: KernelOffload, errno: Int32) {
        if told.withLock({ $0.insert(offload).inserted }) { tell(offload, errno) }
    }
}
