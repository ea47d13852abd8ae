import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import SRTPProtection
import Testing

/// Packets of a frame that differ by a byte leave as one run, and are the same packets at the other end.
@Suite("Equal runs")
struct EqualRunTests {
    private static let now = MonotonicTime(nanoseconds: 5_000_000_000)
    private static let key = [UInt8](repeating: 1, count: 16)
    private static let salt = [UInt8](repeating: 2, count: 12)

    private struct OneViewer: ~Copyable {
        var forwarder = Forwarder()
        var slab = SendSlab()
        let ring: MediaRing
        private let gate = DisclosureGate(track: TrackID(1), audience: AudienceID(1))
        private var inbound: InboundProtection
        private var sequence: Int64 = 100
        var line: Int { forwarder.viewers[0].lines[0] }

        static func make(_ kind: MediaKind = .video) throws -> OneViewer {
            let inbound = try InboundProtection(
                profile: .aeadAES128GCM,
                masterKey: key.span.bytes,
                masterSalt: salt.span.bytes
            )
            let outbound = try OutboundProtection(
                profile: .aeadAES128GCM,
                masterKey: key.span.bytes,
                masterSalt: salt.span.bytes
            )
            return OneViewer(kind, inbound, outbound, try Simulation.makePermit())
        }

        private init(
            _ kind: MediaKind,
            _ inbound: consuming InboundProtection,
            _ outbound: consuming OutboundProtection,
            _ permit: Permit
        ) {
            ring = MediaRing(track: TrackID(1), kind: kind, minimumCapacity: 256)
            self.inbound = inbound
            let feed = forwarder.addFeed(ring)
            var parameters = MediaLineParameters(kind: kind, ssrc: 7, rtxSSRC: nil, firstSequence: 1)
            parameters.payloadTypes.set(kind == .video ? .vp8 : .opus, 96, rtx: nil)
            let viewer = forwarder.addViewer([parameters])
            forwarder.viewers[viewer].protection = consume outbound
            forwarder.viewers[viewer].remote = SocketAddress(ipv4: 0x0A00_0002, port: 1)
            forwarder.viewers[viewer].local = Simulation.relayAddress
            forwarder.subscribe(
                line,
                feed: feed,
                gate: gate,
                payloadTypes: parameters.payloadTypes,
                now: now
            )
            let opening = gate.open(permit, from: 0, leaseEnd: .distantFuture)
            forwarder.admit(
                line,
                LineAdmission(gate: gate, opening: opening, account: AccountID(room: 1, number: 1))
            )
            // Sound begins with what comes next.
            _ = forwarder.forward(now: now, sweep: true, into: &slab)
            slab.clear()
        }

        /// Publishes a frame of packets with these payloads and has them forwarded.
        mutating func send(_ payloads: [[UInt8]]) {
            for (index, payload) in payloads.enumerated() {
                var facts = PayloadFacts()
                facts.startsKeyframe = ring.kind == .video && index == 0
                let packet = RingPacket(
                    sequence: sequence,
                    timestamp: UInt32(sequence),
                    arrival: now,
                    facts: facts,
                    codec: ring.kind == .video ? .vp8 : .opus,
                    marker: index == payloads.count - 1
                )
                ring.publish(packet, payload: payload.span.bytes)
                sequence += 1
            }
            _ = forwarder.forward(now: now, sweep: true, into: &slab)
        }

        var segments: [Int] {
            var counts: [Int] = []
            for index in 0..<slab.messageCount { counts.append(slab.message(index).segmentCount) }
            return counts
        }

        /// The datagrams in the slab.
        var datagrams: [[UInt8]] {
            var found: [[UInt8]] = []
            for index in 0..<slab.messageCount {
                let message = slab.message(index)
                let bytes = Array(slab.bytes(of: message))
                for start in stride(from: 0, to: bytes.count, by: message.segmentLength) {
                    found.append(Array(bytes[start..<min(start + message.segmentLength, bytes.count)]))
                }
            }
            return found
        }

        /// A datagram as a receiver reads it: its payload without padding.
        mutating func payload(of datagram: [UInt8]) throws -> [UInt8] {
            var bytes = datagram
            let outcome = bytes.withUnsafeMutableBytes { inbound.unprotectRTP($0) }
            guard case .plaintext(let length, _) = outcome else {
                Issue.record("not decrypted")
                return []
            }
            let packet = Array(bytes[..<length])
            let header = try RTPHeader(parsing: packet.span.bytes)
            return Array(packet[try header.payloadRange(in: packet.span.bytes)])
        }
    }

    private static func payloads(_ lengths: [Int]) -> [[UInt8]] {
        lengths.enumerated().map { [UInt8](repeating: UInt8($0 + 1), count: $1) }
    }

    @Test(arguments: [
        [1_001, 1_001, 1_001, 1_002, 1_002], [1_199, 1_200], [500, 501, 501], [1_150, 1_150, 1_150, 700],
        [1_111, 1_111],
    ])
    func aFrameIsOneRun(_ lengths: [Int]) throws {
        var viewer = try OneViewer.make()
        let payloads = Self.payloads(lengths)
        viewer.send(payloads)
        let segments = viewer.segments
        #expect(segments == [lengths.count])
        for (datagram, payload) in zip(viewer.datagrams, payloads) {
            let found = try viewer.payload(of: datagram)
            #expect(found == payload)
        }
    }

    /// What a run would not gain, or a path might not carry, stays as it is.
    @Test(arguments: [[100, 101], [1_201, 1_202], [499]])
    func shortAndLongOnesAreNotPadded(_ lengths: [Int]) throws {
        var viewer = try OneViewer.make()
        viewer.send(Self.payloads(lengths))
        let datagrams = viewer.datagrams
        #expect(datagrams.map(\.count) == lengths.map { RTPHeader.fixedByteCount + $0 + 16 })
        #expect(datagrams.allSatisfy { $0[0] & 0x20 == 0 })
    }

    @Test func soundIsNotPadded() throws {
        var viewer = try OneViewer.make(.audio)
        viewer.send(Self.payloads([601]))
        let datagram = try #require(viewer.datagrams.first)
        #expect(datagram[0] & 0x20 == 0)
        #expect(datagram.count == RTPHeader.fixedByteCount + 601 + 16)
    }

    /// Under one number the same bytes: two would give the key away.
    @Test func aRepetitionIsThePaddedPacketOnceMore() throws {
        var viewer = try OneViewer.make()
        viewer.send(Self.payloads([901, 901, 902]))
        let sent = viewer.datagrams
        viewer.slab.clear()
        for number: UInt16 in 1...3 {
            let line = viewer.line
            let isAnswered = viewer.forwarder.retransmit(line, number, now: Self.now, into: &viewer.slab)
            #expect(isAnswered)
        }
        #expect(sent.count == 3)
        let repeated = viewer.datagrams
        #expect(repeated == sent)
    }
}
