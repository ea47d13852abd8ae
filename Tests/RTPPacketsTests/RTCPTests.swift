import Primitives
import RTPPackets
import Testing

private func kinds(_ datagram: [UInt8]) -> (kinds: [RTCPPacketKind], isMalformed: Bool) {
    var reader = RTCPReader(datagram.span.bytes)
    var found: [RTCPPacketKind] = []
    while let packet = reader.next() { found.append(packet.kind) }
    return (found, reader.isMalformed)
}

/// What `body` makes of the first packet.
private func first<Value>(_ datagram: [UInt8], _ body: (borrowing RTCPPacketView) -> Value?) -> Value? {
    var reader = RTCPReader(datagram.span.bytes)
    guard let packet = reader.next() else { return nil }
    return body(packet)
}

private func lost(_ datagram: [UInt8]) -> [UInt16] {
    first(datagram) { packet in
        var walk = packet.lostSequences
        var found: [UInt16] = []
        while let sequence = walk.next() { found.append(sequence) }
        return found
    } ?? []
}

private func text(_ datagram: [UInt8], _ find: (borrowing RTCPPacketView) -> Range<Int>?) -> String? {
    first(datagram, find).map { String(decoding: datagram[$0], as: UTF8.self) }
}

@Suite struct RTCPReaderTests {
    /// SR with one block, then SDES with a CNAME.
    private let compound = bytes(
        """
        81C8000C 01020304 B44DB705 20000000 00001111 00000022 00003333
        0A0B0C0D 40FFFFFE 00010203 00000007 B7052000 00054000
        81CA0003 01020304 01036162 63000000
        """
    )

    @Test func readsASenderReport() {
        let report = first(compound) { $0.senderReport }
        #expect(
            report
                == SenderReport(
                    ssrc: 0x0102_0304,
                    ntpTime: NTPTimestamp(rawValue: 0xB44D_B705_2000_0000),
                    rtpTimestamp: 0x1111,
                    packetCount: 0x22,
                    octetCount: 0x3333
                )
        )
        let block = first(compound) { $0.reportBlock(at: 0) }
        #expect(
            block
                == ReportBlock(
                    ssrc: 0x0A0B_0C0D,
                    fractionLost: 0x40,
                    cumulativeLost: -2,
                    highestSequence: 0x0001_0203,
                    jitter: 7,
                    lastSenderReport: 0xB705_2000,
                    delaySinceLastSenderReport: 0x0005_4000
                )
        )
        #expect(first(compound) { $0.reportBlock(at: 1) } == nil)
        #expect(first(compound) { $0.reportBlock(at: -1) } == nil)
        #expect(kinds(compound) == ([.senderReport, .sourceDescription], false))
    }

    @Test func endsAtEveryTruncation() {
        for count in 0..<compound.count {
            let part = kinds(Array(compound.prefix(count)))
            let expected: [RTCPPacketKind] = count < 52 ? [] : [.senderReport]
            #expect(part.kinds == expected, "\(count) bytes")
            #expect(part.isMalformed == (count != 52), "\(count) bytes")
        }
    }

    @Test func takesReducedSizePackets() {
        // RFC 5506: a PLI alone.
        #expect(kinds(bytes("81CE0002 00000001 00000002")) == ([.pictureLossIndication], false))
    }

    @Test func passesOverWhatItDoesNotKnow() {
        let datagram = bytes("80CC0002 00000001 61626364 80CF0001 00000001 81CE0002 00000001 00000002")
        #expect(kinds(datagram) == ([.other, .other, .pictureLossIndication], false))
    }

    @Test(arguments: [
        "41CE0002 00000001 00000002",  // version 1
        "81CE0001 00000001",  // too short for its kind
        "82C80006 00000001 00000000 00000000 00000000 00000000 00000000",  // reports missing
        "A1CE0002 00000001 00000000",  // padding of zero bytes
        "A1CE0002 00000001 000000FF",  // padding beyond the packet
        "82CB0001 00000001",  // a source missing
        "8FCE0004 00000001 00000000 52454D42 02000000",  // estimate without its streams
        "8FCD0003 00000001 00000002 00000000",  // feedback without count
    ])
    func refusesMalformedPackets(text: String) {
        #expect(kinds(bytes(text)) == ([], true))
    }

    @Test func takesPaddingOff() {
        // A NACK of one pair and four bytes of padding.
        let datagram = bytes("A1CD0004 00000001 00000002 00050001 00000004")
        #expect(lost(datagram) == [5, 6])
    }

    @Test func walksLostSequencesOverTheWrap() {
        // PID 65534, BLP bits 0, 1 and 15; then PID 100 alone.
        let datagram = bytes("81CD0004 00000001 00000002 FFFE8003 00640000")
        #expect(lost(datagram) == [65534, 65535, 0, 14, 100])
        #expect(first(datagram) { $0.mediaSSRC } == 2)
        #expect(first(datagram) { $0.senderSSRC } == 1)
    }

    @Test func readsFullIntraRequests() {
        let datagram = bytes("84CE0006 00000001 00000000 0000000A 05000000 0000000B 06000000")
        #expect(first(datagram) { $0.fullIntraRequestCount } == 2)
        #expect(first(datagram) { $0.fullIntraRequest(at: 1)?.ssrc } == 11)
        #expect(first(datagram) { $0.fullIntraRequest(at: 1)?.commandSequence } == 6)
        #expect(first(datagram) { $0.fullIntraRequest(at: 2)?.ssrc } == nil)
    }

    @Test func readsEstimates() {
        // Exponent 3, mantissa 0x30D40 (200,000): 1.6 Mbit/s for two streams.
        let datagram = bytes("8FCE0006 00000001 00000000 52454D42 020F0D40 0000000A 0000000B")
        #expect(kinds(datagram) == ([.receiverEstimate], false))
        #expect(first(datagram) { $0.estimatedBitsPerSecond } == 1_600_000)
        #expect(first(datagram) { $0.estimatedSourceCount } == 2)
        #expect(first(datagram) { $0.estimatedSource(at: 1) } == 11)
        let huge = bytes("8FCE0004 00000001 00000000 52454D42 00FFFFFF")
        #expect(first(huge) { $0.estimatedBitsPerSecond } == .max)
        // Another application's message is not an estimate.
        #expect(kinds(bytes("8FCE0003 00000001 00000000 41424344")) == ([.other], false))
    }

    @Test func findsCanonicalNamesAmongChunks() {
        // First source: a note, no name, chunk padded; second: name "xy".
        let datagram = bytes("82CA0006 00000001 07016E00 00000002 0602AABB 01027879 00000000")
        #expect(text(datagram) { $0.canonicalName(of: 2) } == "xy")
        #expect(text(datagram) { $0.canonicalName(of: 1) } == nil)
        // The first chunk's items fill their words, so that a whole word of zeros ends it.
        let aligned = bytes("82CA0006 00000001 07026E6E 00000000 00000002 01027879 00000000")
        #expect(text(aligned) { $0.canonicalName(of: 2) } == "xy")
        #expect(text(compound, { $0.canonicalName() }) == nil)
    }

    @Test func readsByes() {
        let datagram = bytes("82CB0004 00000001 00000002 04627965 21000000")
        #expect(first(datagram) { $0.byeSource(at: 1) } == 2)
        #expect(first(datagram) { $0.byeSource(at: 2) } == nil)
        #expect(text(datagram, { $0.byeReason }) == "bye!")
        let overrun = bytes("81CB0002 00000001 FF627965")
        #expect(text(overrun, { $0.byeReason }) == nil)
    }
}

