import Primitives

/// Appends RTCP packets to one datagram (RFC 3550, 4585, 5104).
///
/// Its storage is kept over `removeAll`, so that a writer that is used again does not allocate.
package struct RTCPWriter: Sendable {
    /// Most bytes of a datagram that is built here: with SRTCP's trailer it stays under every usual MTU.
    package static let maximumByteCount = 1200

    package private(set) var bytes: [UInt8]

    package init(reservingCapacity capacity: Int = maximumByteCount) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package var byteCount: Int { bytes.count }
    package var isEmpty: Bool { bytes.isEmpty }

    /// Forgets what was written and keeps the storage.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// An SR with report blocks, of which at most 31 are taken (RFC 3550 6.4.1).
    package mutating func appendSenderReport(_ report: SenderReport, blocks: [ReportBlock] = []) {
        let start = begin(type: RTCPFormat.senderReport, count: min(blocks.count, RTCPFormat.maximumCount))
        write(report.ssrc)
        write(report.ntpTime.seconds)
        write(report.ntpTime.fraction)
        write(report.rtpTimestamp)
        write(report.packetCount)
        write(report.octetCount)
        for block in blocks.prefix(RTCPFormat.maximumCount) { write(block) }
        end(start)
    }

    /// An RR with report blocks, of which at most 31 are taken; without any it opens a compound
    /// (RFC 3550 6.4.2).
    package mutating func appendReceiverReport(senderSSRC: UInt32, blocks: [ReportBlock] = []) {
        let start = begin(type: RTCPFormat.receiverReport, count: min(blocks.count, RTCPFormat.maximumCount))
        write(senderSSRC)
        for block in blocks.prefix(RTCPFormat.maximumCount) { write(block) }
        end(start)
    }

    /// An RR with one report block, without an array for it.
    package mutating func appendReceiverReport(senderSSRC: UInt32, block: ReportBlock) {
        let start = begin(type: RTCPFormat.receiverReport, count: 1)
        write(senderSSRC)
        write(block)
        end(start)
    }

    /// An SDES with the canonical name of one source, of which at most 255 bytes are taken (RFC 3550 6.5.1).
    package mutating func appendCanonicalName(_ name: String, ssrc: UInt32) {
        let start = begin(type: RTCPFormat.sourceDescription, count: 1)
        write(ssrc)
        write(RTCPFormat.canonicalName)
        writeText(name)
        // At least one zero ends the chunk.
        repeat { write(UInt8(0)) } while (bytes.count - start) % 4 != 0
        end(start)
    }

    /// A BYE of one source, with a reason unless it is empty, of which 255 bytes are taken (RFC 3550 6.6).
    package mutating func appendBye(ssrc: UInt32, reason: String = "") {
        let start = begin(type: RTCPFormat.bye, count: 1)
        write(ssrc)
        if !reason.isEmpty {
            writeText(reason)
            while (bytes.count - start) % 4 != 0 { write(UInt8(0)) }
        }
        end(start)
    }

    /// A generic NACK of `lost`, in ascending order where ascending wraps; answers how many of them it took
    /// before `maximumByteCount`, and writes nothing for none (RFC 4585 6.2.1).
    package mutating func appendNACK(
        senderSSRC: UInt32,
        mediaSSRC: UInt32,
        lost: some Collection<UInt16>
    ) -> Int {
        guard !lost.isEmpty,
            bytes.count + RTCPFormat.feedbackHeaderByteCount + 4 <= Self.maximumByteCount
        else { return 0 }
        let start = beginFeedback(
            type: RTCPFormat.transportLayerFeedback,
            format: RTCPFormat.genericNACK,
            sender: senderSSRC,
            media: mediaSSRC
        )
        var taken = 0
        var base: UInt16?
        var mask: UInt16 = 0
        for sequence in lost {
            if let first = base {
                let step = sequence &- first
                if step == 0 || step <= 16 {
                    if step > 0 { mask |= 1 << (step - 1) }
                    taken += 1
                    continue
                }
                // Room for the pair that is open and for one more.
                guard bytes.count + 8 <= Self.maximumByteCount else { break }
                write(first)
                write(mask)
            }
            base = sequence
            mask = 0
            taken += 1
        }
        if let first = base {
            write(first)
            write(mask)
        }
        end(start)
        return taken
    }

    /// A PLI (RFC 4585 6.3.1).
    package mutating func appendPictureLossIndication(senderSSRC: UInt32, mediaSSRC: UInt32) {
        let start = beginFeedback(
            type: RTCPFormat.payloadSpecificFeedback,
            format: RTCPFormat.pictureLossIndication,
            sender: senderSSRC,
            media: mediaSSRC
        )
        end(start)
    }

    /// A FIR of one stream; `commandSequence` rises with each new request (RFC 5104 4.3.1).
    package mutating func appendFullIntraRequest(
        senderSSRC: UInt32,
        mediaSSRC: UInt32,
        commandSequence: UInt8
    ) {
        let start = beginFeedback(
            type: RTCPFormat.payloadSpecificFeedback,
            format: RTCPFormat.fullIntraRequest,
            sender: senderSSRC,
            media: 0
        )
        write(mediaSSRC)
        write(UInt32(commandSequence) << 24)
        end(start)
    }

    /// A REMB; the rate is rounded down to 18 significant bits, and at most 255 streams are taken
    /// (draft-alvestrand-rmcat-remb 2.2).
    package mutating func appendReceiverEstimate(
        senderSSRC: UInt32,
        bitsPerSecond: UInt64,
        ssrcs: some Collection<UInt32>
    ) {
        let start = beginFeedback(
            type: RTCPFormat.payloadSpecificFeedback,
            format: RTCPFormat.applicationLayer,
            sender: senderSSRC,
            media: 0
        )
        let exponent = UInt64(max(0, 64 - 18 - bitsPerSecond.leadingZeroBitCount))
        let mantissa = UInt32(truncatingIfNeeded: bitsPerSecond >> exponent)
        let count = min(ssrcs.count, 255)
        write(RTCPFormat.receiverEstimateName)
        write(UInt32(count) << 24 | UInt32(truncatingIfNeeded: exponent) << 18 | mantissa)
        for ssrc in ssrcs.prefix(count) { write(ssrc) }
        end(start)
    }
}

