import Primitives
import RTPPackets
import SRTPProtection

/// Memory for one packet that is being made; a loop's peers share it.
final class PacketScratch {
    /// More than any datagram that is sent here.
    static let byteCount = 2_048

    let memory: UnsafeMutableRawBufferPointer

    init() {
        memory = .allocate(byteCount: Self.byteCount, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }
}

/// The numbers of header extensions that a stream's packets carry; `nil` where not negotiated.
package struct OutgoingExtensions: Sendable, Equatable {
    package var mid: UInt8?
    package var midText: [UInt8] = []
    package var absoluteSendTime: UInt8?
    package var transportSequence: UInt8?

    package init() {}
}

/// One RTP packet to be made.
package struct OutgoingPacket {
    package var payloadType: UInt8
    package var marker: Bool
    /// ROC << 16 | SEQ.
    package var extendedSequence: UInt64
    package var timestamp: UInt32
    package var ssrc: UInt32
    /// RTX: the sequence number of the packet that is repeated (RFC 4588 4).
    package var originalSequence: UInt16?
    package var transportSequence: UInt16 = 0

    package init(
        payloadType: UInt8,
        marker: Bool,
        extendedSequence: UInt64,
        timestamp: UInt32,
        ssrc: UInt32,
        originalSequence: UInt16? = nil
    ) {
        self.payloadType = payloadType
        self.marker = marker
        self.extendedSequence = extendedSequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.originalSequence = originalSequence
    }
}

extension ClientPeer {
    /// Takes one datagram from the socket.
    func receive(
        _ datagram: UnsafeMutableRawBufferPointer,
        from remote: SocketAddress,
        receivedAt: Int64,
        now: MonotonicTime
    ) {
        guard end == nil, !isSilenced, datagram.count >= 12, let first = datagram.first else { return }
        let bytes = UnsafeRawBufferPointer(datagram).bytes
        switch first {
        case 0...3: receiveSTUN(bytes, from: remote, now: now)
        case 20...63: receiveDTLS(bytes, from: remote, now: now)
        case 128...191:
            guard remote == self.remote else { return }
            // RFC 5761 section 4.
            if (192...223).contains(datagram[1]) {
                receiveControl(datagram, now: now)
            } else {
                receiveMedia(datagram, receivedAt: receivedAt, now: now)
            }
        default: break
        }
    }

    private func receiveMedia(
        _ datagram: UnsafeMutableRawBufferPointer,
        receivedAt: Int64,
        now: MonotonicTime
    ) {
        counters.packetsReceived += 1
        let protected = UnsafeRawBufferPointer(datagram).bytes
        guard media.examines(protected, receivedAt: receivedAt, on: self, now: now),
            let result = inbound?.unprotectRTP(datagram)
        else { return }
        switch result {
        case .plaintext(let length, _):
            let packet = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(datagram)[..<length]).bytes
            guard let header = try? RTPHeader(parsing: packet) else { return }
            media.received(packet, header: header, receivedAt: receivedAt, on: self, now: now)
        case .drop(.replayed), .drop(.tooOld):
            counters.replayed += 1
        case .drop:
            counters.undecryptable += 1
        }
    }

    private func receiveControl(_ datagram: UnsafeMutableRawBufferPointer, now: MonotonicTime) {
        guard let result = inbound?.unprotectRTCP(datagram), case .plaintext(let length) = result else {
            return
        }
        let packet = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(datagram)[..<length]).bytes
        media.receivedControl(packet, on: self, now: now)
    }

    func send(_ datagram: [UInt8], to remote: SocketAddress) {
        datagram.withUnsafeBytes { _ = socket.send($0, to: remote, from: local) }
    }

    /// Protects and sends an RTP packet; answers the datagram, which may be sent again as it is.
    @discardableResult
    package func send(
        _ packet: OutgoingPacket,
        payload: [UInt8],
        extensions: OutgoingExtensions,
        now: MonotonicTime
    ) -> [UInt8] {
        guard let remote, end == nil else { return [] }
        let memory = scratch.memory
        var writer = RTPHeaderWriter(into: memory)
        writer.writeFixed(
            marker: packet.marker,
            payloadType: packet.payloadType,
            sequenceNumber: UInt16(truncatingIfNeeded: packet.extendedSequence),
            timestamp: packet.timestamp,
            ssrc: packet.ssrc
        )
        if let id = extensions.mid {
            extensions.midText.withUnsafeBytes { _ = writer.appendExtension(id: id, bytes: $0) }
        }
        if let id = extensions.absoluteSendTime {
            _ = writer.appendExtension(id: id, value: AbsoluteSendTime(now).rawValue, byteCount: 3)
        }
        if let id = extensions.transportSequence {
            _ = writer.appendExtension(id: id, value: UInt32(packet.transportSequence), byteCount: 2)
        }
        let headerLength = writer.finish()
        var end = headerLength
        if let original = packet.originalSequence {
            RTXPayload.write(
                originalSequenceNumber: original,
                into: UnsafeMutableRawBufferPointer(rebasing: memory[end..<(end + 2)])
            )
            end += RTXPayload.headerByteCount
        }
        guard end + payload.count + 16 <= memory.count else { return [] }
        payload.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(rebasing: memory[end..<(end + payload.count)]).copyMemory(from: $0)
        }
        end += payload.count
        let length =
            outbound?.protectRTP(
                headerLength: headerLength,
                payload: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[headerLength..<end]),
                output: memory,
                extendedSequence: packet.extendedSequence,
                ssrc: packet.ssrc
            ) ?? 0
        guard length > 0 else { return [] }
        let datagram = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<length])
        if socket.send(datagram, to: remote, from: local) { counters.packetsSent += 1 }
        return Array(datagram)
    }

    /// Sends a datagram once more, byte for byte.
    package func repeatDatagram(_ datagram: [UInt8]) {
        guard let remote, end == nil, !datagram.isEmpty else { return }
        counters.packetsSent += 1
        send(datagram, to: remote)
    }

    /// Protects and sends what `writer` holds, unless it is empty.
    package func sendControl(_ writer: RTCPWriter) {
        guard let remote, end == nil, !writer.isEmpty else { return }
        let memory = scratch.memory
        let length = writer.bytes.withUnsafeBytes { outbound?.protectRTCP($0, into: memory) ?? 0 }
        guard length > 0 else { return }
        _ = socket.send(
            UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<length]),
            to: remote,
            from: local
        )
    }
}
