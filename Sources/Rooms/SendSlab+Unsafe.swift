import Primitives
import SRTPProtection

/// The datagrams of one batch, written one after the other into one block, ready for the send call.
///
/// Neighbours of one destination and one size form a run, which the send loop hands to the kernel as one
/// message (UDP generic segmentation offload): only the last segment of a run may be shorter.
package struct SendSlab: ~Copyable {
    /// Bytes of one batch: bounds how long a batch holds media, and so the grace period.
    package static let byteCapacity = 512 * 1024
    /// Messages of one batch.
    package static let messageCapacity = 1024
    /// Datagrams of one batch: of the smallest, which are sound, more than its bytes hold beside their headers.
    package static let datagramLimit = 16_384
    /// Largest datagram written: header, extensions, payload and tag of the largest ring slot fit.
    package static let datagramCapacity = 1600
    /// Largest payload that fits beside header, extensions, RTX number and tag.
    package static let payloadCapacity = 1440
    /// Segments of one run (the kernel's UDP_MAX_SEGMENTS is 64 before Linux 6.9).
    package static let runSegmentLimit = 60
    /// Bytes of one run: an IPv4 datagram before segmentation stays below 65,507.
    package static let runByteLimit = 64_000

    /// One message of the send call: one datagram, or a run of them.
    package struct Message {
        package var remote: SocketAddress
        package var local: SocketAddress
        package var offset: Int
        package var length: Int
        /// Bytes of each segment but the last.
        package var segmentLength: Int
        package var segmentCount: Int
        /// The end of the lease under which its media was read; `distantFuture` for what is not media.
        package var notAfter: MonotonicTime
        /// The account (slot of `LineAccounts`) of its media; -1 for what is not media.
        package var account: Int
        /// Bytes of RTP payload in all of its segments, if it is media.
        package var payloadLength: Int
        /// Number of its first datagram in the batch.
        var firstDatagram: Int
    }

    private let bytes: UnsafeMutableRawPointer
    private let messages: UnsafeMutablePointer<Message>
    /// Bytes of RTP payload of each datagram.
    private let payloadLengths: UnsafeMutablePointer<UInt16>
    package private(set) var messageCount = 0
    package private(set) var datagramCount = 0
    package private(set) var byteCount = 0
    private var pendingTags = PendingTags()

    package init() {
        bytes = .allocate(byteCount: Self.byteCapacity, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCapacity)
        messages = .allocate(capacity: Self.messageCapacity)
        payloadLengths = .allocate(capacity: Self.datagramLimit)
        payloadLengths.initialize(repeating: 0, count: Self.datagramLimit)
    }

    deinit {
        bytes.deallocate()
        messages.deallocate()
        payloadLengths.deallocate()
    }

    package var isEmpty: Bool { messageCount == 0 }

    /// Whether another datagram of any size fits.
    package var hasRoom: Bool { hasRoom(for: 1) }

    /// Whether so many more datagrams of any size fit.
    package func hasRoom(for count: Int) -> Bool {
        messageCount + count <= Self.messageCapacity && datagramCount + count <= Self.datagramLimit
            && byteCount + count * Self.datagramCapacity <= Self.byteCapacity
    }

    /// Where the next datagram is written: `datagramCapacity` bytes.
    ///
    /// Ask `hasRoom` first.
    package var space: UnsafeMutableRawBufferPointer {
        precondition(hasRoom, "the slab is full")
        return UnsafeMutableRawBufferPointer(start: bytes + byteCount, count: Self.datagramCapacity)
    }

    /// Takes a packet that was encrypted to `space` as a datagram; its tag may be left until `finish`.
    ///
    /// Media says in which account it is counted once it has left, and its bytes of RTP payload.
    package mutating func commit(
        _ packet: EncryptedPacket,
        to remote: SocketAddress,
        from local: SocketAddress,
        notAfter: MonotonicTime,
        account: Int = -1,
        payloadLength: Int = 0
    ) {
        if packet.hashStates != nil { pendingTags.add(packet, at: bytes + byteCount) }
        commit(
            packet.length,
            to: remote,
            from: local,
            notAfter: notAfter,
            account: account,
            payloadLength: payloadLength
        )
    }

    /// Takes the first `length` bytes of `space` as a datagram that is whole; what is not committed is overwritten.
    package mutating func commit(
        _ length: Int,
        to remote: SocketAddress,
        from local: SocketAddress,
        notAfter: MonotonicTime,
        account: Int = -1,
        payloadLength: Int = 0
    ) {
        precondition(length > 0 && length <= Self.datagramCapacity, "a datagram of a possible size")
        payloadLengths[datagramCount] = UInt16(truncatingIfNeeded: payloadLength)
        datagramCount += 1
        if messageCount > 0 {
            let last = messages + (messageCount - 1)
            let isOpen = last.pointee.length == last.pointee.segmentLength * last.pointee.segmentCount
            if isOpen, length <= last.pointee.segmentLength,
                last.pointee.segmentCount < Self.runSegmentLimit,
                last.pointee.length + length <= Self.runByteLimit,
                last.pointee.account == account,
                (last.pointee.notAfter == .distantFuture) == (notAfter == .distantFuture),
                last.pointee.remote == remote, last.pointee.local == local
            {
                last.pointee.length += length
                last.pointee.segmentCount += 1
                last.pointee.notAfter = min(last.pointee.notAfter, notAfter)
                last.pointee.payloadLength += payloadLength
                byteCount += length
                return
            }
        }
        (messages + messageCount).initialize(
            to: Message(
                remote: remote,
                local: local,
                offset: byteCount,
                length: length,
                segmentLength: length,
                segmentCount: 1,
                notAfter: notAfter,
                account: account,
                payloadLength: payloadLength,
                firstDatagram: datagramCount - 1
            )
        )
        messageCount += 1
        byteCount += length
    }

    /// Copies a datagram of the control path in; `false` if there is no room.
    @discardableResult
    package mutating func append(
        _ datagram: [UInt8],
        to remote: SocketAddress,
        from local: SocketAddress
    ) -> Bool {
        guard hasRoom, !datagram.isEmpty, datagram.count <= Self.datagramCapacity else { return false }
        datagram.withUnsafeBytes { space.copyMemory(from: $0) }
        commit(datagram.count, to: remote, from: local, notAfter: .distantFuture)
        return true
    }

    /// Completes the datagrams: before this no message may be asked for.
    package mutating func finish() { pendingTags.writeAll() }

    package func message(_ index: Int) -> Message {
        precondition(pendingTags.isEmpty, "a slab is finished before it is read")
        precondition(index < messageCount, "a message of this batch")
        return messages[index]
    }

    /// Bytes of RTP payload of one segment of a message.
    package func payloadLength(of message: Message, segment: Int) -> Int {
        precondition(segment < message.segmentCount, "a segment of this message")
        return Int(payloadLengths[message.firstDatagram + segment])
    }

    /// The bytes of a message; they hold until `clear`.
    package func bytes(of message: Message) -> UnsafeMutableRawBufferPointer {
        precondition(pendingTags.isEmpty, "a slab is finished before it is read")
        return UnsafeMutableRawBufferPointer(start: bytes + message.offset, count: message.length)
    }

    package mutating func clear() {
        pendingTags.discard()
        messageCount = 0
        datagramCount = 0
        byteCount = 0
    }
}
