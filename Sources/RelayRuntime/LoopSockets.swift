/// What another thread may take away while a loop's own is held up.
struct LoopSockets {
    /// The shared socket is away.
    var isCutOff = false
    /// By port; only the loop's own thread takes entries out, and closes their descriptors.
    var outbound: [UInt16: OutboundSocket] = [:]
}

/// The socket of one outbound peer, as all threads see it.
struct OutboundSocket {
    let descriptor: Int32
    /// The control plane has done with it.
    var isClosing = false
}
