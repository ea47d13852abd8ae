import CLinuxNet
import Primitives
import RelayRuntime

/// Memory for the packets of one frame, sent with one system call; a loop's peers share it.
final class SendSlab {
    /// A keyframe of some hundred packets leaves in a few calls.
    private static let packetCount = 64
    private static let packetBytes = PacketScratch.byteCount

    private let memory: UnsafeMutableRawBufferPointer
    private var messages: [tally_outgoing] = []

    init() {
        memory = .allocate(byteCount: Self.packetCount * Self.packetBytes, alignment: 64)
        messages.reserveCapacity(Self.packetCount)
    }

    deinit {
        memory.deallocate()
    }

    var isFull: Bool { messages.count == Self.packetCount }
    var isEmpty: Bool { messages.isEmpty }

    /// Where the next packet is written.
    var place: UnsafeMutableRawBufferPointer {
        let start = messages.count * Self.packetBytes
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + Self.packetBytes)])
    }

    /// Takes the packet that was written to `place`.
    func append(byteCount: Int, to remote: SocketAddress, from local: SocketAddress) {
        var message = tally_outgoing()
        message.data = UnsafePointer(place.baseAddress?.assumingMemoryBound(to: UInt8.self))
        message.length = UInt32(byteCount)
        message.remote = remote.system
        message.local = local.system
        messages.append(message)
    }

    /// Sends what was taken and answers how many packets the kernel accepted; the others are lost, as on any
    /// network.
    func flush(through socket: ClientSocket) -> Int {
        guard !messages.isEmpty else { return 0 }
        var calls: UInt64 = 0
        let sent = tally_send(socket.descriptor, messages, Int32(messages.count), &calls)
        messages.removeAll(keepingCapacity: true)
        return Int(max(0, sent))
    }
}