/// The parts that packets are made of.
extension RTCPWriter {
    /// Writes a packet's header with its length still open; answers where it stands.
    mutating func begin(type: UInt8, count: Int) -> Int {
        let start = bytes.count
        write(0x80 | UInt8(truncatingIfNeeded: count & 0x1F))
        write(type)
        write(UInt16(0))
        return start
    }

    mutating func beginFeedback(type: UInt8, format: UInt8, sender: UInt32, media: UInt32) -> Int {
        let start = begin(type: type, count: Int(format))
        write(sender)
        write(media)
        return start
    }

    /// Sets the length of the packet at `start`, which is a whole number of words.
    mutating func end(_ start: Int) {
        let count = bytes.count - start
        precondition(count % 4 == 0, "an RTCP packet is a whole number of words")
        let words = count / 4 - 1
        bytes[start + 2] = UInt8(truncatingIfNeeded: words >> 8)
        bytes[start + 3] = UInt8(truncatingIfNeeded: words)
    }

    mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    mutating func write(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func write(_ value: UInt32) {
        write(UInt16(truncatingIfNeeded: value >> 16))
        write(UInt16(truncatingIfNeeded: value))
    }

    /// Overwrites a number that was written before.
    mutating func patch(_ value: UInt16, at offset: Int) {
        bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
        bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Sets the P bit of the packet at `start`.
    mutating func setPadding(at start: Int) {
        bytes[start] |= 0x20
    }

    private mutating func writeText(_ text: String) {
        let bytes = text.utf8.prefix(255)
        write(UInt8(truncatingIfNeeded: bytes.count))
        for byte in bytes { write(byte) }
    }

    private mutating func write(_ block: ReportBlock) {
        write(block.ssrc)
        // Saturated to what 24 bits hold (RFC 3550 A.3).
        let lost = UInt32(bitPattern: min(max(block.cumulativeLost, -0x80_0000), 0x7F_FFFF))
        write(UInt32(block.fractionLost) << 24 | lost & 0xFF_FFFF)
        write(block.highestSequence)
        write(block.jitter)
        write(block.lastSenderReport)
        write(block.delaySinceLastSenderReport)
    }
}
