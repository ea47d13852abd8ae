import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import SRTPProtection
import Testing

/// One line, its gate and its account: the forwarder by itself.
@Suite("Admission of lines")
struct AdmissionTests {
    private static let now = MonotonicTime(nanoseconds: 5_000_000_000)

    private struct Bench: ~Copyable {
        var forwarder = Forwarder()
        var slab = SendSlab()
        let ring = MediaRing(track: TrackID(1), kind: .audio, minimumCapacity: 256)
        let gate = DisclosureGate(track: TrackID(1), audience: AudienceID(1))
        let line = 0
        private var published: Int64 = 0

        init() throws {
            let feed = forwarder.addFeed(ring)
            var parameters = MediaLineParameters(kind: .audio, ssrc: 1, rtxSSRC: nil, firstSequence: 1)
            parameters.payloadTypes.set(.opus, 109, rtx: nil)
            let viewer = forwarder.addViewer([parameters])
            forwarder.viewers[viewer].protection = try OutboundProtection(
                profile: .aeadAES128GCM,
                masterKey: [UInt8](repeating: 1, count: 16).span.bytes,
                masterSalt: [UInt8](repeating: 2, count: 12).span.bytes
            )
            forwarder.viewers[viewer].remote = SocketAddress(ipv4: 1, port: 1)
            forwarder.viewers[viewer].local = Simulation.relayAddress
            forwarder.subscribe(
                line,
                feed: feed,
                gate: gate,
                payloadTypes: parameters.payloadTypes,
                now: now
            )
        }

        @discardableResult
        func open() throws -> UInt64 {
            gate.open(try Simulation.makePermit(), from: ring.head, leaseEnd: .distantFuture)
        }

        mutating func admit(_ opening: UInt64, account: UInt64) {
            let account = AccountID(room: 1, number: account)
            forwarder.admit(line, LineAdmission(gate: gate, opening: opening, account: account))
        }

        /// Publishes so many packets and answers how many the slab then holds.
        mutating func forward(_ count: Int = 1) -> Int {
            _ = forwarder.forward(now: now, sweep: true, into: &slab)
            for _ in 0..<count {
                published += 1
                let packet = RingPacket(
                    sequence: 100 + published,
                    timestamp: UInt32(published) * 960,
                    arrival: now,
                    captureTime: 1 << 32,
                    facts: PayloadFacts(),
                    codec: .opus,
                    marker: false
                )
                ring.publish(packet, payload: [UInt8](repeating: 1, count: 40).span.bytes)
            }
            _ = forwarder.forward(now: now, sweep: true, into: &slab)
            return slab.datagramCount
        }

        /// The network takes all that is in the slab, or nothing.
        mutating func send(isTaken: Bool = true) {
            for number in 0..<slab.messageCount where isTaken {
                let message = slab.message(number)
                forwarder.accounts.count(
                    message.account,
                    packets: message.segmentCount,
                    bytes: message.payloadLength
                )
            }
            slab.clear()
        }

        mutating func reports() -> [AccountReport] { forwarder.accounts.takeReports(after: slab) }
    }

    private func report(_ account: UInt64, _ packets: UInt64, isFinal: Bool) -> AccountReport {
        AccountReport(
            account: AccountID(room: 1, number: account),
            packets: packets,
            bytes: packets * 40,
            isFinal: isFinal
        )
    }

    @Test func anOpenGateIsNotEnough() throws {
        var bench = try Bench()
        let opening = try bench.open()
        #expect(bench.forward() == 0)
        bench.admit(opening, account: 1)
        #expect(bench.forward() == 1)
    }

    @Test func anEarlierOpeningAdmitsNothing() throws {
        var bench = try Bench()
        let first = try bench.open()
        bench.gate.close()
        let second = try bench.open()
        #expect(second == first + 1)
        bench.admit(first, account: 1)
        #expect(bench.forward() == 0)
        #expect(bench.reports() == [report(1, 0, isFinal: true)])
        bench.admit(second, account: 2)
        #expect(bench.forward() == 1)
    }

