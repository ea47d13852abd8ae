import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import SRTPProtection
import Testing

/// More lines than a slab holds packets for: the forwarder by itself, with keys put in.
@Suite("Full slabs")
struct FullSlabTests {
    private static let now = MonotonicTime(nanoseconds: 5_000_000_000)

    private struct Crowd: ~Copyable {
        var forwarder = Forwarder()
        var slab = SendSlab()
        let ring = MediaRing(track: TrackID(1), kind: .video, minimumCapacity: 256)
        let gate = DisclosureGate(track: TrackID(1), audience: AudienceID(1))
        var batches = 0
        var datagrams = 0

        init(viewers: Int) throws {
            let feed = forwarder.addFeed(ring)
            forwarder.setSlates(Simulation.slates)
            for number in 0..<viewers {
                var line = MediaLineParameters(
                    kind: .video,
                    ssrc: UInt32(number),
                    rtxSSRC: nil,
                    firstSequence: 1
                )
                line.payloadTypes.set(.vp8, 96, rtx: nil)
                let viewer = forwarder.addViewer([line])
                let key = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 16)
                let salt = [UInt8](repeating: 2, count: 12)
                forwarder.viewers[viewer].protection = try OutboundProtection(
                    profile: .aeadAES128GCM,
                    masterKey: key.span.bytes,
                    masterSalt: salt.span.bytes
                )
                forwarder.viewers[viewer].remote = SocketAddress(ipv4: UInt32(number), port: 1)
                forwarder.viewers[viewer].local = Simulation.relayAddress
                forwarder.subscribe(
                    forwarder.viewers[viewer].lines[0],
                    feed: feed,
                    gate: gate,
                    payloadTypes: line.payloadTypes,
                    now: now
                )
            }
        }

        /// Opens the gate, and admits every line to that.
        mutating func open() throws {
            let opening = gate.open(try Simulation.makePermit(), from: 0, leaseEnd: .distantFuture)
            for line in 0..<forwarder.lines.end {
                let account = AccountID(room: 1, number: UInt64(line))
                forwarder.admit(line, LineAdmission(gate: gate, opening: opening, account: account))
            }
        }

        func publish(_ count: Int, byteCount: Int, from first: Int = 0) {
            for number in first..<(first + count) {
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
                    payload: [UInt8](repeating: 1, count: byteCount).span.bytes
                )
            }
        }

        /// Forwards as a loop does until nothing is left, without the sweep of a timer.
        mutating func forward(at time: MonotonicTime) {
            for _ in 0..<1_000 {
                let isDone = forwarder.forward(now: time, sweep: false, into: &slab)
                batches += 1
                datagrams += slab.datagramCount
                slab.clear()
                if isDone { return }
            }
            Issue.record("the forwarder does not end")
        }

        func packetCounts() -> Set<UInt32> {
            var counts: Set<UInt32> = []
            for line in 0..<forwarder.lines.end { counts.insert(forwarder.lines[line].packetCount) }
            return counts
        }
    }

    @Test func nobodyIsForgottenWhenTheSlabIsFull() throws {
        var crowd = try Crowd(viewers: 60)
        try crowd.open()
        crowd.publish(Forwarder.lineBatchLimit + 10, byteCount: 1_000)
        crowd.forward(at: Self.now)
        let paced = crowd.packetCounts()
        #expect(paced.contains(UInt32(Forwarder.lineBatchLimit)), "the backlog is paced")
        #expect(!paced.contains { $0 < UInt32(Forwarder.lineBatchLimit) })
        // The rest is due although nothing new was published, and is again more than a slab.
        crowd.forward(at: Self.now.advanced(byMilliseconds: Forwarder.pacingMilliseconds))
        let all = crowd.packetCounts()
        #expect(all == [UInt32(Forwarder.lineBatchLimit) + 10])
        #expect(crowd.batches > 5)
    }

    /// Lines that were served before the slab was full have not seen what came while it was sent.
    @Test(arguments: [true, false])
    func whatComesWhileAFullSlabIsSentReachesEverybody(sweeps: Bool) throws {
        var crowd = try Crowd(viewers: 60)
        try crowd.open()
        crowd.publish(10, byteCount: 1_000)
        let isDone = crowd.forwarder.forward(now: Self.now, sweep: false, into: &crowd.slab)
        #expect(!isDone)
        crowd.slab.clear()
        crowd.publish(5, byteCount: 1_000, from: 10)
        if sweeps {
            // Another loop's news, told in the middle of the walk and not again.
            let isDone = crowd.forwarder.forward(now: Self.now, sweep: true, into: &crowd.slab)
            #expect(!isDone)
            crowd.slab.clear()
        }
        crowd.forward(at: Self.now)
        let counts = crowd.packetCounts()
        #expect(counts == [15])
    }

    @Test func slatesAreWholeWhenTheSlabIsFull() throws {
        var crowd = try Crowd(viewers: 1_100)
        crowd.forward(at: Self.now)
        let counts = crowd.packetCounts()
        #expect(counts == [2], "one slate of two packets each")
        #expect(crowd.datagrams == 2_200)
        #expect(crowd.batches > 1)
    }

    /// A slate that no slab could hold is none.
    @Test func refusesASlateOfTooManyPackets() {
        let payload = SyntheticPayload.vp8(
            keyframe: true,
            startsFrame: true,
            pictureID: 1,
            tl0PicIdx: 0,
            temporalLayer: 0,
            isSync: false,
            filler: 1,
            mark: MediaMark(isSlate: true, track: 0, number: 1)
        )
        let most = [[UInt8]](repeating: payload, count: SlateFrames.payloadLimit)
        #expect(SlateFrames(codec: .vp8, payloads: most) != nil)
        #expect(SlateFrames(codec: .vp8, payloads: most + [payload]) == nil)
    }
}
