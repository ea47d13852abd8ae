import Benchmark
import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import SRTPProtection

/// The steps of a packet's way, each by itself, with packets of 1200 bytes; a thousand an iteration.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .instructions],
        scalingFactor: .kilo,
        maxDuration: .seconds(2),
        maxIterations: 2_000
    )
    for profile in SRTPProfile.allCases {
        for backend in CipherBackend.allCases where backend.isAvailable {
            Benchmark("protect \(profile) \(backend)") { try measureProtection($0, profile, backend) }
            Benchmark("unprotect \(profile) \(backend)") { try measureRemoval($0, profile, backend) }
        }
    }
    Benchmark("header rewrite") { benchmark in
        withUnsafeTemporaryAllocation(byteCount: 1_600, alignment: 64) { space in
            benchmark.startMeasurement()
            for number in benchmark.scaledIterations { blackHole(writeHeader(number, into: space)) }
            benchmark.stopMeasurement()
        }
    }
    Benchmark("sequence map") { benchmark in
        var map = SequenceMap()
        map.restart(incoming: 0, outgoing: 30_000)
        for number in benchmark.scaledIterations { blackHole(map.map(Int64(number))) }
    }
    Benchmark("gate pass") { benchmark in
        let (gate, now) = try makeOpenGate()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(gate.withPass(now: now) { $0.opensAt }) }
        benchmark.stopMeasurement()
    }
    Benchmark("ring publish") { benchmark in
        let ring = MediaRing(track: track, kind: .video, minimumCapacity: 1_024)
        benchmark.startMeasurement()
        for number in benchmark.scaledIterations { publish(number, into: ring) }
        benchmark.stopMeasurement()
    }
    Benchmark("ring read") { benchmark in
        let ring = MediaRing(track: track, kind: .video, minimumCapacity: 2_048)
        for number in benchmark.scaledIterations { publish(number, into: ring) }
        let (gate, now) = try makeOpenGate()
        benchmark.startMeasurement()
        _ = gate.withPass(now: now) { pass in
            for number in benchmark.scaledIterations {
                let read = ring.read(pass, at: UInt64(number)) { packet, payload, _ in
                    packet.sequence &+ Int64(payload.count)
                }
                if case .packet(let sum) = read { blackHole(sum) } else { preconditionFailure("lapped") }
            }
        }
        benchmark.stopMeasurement()
    }
    Benchmark("slab commit") { benchmark in
        var slab = SendSlab()
        let local = SocketAddress(ipv4: 1, port: 7_000)
        benchmark.startMeasurement()
        for number in benchmark.scaledIterations {
            if !slab.hasRoom { slab.clear() }
            // Frames of five, each to another viewer.
            slab.commit(
                1_200,
                to: SocketAddress(ipv4: UInt32(number / 5), port: 50_000),
                from: local,
                notAfter: MonotonicTime(nanoseconds: 1),
                account: number / 5,
                payloadLength: 1_164
            )
        }
        benchmark.stopMeasurement()
        blackHole(slab.byteCount)
    }
}

private let track = TrackID(1)
private let payload = [UInt8](repeating: 0xA5, count: 1_164)
private let ssrc: UInt32 = 0x1234_5678

@inline(never)
private func writeHeader(_ number: Int, into space: UnsafeMutableRawBufferPointer) -> Int {
    var writer = RTPHeaderWriter(into: space)
    writer.writeFixed(
        marker: number % 5 == 4,
        payloadType: 96,
        sequenceNumber: UInt16(truncatingIfNeeded: number),
        timestamp: UInt32(truncatingIfNeeded: number / 5 * 3_000),
        ssrc: ssrc
    )
    let sentAt = AbsoluteSendTime(MonotonicTime(nanoseconds: Int64(number) * 1_000_000))
    _ = writer.appendExtension(id: 3, value: sentAt.rawValue, byteCount: AbsoluteSendTime.byteCount)
    return writer.finish()
}

