import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import SRTPProtection
import Testing

/// Viewers with AES-CM and HMAC-SHA1, whose tags are written when the slab is finished: slates, media and
/// retransmissions, with the forwarder by itself.
@Suite("Viewers with counter mode")
struct CounterModeTests {
    private static let now = MonotonicTime(nanoseconds: 5_000_000_000)
    private static let mediaCount = 12

    private struct Crowd: ~Copyable {
        static let viewers = 40

        var forwarder = Forwarder()
        var slab = SendSlab()
        private let ring = MediaRing(track: TrackID(1), kind: .video, minimumCapacity: 256)
        private let gate = DisclosureGate(track: TrackID(1), audience: AudienceID(1))

        init(_ backend: CipherBackend) throws {
            let feed = forwarder.addFeed(ring)
            forwarder.setSlates(Simulation.slates)
            for number in 0..<Self.viewers {
                var parameters = MediaLineParameters(
                    kind: .video,
                    ssrc: UInt32(number),
                    rtxSSRC: UInt32(1_000 + number),
                    firstSequence: 0x7FFF
                )
                parameters.payloadTypes.set(.vp8, 96, rtx: 97)
                parameters.midExtension = 1
                parameters.mid = [UInt8](repeating: 0x31, count: number % 10)
                let viewer = forwarder.addViewer([parameters])
                let (key, salt) = keys(ofViewer: number)
                forwarder.viewers[viewer].protection = try OutboundProtection(
                    profile: .aesCM128HMACSHA1Tag80,
                    masterKey: key.span.bytes,
                    masterSalt: salt.span.bytes,
                    backend: backend
                )
                forwarder.viewers[viewer].remote = SocketAddress(ipv4: UInt32(number), port: 1)
                forwarder.viewers[viewer].local = Simulation.relayAddress
                forwarder.subscribe(
                    forwarder.viewers[viewer].lines[0],
                    feed: feed,
                    gate: gate,
                    payloadTypes: parameters.payloadTypes,
                    now: now
                )
            }
        }

        mutating func open() throws {
            let opening = gate.open(try Simulation.makePermit(), from: 0, leaseEnd: .distantFuture)
            for line in 0..<forwarder.lines.end {
                let account = AccountID(room: 1, number: UInt64(line))
                forwarder.admit(line, LineAdmission(gate: gate, opening: opening, account: account))
            }
        }

        func publish(_ count: Int) {
            for number in 0..<count {
                var facts = PayloadFacts()
                facts.startsKeyframe = number == 0
                ring.publish(
                    RingPacket(
                        sequence: Int64(100 + number),
                        timestamp: 3_000,
                        arrival: now,
                        facts: facts,
                        codec: .vp8,
                        marker: false
                    ),
                    payload: [UInt8](repeating: UInt8(number), count: 1 + number * 130).span.bytes
                )
            }
        }

        mutating func forward() -> [[UInt8]] {
            var sent: [[UInt8]] = []
            for _ in 0..<100 {
                let isDone = forwarder.forward(now: now, sweep: true, into: &slab)
                sent += send()
                if isDone { break }
            }
            return sent
        }

        /// Everybody asks for everything once more.
        mutating func retransmit(_ packets: [[UInt8]]) -> [[UInt8]] {
            for packet in packets {
                let number = UInt16(packet[2]) << 8 | UInt16(packet[3])
                let hasRoom = forwarder.retransmit(viewer(of: packet), number, now: now, into: &slab)
                #expect(hasRoom)
            }
            return send()
        }

        mutating func send() -> [[UInt8]] {
            slab.finish()
            var sent: [[UInt8]] = []
            for number in 0..<slab.messageCount {
                let message = slab.message(number)
                let bytes = Array(slab.bytes(of: message))
                for start in stride(from: 0, to: bytes.count, by: message.segmentLength) {
                    sent.append(Array(bytes[start..<min(start + message.segmentLength, bytes.count)]))
                }
            }
            slab.clear()
            return sent
        }
    }

    /// What one crowd was sent, in order.
    private struct Sent: Equatable {
        var slates: [[UInt8]]
        var media: [[UInt8]]
        var repetitions: [[UInt8]]

        init(_ backend: CipherBackend) throws {
            var crowd = try Crowd(backend)
            slates = crowd.forward()
            try crowd.open()
            crowd.publish(CounterModeTests.mediaCount)
            media = crowd.forward()
            repetitions = crowd.retransmit(media)
        }
    }

    @Test func packetsAreTheSameWhicheverLibraryTagsThem() throws {
        let portable = try Sent(.portable)
        #expect(portable.slates.count == 2 * Crowd.viewers, "one slate of two packets each")
        #expect(portable.media.count == Self.mediaCount * Crowd.viewers)
        #expect(portable.repetitions.count == Self.mediaCount * Crowd.viewers)
        let best = try Sent(.best)
        #expect(best == portable)
    }

    @Test(arguments: CipherBackend.allCases.filter(\.isAvailable))
    func everyPacketOpensAtItsViewer(backend: CipherBackend) throws {
        let sent = try Sent(backend)
        for number in 0..<Crowd.viewers {
            let (key, salt) = keys(ofViewer: number)
            var inbound = try InboundProtection(
                profile: .aesCM128HMACSHA1Tag80,
                masterKey: key.span.bytes,
                masterSalt: salt.span.bytes,
                backend: .portable
            )
            for packet in sent.slates + sent.media + sent.repetitions where viewer(of: packet) == number {
                var bytes = packet
                let result = bytes.withUnsafeMutableBytes { inbound.unprotectRTP($0) }
                guard case .plaintext = result else {
                    Issue.record("viewer \(number) cannot open \(packet.count) bytes: \(result)")
                    return
                }
            }
        }
    }
}

/// The viewer whose source a packet is of; sources of retransmissions are a thousand on.
private func viewer(of packet: [UInt8]) -> Int {
    (Int(packet[10]) << 8 | Int(packet[11])) % 1_000
}

private func keys(ofViewer number: Int) -> (key: [UInt8], salt: [UInt8]) {
    ([UInt8](repeating: UInt8(number), count: 16), [UInt8](repeating: UInt8(number + 100), count: 14))
}
