// Hot path 6/6: datagrams out, in batches (GSO)

import CLinuxNet
import Glibc
import Primitives
import Rooms

/// Sends what a slab holds, or drops it: nothing read through a pass is kept for later.
struct SendLoop: ~Copyable {
    /// sendmmsg errors that say that the kernel or the device cannot segment for us.
    private static let segmentationRefusals: Set<Int32> = [EIO, ENOPROTOOPT, EOPNOTSUPP]

    private let messages: UnsafeMutablePointer<tally_outgoing>
    /// Per message of the call, its number in the slab.
    private let numbers: UnsafeMutablePointer<Int>
    /// Numbers in the slab of what does not leave by the shared socket.
    private let outbound: UnsafeMutablePointer<Int>
    /// The port of the shared socket.
    private let port: UInt16
    private(set) var usesGSO = true
    private let refusals: OffloadRefusals?

    init(port: UInt16, refusals: OffloadRefusals? = nil) {
        self.port = port
        self.refusals = refusals
        outbound = .allocate(capacity: SendSlab.messageCapacity)
        outbound.initialize(repeating: 0, count: SendSlab.messageCapacity)
        numbers = .allocate(capacity: SendSlab.messageCapacity)
        numbers.initialize(repeating: 0, count: SendSlab.messageCapacity)
        messages = .allocate(capacity: SendSlab.messageCapacity)
        messages.initialize(repeating: tally_outgoing(), count: SendSlab.messageCapacity)
    }

    deinit {
        messages.deallocate()
        numbers.deallocate()
        outbound.deallocate()
    }

    /// Sends and clears the slab, and counts what the kernel has taken.
    ///
    /// What says another port than the shared socket's leaves by the socket of that port, or not at all. Answers
    /// 0, or the error that ended it on the shared socket.
    mutating func send(
        _ slab: inout SendSlab,
        on descriptor: Int32,
        sockets: OutboundSockets = OutboundSockets(),
        accounts: inout LineAccounts,
        statistics: inout LoopStatistics
    ) -> Int32 {
        defer { slab.clear() }
        guard !slab.isEmpty else { return 0 }
        slab.finish()
        var count = 0
        var outboundCount = 0
        // The lease is compared once more right before the call: a loop that was held up meanwhile sends nothing.
        let now = SystemClock.monotonic
        for index in 0..<slab.messageCount {
            let message = slab.message(index)
            guard message.local.port == port else {
                outbound[outboundCount] = index
                outboundCount += 1
                continue
            }
            if load(message, index, of: slab, at: count, now: now, &statistics) { count += 1 }
        }
        let error = transmit(count, of: slab, on: descriptor, accounts: &accounts, statistics: &statistics)
        if outboundCount > 0 {
            sendOutbound(outboundCount, slab, sockets, accounts: &accounts, statistics: &statistics)
        }
        return error
    }

    /// Sends what leaves by outbound peers' sockets, in order, one run of neighbours of one socket at a time.
    private mutating func sendOutbound(
        _ outboundCount: Int,
        _ slab: borrowing SendSlab,
        _ sockets: OutboundSockets,
        accounts: inout LineAccounts,
        statistics: inout LoopStatistics
    ) {
        var next = 0
        while next < outboundCount {
            let port = slab.message(outbound[next]).local.port
            let descriptor = sockets[port]
            let now = SystemClock.monotonic
            var count = 0
            while next < outboundCount {
                let message = slab.message(outbound[next])
                guard message.local.port == port else { break }
                if descriptor == nil {
                    statistics.sendDropped += UInt64(message.segmentCount)
                } else if load(message, outbound[next], of: slab, at: count, now: now, &statistics) {
                    count += 1
                }
                next += 1
            }
            // What a socket that was taken away refuses is lost with it.
            if let descriptor {
                _ = transmit(count, of: slab, on: descriptor, accounts: &accounts, statistics: &statistics)
            }
        }
    }

