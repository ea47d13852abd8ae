/// A loop's sockets of outbound peers, as its own thread sees them: a descriptor for each port.
struct OutboundSockets {
    /// Of one loop: each push takes one, and descriptors are what the process shares with its clients' requests.
    static let limit = 256

    private var descriptors: [UInt16: Int32] = [:]

    init() {}

    var isEmpty: Bool { descriptors.isEmpty }

    /// The descriptor of the socket bound to `port`; `nil` if there is none, or no longer.
    subscript(port: UInt16) -> Int32? {
        get { descriptors[port] }
        set { descriptors[port] = newValue }
    }
}