private func measureProtection(
    _ benchmark: Benchmark,
    _ profile: SRTPProfile,
    _ backend: CipherBackend
) throws {
    let keys = Keys(profile)
    let outbound = try OutboundProtection(
        profile: profile,
        masterKey: keys.key.span.bytes,
        masterSalt: keys.salt.span.bytes,
        backend: backend
    )
    withUnsafeTemporaryAllocation(byteCount: 1_600, alignment: 64) { space in
        let headerLength = writeHeader(0, into: space)
        benchmark.startMeasurement()
        for number in benchmark.scaledIterations {
            blackHole(protect(number, headerLength, with: outbound, into: space))
        }
        benchmark.stopMeasurement()
    }
}

private func measureRemoval(
    _ benchmark: Benchmark,
    _ profile: SRTPProfile,
    _ backend: CipherBackend
) throws {
    let keys = Keys(profile)
    let outbound = try OutboundProtection(
        profile: profile,
        masterKey: keys.key.span.bytes,
        masterSalt: keys.salt.span.bytes
    )
    var inbound = try InboundProtection(
        profile: profile,
        masterKey: keys.key.span.bytes,
        masterSalt: keys.salt.span.bytes,
        backend: backend
    )
    let stride = 1_600
    let packets = UnsafeMutableRawBufferPointer.allocate(
        byteCount: stride * benchmark.scaledIterations.count,
        alignment: 64
    )
    defer { packets.deallocate() }
    var length = 0
    for number in benchmark.scaledIterations {
        let space = UnsafeMutableRawBufferPointer(rebasing: packets[(number * stride)...].prefix(stride))
        length = protect(number, writeHeader(number, into: space), with: outbound, into: space)
    }
    benchmark.startMeasurement()
    for number in benchmark.scaledIterations {
        let packet = UnsafeMutableRawBufferPointer(rebasing: packets[(number * stride)...].prefix(length))
        guard case .plaintext = inbound.unprotectRTP(packet) else { preconditionFailure("not authentic") }
    }
    benchmark.stopMeasurement()
}

private func protect(
    _ number: Int,
    _ headerLength: Int,
    with outbound: borrowing OutboundProtection,
    into space: UnsafeMutableRawBufferPointer
) -> Int {
    space.storeBytes(of: UInt16(truncatingIfNeeded: number).bigEndian, toByteOffset: 2, as: UInt16.self)
    return payload.withUnsafeBytes {
        outbound.protectRTP(
            headerLength: headerLength,
            payload: $0,
            output: space,
            extendedSequence: UInt64(number),
            ssrc: ssrc
        )
    }
}

/// A master key and its salt; of what value does not matter here.
private struct Keys {
    let key: [UInt8]
    let salt: [UInt8]

    init(_ profile: SRTPProfile) {
        key = [UInt8](repeating: 7, count: profile.keyLength)
        salt = [UInt8](repeating: 9, count: profile.saltLength)
    }
}

private func publish(_ number: Int, into ring: MediaRing) {
    let packet = RingPacket(
        sequence: Int64(number),
        timestamp: UInt32(truncatingIfNeeded: number / 5 * 3_000),
        arrival: MonotonicTime(nanoseconds: Int64(number)),
        facts: PayloadFacts(),
        codec: .vp8,
        marker: number % 5 == 4
    )
    ring.publish(packet, payload: payload.span.bytes)
}

/// A gate as the control plane opens it, under a permit that `decide` has given.
private func makeOpenGate() throws -> (DisclosureGate, now: MonotonicTime) {
    let time = WallClockTime(nanosecondsSince1970: 1_760_000_000_000_000_000)
    let now = MonotonicTime(nanoseconds: 1_000_000_000)
    guard let alice = ParticipantID("alice") else { throw Denied() }
    let statement = ConsentStatement(
        participant: alice,
        purpose: .liveRoom,
        state: .given,
        media: [.video],
        source: .page,
        givenAt: time
    )
    let consent = RoomConsent(folding: [ConsentEvent(sequence: 1, time: time, statement: statement)])
    let request = DisclosureRequest(
        participant: alice,
        media: .video,
        audience: .roomViewers,
        stream: "camera"
    )
    guard case .permit(let permit) = decide(request, consent, now: ClockReading(wall: time, monotonic: now))
    else { throw Denied() }
    let gate = DisclosureGate(track: track, audience: AudienceID(1))
    gate.open(permit, from: 0, leaseEnd: now.advanced(byMilliseconds: 2_000))
    return (gate, now)
}

private struct Denied: Error {}