@Suite struct RTCPWriterTests {
    private let block = ReportBlock(
        ssrc: 0x0A0B_0C0D,
        fractionLost: 0x40,
        cumulativeLost: -2,
        highestSequence: 0x0001_0203,
        jitter: 7,
        lastSenderReport: 0xB705_2000,
        delaySinceLastSenderReport: 0x0005_4000
    )

    private func written(_ body: (inout RTCPWriter) -> Void) -> [UInt8] {
        var writer = RTCPWriter()
        body(&writer)
        return writer.bytes
    }

    @Test func writesACompound() {
        let report = SenderReport(
            ssrc: 0x0102_0304,
            ntpTime: NTPTimestamp(rawValue: 0xB44D_B705_2000_0000),
            rtpTimestamp: 0x1111,
            packetCount: 0x22,
            octetCount: 0x3333
        )
        let datagram = written {
            $0.appendSenderReport(report, blocks: [block])
            $0.appendCanonicalName("abc", ssrc: 0x0102_0304)
        }
        #expect(
            datagram
                == bytes(
                    """
                    81C8000C 01020304 B44DB705 20000000 00001111 00000022 00003333
                    0A0B0C0D 40FFFFFE 00010203 00000007 B7052000 00054000
                    81CA0003 01020304 01036162 63000000
                    """
                )
        )
    }

    @Test func writesReceiverReports() {
        let empty = written { $0.appendReceiverReport(senderSSRC: 1) }
        #expect(empty == bytes("80C90001 00000001"))
        let one = written { $0.appendReceiverReport(senderSSRC: 1, block: block) }
        #expect(one == written { $0.appendReceiverReport(senderSSRC: 1, blocks: [block]) })
        #expect(first(one) { $0.reportBlock(at: 0) } == block)
        let many = written {
            $0.appendReceiverReport(senderSSRC: 1, blocks: Array(repeating: block, count: 40))
        }
        #expect(first(many) { $0.reportBlockCount } == 31)
    }

    @Test func saturatesCumulativeLoss() {
        for (loss, expected) in [(9_000_000, 0x7F_FFFF), (-9_000_000, -0x80_0000)] as [(Int32, Int32)] {
            var block = block
            block.cumulativeLost = loss
            let datagram = written { $0.appendReceiverReport(senderSSRC: 1, block: block) }
            #expect(first(datagram) { $0.reportBlock(at: 0)?.cumulativeLost } == expected)
        }
    }

    @Test(arguments: 0...9) func readsBackNamesAndReasonsOfEveryLength(count: Int) {
        let word = String("abcdefghi".prefix(count))
        let name = written { $0.appendCanonicalName(word, ssrc: 5) }
        #expect(kinds(name) == ([.sourceDescription], false))
        #expect(text(name, { $0.canonicalName(of: 5) }) == word)
        let bye = written { $0.appendBye(ssrc: 5, reason: word) }
        #expect(kinds(bye) == ([.bye], false))
        #expect(text(bye, { $0.byeReason }) == (word.isEmpty ? nil : word))
    }

    @Test func writesRequests() {
        #expect(
            written { $0.appendPictureLossIndication(senderSSRC: 1, mediaSSRC: 2) }
                == bytes("81CE0002 00000001 00000002")
        )
        #expect(
            written { $0.appendFullIntraRequest(senderSSRC: 1, mediaSSRC: 2, commandSequence: 7) }
                == bytes("84CE0004 00000001 00000000 00000002 07000000")
        )
    }

    @Test func writesEstimates() {
        let datagram = written {
            $0.appendReceiverEstimate(senderSSRC: 1, bitsPerSecond: 1_600_000, ssrcs: [10, 11])
        }
        #expect(datagram == bytes("8FCE0006 00000001 00000000 52454D42 020F0D40 0000000A 0000000B"))
        for rate in [0, 1, 262_143, 262_144, 5_000_000, UInt64.max] as [UInt64] {
            let datagram = written {
                $0.appendReceiverEstimate(senderSSRC: 1, bitsPerSecond: rate, ssrcs: [1])
            }
            let read = first(datagram) { $0.estimatedBitsPerSecond } ?? .max
            #expect(read <= rate)
            #expect(rate - read <= rate >> 17)
        }
    }

    @Test func packsLostSequences() {
        var taken = 0
        let datagram = written {
            taken = $0.appendNACK(senderSSRC: 1, mediaSSRC: 2, lost: [65534, 65535, 0, 14, 100])
        }
        #expect(taken == 5)
        #expect(datagram == bytes("81CD0004 00000001 00000002 FFFE8003 00640000"))
        #expect(written { taken = $0.appendNACK(senderSSRC: 1, mediaSSRC: 2, lost: []) }.isEmpty)
    }

    @Test func splitsLostSequencesAtTheDatagram() {
        let all = (0..<1000).map { UInt16($0 * 20) }
        var rest = all[...]
        var read: [UInt16] = []
        while !rest.isEmpty {
            var taken = 0
            let datagram = written { taken = $0.appendNACK(senderSSRC: 1, mediaSSRC: 2, lost: rest) }
            #expect(datagram.count <= RTCPWriter.maximumByteCount)
            #expect(taken > 0)
            guard taken > 0 else { break }
            read += lost(datagram)
            rest = rest.dropFirst(taken)
        }
        #expect(read == all)
    }

    @Test func readsBackWhateverItPacked() {
        var random = SeededRandom(seed: 4)
        for _ in 0..<500 {
            var sequence = UInt16.random(in: 0...65535, using: &random)
            let all = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                sequence &+= UInt16.random(in: 1...25, using: &random)
                return sequence
            }
            var taken = 0
            let datagram = written { taken = $0.appendNACK(senderSSRC: 1, mediaSSRC: 2, lost: all) }
            #expect(taken == all.count)
            #expect(lost(datagram) == all)
        }
    }

    @Test func keepsItsStorage() {
        var writer = RTCPWriter()
        writer.appendPictureLossIndication(senderSSRC: 1, mediaSSRC: 2)
        writer.removeAll()
        #expect(writer.isEmpty)
        writer.appendPictureLossIndication(senderSSRC: 1, mediaSSRC: 3)
        #expect(writer.bytes == bytes("81CE0002 00000001 00000003"))
    }
}
