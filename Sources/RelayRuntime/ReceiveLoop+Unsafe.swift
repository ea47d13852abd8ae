// Hot path 1/6: datagrams in, in batches (GRO)

import CLinuxNet
import ICELite
import Primitives
import RelayEngine
import Rooms

/// Takes datagrams from the socket and gives them to the engine one by one.
struct ReceiveLoop: ~Copyable {
    /// Messages of one call; with GRO each may be a run of many datagrams.
    private static let messageCount = 32
    /// A run that the kernel put together is at most 64 KiB.
    private static let messageBytes = 65_536
    /// Calls in a row before what came is forwarded: a flood must not starve those who watch.
    private static let callsPerWake = 4

    private let batch: OpaquePointer

    init?() {
        guard let batch = tally_receive_batch_make(Int32(Self.messageCount), Self.messageBytes) else {
            return nil
        }
        self.batch = batch
    }

    deinit {
        tally_receive_batch_free(batch)
    }

    /// Receives what is there on the socket of a port, which is an outbound peer's own or the shared one.
    ///
    /// `full` is called when the slab has no room left for replies; `foreign` gets what belongs to another
    /// loop. Answers whether more may wait, or the error.
    func receive(
        from descriptor: Int32,
        port: UInt16,
        isOutbound: Bool,
        into engine: inout RelayEngine,
        slab: inout SendSlab,
        now: MonotonicTime,
        full: (inout RelayEngine, inout SendSlab) -> Void,
        foreign: (Int, UnsafeMutableRawBufferPointer, ICEPair) -> Bool
    ) -> (mayHaveMore: Bool, error: Int32) {
        for _ in 0..<Self.callsPerWake {
            let count = tally_receive_at(descriptor, port, batch)
            guard count >= 0 else { return (false, -count) }
            for index in 0..<count {
                guard let message = tally_receive_batch_message(batch, index)?.pointee,
                    let start = message.data, message.length > 0
                else { continue }
                let path = ICEPair(
                    remote: SocketAddress(message.remote),
                    local: SocketAddress(message.local)
                )
                var offset: UInt32 = 0
                while offset < message.length {
                    let length = min(max(1, message.segment), message.length - offset)
                    let datagram = UnsafeMutableRawBufferPointer(
                        start: start + Int(offset),
                        count: Int(length)
                    )
                    offset += length
                    if !slab.hasRoom { full(&engine, &slab) }
                    guard !isOutbound else {
                        engine.receiveOutbound(datagram, on: path, now: now, into: &slab)
                        continue
                    }
                    let outcome = engine.receive(datagram, on: path, now: now, into: &slab)
                    if case .foreign(let loop) = outcome, !foreign(loop, datagram, path) {
                        engine.countHandOverFull()
                    }
                }
            }
            if count < Self.messageCount { return (false, 0) }
        }
        return (true, 0)
    }
}