    /// Makes a message ready for the call; `false` if its lease has ended.
    private func load(
        _ message: SendSlab.Message,
        _ index: Int,
        of slab: borrowing SendSlab,
        at count: Int,
        now: MonotonicTime,
        _ statistics: inout LoopStatistics
    ) -> Bool {
        guard now < message.notAfter else {
            statistics.leaseDropped += UInt64(message.segmentCount)
            return false
        }
        let bytes = slab.bytes(of: message)
        messages[count].data = UnsafePointer(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        messages[count].length = UInt32(message.length)
        messages[count].segment = message.segmentCount > 1 ? UInt16(message.segmentLength) : 0
        messages[count].remote = message.remote.system
        messages[count].local = message.local.system
        numbers[count] = index
        return true
    }

    /// Sends the first messages that are ready on one socket; answers 0, or the error that ended it.
    private mutating func transmit(
        _ count: Int,
        of slab: borrowing SendSlab,
        on descriptor: Int32,
        accounts: inout LineAccounts,
        statistics: inout LoopStatistics
    ) -> Int32 {
        var sent = 0
        while sent < count {
            if !usesGSO, messages[sent].segment > 0 {
                sendSegments(sent, of: slab, on: descriptor, accounts: &accounts, statistics: &statistics)
                sent += 1
                continue
            }
            let end = usesGSO ? count : nextRun(from: sent, to: count)
            let result = tally_send(
                descriptor,
                messages + sent,
                Int32(end - sent),
                &statistics.sendCalls
            )
            if result > 0 {
                for index in sent..<(sent + Int(result)) {
                    note(messages[index], &statistics)
                    let message = slab.message(numbers[index])
                    if message.account >= 0 { statistics.noteRun(ofPackets: message.segmentCount) }
                    accounts.count(
                        message.account,
                        packets: message.segmentCount,
                        bytes: message.payloadLength
                    )
                }
                sent += Int(result)
                continue
            }
            let error = -result
            if messages[sent].segment > 0, Self.segmentationRefusals.contains(error) {
                usesGSO = false
                statistics.segmentationRefusal = error
                refusals?.note(.segmentation, errno: error)
                continue
            }
            if messages[sent].segment > 0, error == EINVAL || error == EMSGSIZE {
                // This destination's path is too narrow for the run's segments: one at a time, and only here.
                sendSegments(sent, of: slab, on: descriptor, accounts: &accounts, statistics: &statistics)
                sent += 1
                continue
            }
            if error == ENOTSOCK || error == EBADF { return error }
            if error == EAGAIN || error == ENOBUFS {
                // What is left was read through a pass that may end: it is dropped, not kept.
                for index in sent..<count { statistics.sendDropped += segments(messages[index]) }
                return 0
            }
            // One destination that cannot be reached must not hold up the others.
            statistics.sendDropped += segments(messages[sent])
            sent += 1
        }
        return 0
    }

    private func nextRun(from start: Int, to count: Int) -> Int {
        var end = start
        while end < count, messages[end].segment == 0 { end += 1 }
        return end
    }

    private func segments(_ message: tally_outgoing) -> UInt64 {
        message.segment > 0
            ? UInt64((message.length + UInt32(message.segment) - 1) / UInt32(message.segment)) : 1
    }

    private func note(_ message: tally_outgoing, _ statistics: inout LoopStatistics) {
        statistics.datagramsOut += segments(message)
        statistics.messagesOut += 1
        statistics.bytesOut += UInt64(message.length)
    }

    /// Sends a run one datagram at a time, where the kernel does not segment.
    private func sendSegments(
        _ index: Int,
        of slab: borrowing SendSlab,
        on descriptor: Int32,
        accounts: inout LineAccounts,
        statistics: inout LoopStatistics
    ) {
        let message = messages[index]
        let source = slab.message(numbers[index])
        var offset: UInt32 = 0
        for segment in 0..<source.segmentCount {
            var part = message
            part.length = min(UInt32(message.segment), message.length - offset)
            part.segment = 0
            part.data = message.data.map { $0 + Int(offset) }
            if tally_send(descriptor, &part, 1, &statistics.sendCalls) == 1 {
                note(part, &statistics)
                if source.account >= 0 { statistics.noteRun(ofPackets: 1) }
                accounts.count(
                    source.account,
                    packets: 1,
                    bytes: slab.payloadLength(of: source, segment: segment)
                )
            } else {
                statistics.sendDropped += 1
            }
            offset += UInt32(message.segment)
        }
    }
}
