import CLinuxNet
import Primitives
import RelayRuntime

/// One UDP socket of a loop, with kernel receive times.
///
/// Bound to a wildcard address it can serve many peers, told apart by the local address that each one sends
/// from, which on loopback is any of 127.0.0.0/8.
final class ClientSocket {
    /// What a burst to many viewers of one socket needs before the loop gets to it.
    static let receiveBufferBytes: Int32 = 32 << 20
    static let sendBufferBytes: Int32 = 4 << 20

    let descriptor: Int32

    /// Throws `LoopError.socket`.
    init(isIPv6: Bool) throws(LoopError) {
        let wildcard =
            isIPv6
            ? SocketAddress(ipv6High: 0, ipv6Low: 0, port: 0) : SocketAddress(ipv4: 0, port: 0)
        var address = wildcard.system
        var applied: Int32 = 0
        descriptor = tally_udp_open(
            &address,
            Int32(TALLY_WANT_GRO) | Int32(TALLY_WANT_TIMESTAMPS),
            Self.receiveBufferBytes,
            Self.sendBufferBytes,
            &applied,
            nil
        )
        guard descriptor >= 0 else { throw .socket(errno: -descriptor) }
    }

    deinit {
        tally_close(descriptor)
    }

    /// Sends one datagram; what the kernel refuses is lost, as on any network.
    @discardableResult
    func send(_ datagram: UnsafeRawBufferPointer, to remote: SocketAddress, from local: SocketAddress) -> Bool
    {
        var message = tally_outgoing()
        message.data = datagram.bindMemory(to: UInt8.self).baseAddress
        message.length = UInt32(datagram.count)
        message.remote = remote.system
        message.local = local.system
        var calls: UInt64 = 0
        return tally_send(descriptor, &message, 1, &calls) == 1
    }
}

/// Memory for receiving, shared by the sockets of a loop.
final class ReceiveMemory {
    /// Messages of one call; each may be a run of datagrams that the kernel put together.
    private static let messageCount = 64
    /// The longest run.
    private static let messageBytes = 65_536
    /// Calls in a row on one socket, so that a flood on it does not starve the others and the timers.
    private static let callsPerTurn = 8

    private let batch: OpaquePointer

    /// Throws `LoopError.memory`.
    init() throws(LoopError) {
        guard let batch = tally_receive_batch_make(Int32(Self.messageCount), Self.messageBytes) else {
            throw .memory
        }
        self.batch = batch
    }

    deinit {
        tally_receive_batch_free(batch)
    }

    /// Receives what is there and gives each datagram to `take`, with the kernel's time of receipt (nanoseconds
    /// since 1970).
    func receive(
        from socket: ClientSocket,
        take: (
            _ datagram: UnsafeMutableRawBufferPointer, _ remote: SocketAddress, _ local: SocketAddress,
            _ receivedAt: Int64
        ) -> Void
    ) {
        for _ in 0..<Self.callsPerTurn {
            let count = tally_receive(socket.descriptor, batch)
            guard count > 0 else { return }
            for index in 0..<count {
                guard let message = tally_receive_batch_message(batch, index)?.pointee,
                    let start = message.data, message.length > 0
                else { continue }
                let (remote, local) = (SocketAddress(message.remote), SocketAddress(message.local))
                var offset: UInt32 = 0
                while offset < message.length {
                    let length = min(max(1, message.segment), message.length - offset)
                    take(
                        UnsafeMutableRawBufferPointer(start: start + Int(offset), count: Int(length)),
                        remote,
                        local,
                        message.received_at
                    )
                    offset += length
                }
            }
            if Int(count) < Self.messageCount { return }
        }
    }
}
