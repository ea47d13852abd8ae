import Primitives

/// Datagrams that are ready to be received, in memory of their own, so that making them is no part of what is measured.
struct DatagramStock: ~Copyable {
    static let limit = 64
    private static let stride = 2_048

    private let bytes: UnsafeMutableRawPointer
    private var lengths = [Int](repeating: 0, count: limit)
    private var times = [MonotonicTime](repeating: .distantPast, count: limit)
    private(set) var count = 0

    init() {
        bytes = .allocate(byteCount: Self.limit * Self.stride, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: Self.limit * Self.stride)
    }

    deinit { bytes.deallocate() }

    /// Where the next datagram is written.
    var space: UnsafeMutableRawBufferPointer {
        precondition(count < Self.limit, "the stock is full")
        return UnsafeMutableRawBufferPointer(start: bytes + count * Self.stride, count: Self.stride)
    }

    /// Takes the first `length` bytes of `space` as a datagram that arrives at `time`.
    mutating func commit(_ length: Int, at time: MonotonicTime) {
        precondition(length > 0, "a datagram that the keys have protected")
        lengths[count] = length
        times[count] = time
        count += 1
    }

    func datagram(_ index: Int) -> UnsafeMutableRawBufferPointer {
        precondition(index < count, "a datagram of this stock")
        return UnsafeMutableRawBufferPointer(start: bytes + index * Self.stride, count: lengths[index])
    }

    func time(_ index: Int) -> MonotonicTime { times[index] }

    mutating func clear() { count = 0 }
}