    @Test func aGateOfTheSameTrackIsNotTheSameGate() throws {
        var bench = try Bench()
        let opening = try bench.open()
        let other = DisclosureGate(track: TrackID(1), audience: AudienceID(1))
        other.open(try Simulation.makePermit(), from: 0, leaseEnd: .distantFuture)
        let account = AccountID(room: 1, number: 1)
        bench.forwarder.admit(bench.line, LineAdmission(gate: other, opening: opening, account: account))
        #expect(bench.forward() == 0)
        #expect(bench.reports() == [report(1, 0, isFinal: true)])
    }

    @Test func anOpeningAfterAClosingWaitsForItsOwnAdmission() throws {
        var bench = try Bench()
        bench.admit(try bench.open(), account: 1)
        #expect(bench.forward(3) == 3)
        bench.send()
        bench.gate.close()
        let second = try bench.open()
        #expect(bench.forward() == 0)
        #expect(bench.reports() == [report(1, 3, isFinal: true)])
        bench.admit(second, account: 2)
        #expect(bench.forward(2) == 2)
        bench.send()
        bench.gate.close()
        _ = bench.forward()
        bench.send()
        #expect(bench.reports() == [report(2, 2, isFinal: true)])
        #expect(bench.forwarder.accounts.count == 0)
    }

    /// Between two turns the gate was closed and opened: the line looks live and may not be reported on.
    @Test func noSenderReportOfAnOpeningThatIsNotAdmitted() throws {
        var bench = try Bench()
        bench.admit(try bench.open(), account: 1)
        #expect(bench.forward(3) == 3)
        let isReported = bench.forwarder.senderReport(bench.line, now: Self.now) != nil
        #expect(isReported)
        bench.gate.close()
        try bench.open()
        let isReportedStill = bench.forwarder.senderReport(bench.line, now: Self.now) != nil
        #expect(!isReportedStill)
    }

    @Test func whatTheNetworkDidNotTakeIsNotCounted() throws {
        var bench = try Bench()
        bench.admit(try bench.open(), account: 1)
        #expect(bench.forward(4) == 4)
        bench.send(isTaken: false)
        #expect(bench.forward(2) == 2)
        bench.send()
        bench.forwarder.removeViewer(0)
        #expect(bench.reports() == [report(1, 2, isFinal: true)])
    }

    /// The line goes on in another account; what was written into the slab before counts for the first.
    @Test func accountsChangeWithoutAPause() throws {
        var bench = try Bench()
        let opening = try bench.open()
        bench.admit(opening, account: 1)
        #expect(bench.forward(2) == 2)
        bench.admit(opening, account: 2)
        #expect(bench.forward(3) == 5)
        bench.send()
        #expect(bench.reports() == [report(1, 2, isFinal: true)])
        bench.forwarder.unsubscribe(bench.line)
        #expect(bench.reports() == [report(2, 3, isFinal: true)])
    }

    /// A lease that ran out says nothing of the opening: its renewal may have been under way.
    @Test func aLapsedLeaseKeepsTheAccountUntilTheGateSaysMore() throws {
        var bench = try Bench()
        let end = now(1_000)
        let opening = bench.gate.open(try Simulation.makePermit(), from: 0, leaseEnd: end)
        bench.admit(opening, account: 1)
        #expect(bench.forward() == 1)
        bench.send()
        _ = bench.forwarder.forward(now: now(1_001), sweep: true, into: &bench.slab)
        #expect(bench.reports() == [])
        let hadLapsed = bench.gate.renew(
            try Simulation.makePermit(),
            from: bench.ring.head,
            leaseEnd: .distantFuture,
            now: now(1_002)
        )
        #expect(hadLapsed)
        #expect(bench.gate.opening == opening + 1)
        #expect(bench.forward() == 0)
        #expect(bench.reports() == [report(1, 1, isFinal: true)])
    }

    private func now(_ milliseconds: Int64) -> MonotonicTime {
        Self.now.advanced(byMilliseconds: milliseconds)
    }
}
