import Testing

@testable import SRTPProtection

/// Packets one right behind the other, as in a send slab, whose tags are written together.
final class TagBatch {
    /// Behind the last packet, where nothing may be written.
    private static let guardLength = 64

    var tags = PendingTags()
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 21, alignment: 64)
    private var ranges: [Range<Int>] = []

    init() {
        memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
    }

    deinit {
        memory.deallocate()
    }

    /// Whether tags are still to be written.
    var isPending: Bool { !tags.isEmpty }

    /// What stands there by now.
    var packets: [[UInt8]] { ranges.map { Array(memory[$0]) } }

    /// Encrypts a packet behind the others without taking it in.
    func write(_ packet: PlainPacket, by sender: borrowing OutboundProtection) -> EncryptedPacket {
        let start = ranges.last?.upperBound ?? 0
        let length = packet.bytes.count + sender.profile.rtpOverhead
        let place = UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + length)])
        place.copyBytes(from: packet.bytes[..<packet.headerLength])
        let encrypted = packet.payload.withUnsafeBytes { payload in
            sender.encryptRTP(
                headerLength: packet.headerLength,
                payload: payload,
                output: place,
                extendedSequence: packet.extendedSequence,
                ssrc: packet.source
            )
        }
        #expect(encrypted.length == length)
        return encrypted
    }

    func add(_ packet: PlainPacket, by sender: borrowing OutboundProtection) {
        let encrypted = write(packet, by: sender)
        let start = ranges.last?.upperBound ?? 0
        if let base = memory.baseAddress { tags.add(encrypted, at: base + start) }
        ranges.append(start..<(start + encrypted.length))
    }

    /// Overwrites all, as the next batch does.
    func overwrite() {
        memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
    }

    /// Writes the tags, and answers the packets.
    func finish() -> [[UInt8]] {
        tags.writeAll()
        checkGuard()
        // Else the tags below would say nothing of those made side by side.
        let isSideBySide = tags.canMakeSideBySide
        #expect(isSideBySide == CipherBackend.multiBuffer.isAvailable)
        return packets
    }

    func checkGuard() {
        let end = ranges.last?.upperBound ?? 0
        #expect(memory[end..<(end + Self.guardLength)].allSatisfy { $0 == 0xEE }, "wrote behind the packets")
    }
}
