import CLinuxNet
import Foundation
import Glibc
import Primitives
import RTPPackets
import RelayRuntime
import SRTPProtection
import Synchronization

/// The load whose least cost is asked for.
package struct FloorShape: Sendable, Codable, Equatable {
    package var viewers = 500
    /// Packets of a picture: a run of equal ones to each viewer.
    package var packetsOfFrame = 5
    package var framesPerSecond = 30
    package var hasAudio = true
    package var payloadBytes = 1_150
    package var soundBytes = 120
    package var seconds = 3.0

    package init() {}

    /// Packets a second to all viewers.
    package var packetsPerSecond: Int {
        viewers * (packetsOfFrame * framesPerSecond + (hasAudio ? 50 : 0))
    }
}

/// What one way of sending costs.
package struct FloorResult: Sendable, Codable, Equatable {
    package var mode: String
    package var packets: Int
    /// CPU of the sending thread a packet, the kernel's part included.
    package var nanosecondsOfPacket: Double
    /// Of the packets sent, the share that arrived.
    package var received: Double
}

/// The least that a relay could do: a header and AES-GCM for each packet and viewer, and the system call.
///
/// Everything that is sent arrives at one socket of this process, each viewer at a loopback address of its own.
package final class LoadFloor {
    /// Why a floor cannot be measured.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How many segments a message of the fixed mode has, and how many messages a call.
    static let segments = 10
    static let messagesOfCall = 8
    private static let packetRoom = 1_536
    private static let slabMessages = 64
    private static let firstViewer: UInt32 = 127 << 24 | 1 << 16 | 1

    private let shape: FloorShape
    private let viewers: [FloorViewer]
    private let out: Int32
    private let sink: FloorSink
    private let slab: UnsafeMutableRawBufferPointer
    private let payload: UnsafeMutableRawBufferPointer
    private var messages: [tally_outgoing] = []
    private var used = 0
    private var sent = 0

    /// Throws `Failure`.
    package init(_ shape: FloorShape) throws(Failure) {
        self.shape = shape
        var viewers: [FloorViewer] = []
        for number in 0..<shape.viewers {
            guard let viewer = FloorViewer(number: UInt32(number)) else {
                throw Failure(description: "no cipher for viewer \(number)")
            }
            viewers.append(viewer)
        }
        self.viewers = viewers
        var address = SocketAddress(ipv4: 0, port: 0).system
        out = tally_udp_open(&address, 0, 1 << 20, 64 << 20, nil, nil)
        guard out >= 0, let sink = FloorSink() else { throw Failure(description: "no socket") }
        self.sink = sink
        slab = .allocate(byteCount: Self.slabMessages * Self.segments * Self.packetRoom, alignment: 64)
        payload = .allocate(byteCount: Self.packetRoom, alignment: 64)
        for index in 0..<payload.count { payload[index] = UInt8(truncatingIfNeeded: index &* 13) }
    }

    deinit {
        slab.deallocate()
        payload.deallocate()
        tally_close(out)
    }

    /// Measures the load with and without runs that the kernel cuts, and the fixed mode of 8 messages of 10.
    package func measure() -> [FloorResult] {
        [
            result("one packet a message") { paced(runs: 1) },
            result("runs of a frame (GSO)") { paced(runs: shape.packetsOfFrame) },
            result("8 x 10 GSO, unpaced") { unpaced() },
        ]
    }

    private func result(_ mode: String, _ body: () -> Void) -> FloorResult {
        body()
        usleep(50_000)
        let before = sink.received
        sent = 0
        let start = ViewerFleet.threadNanoseconds
        body()
        let cost = ViewerFleet.threadNanoseconds - start
        usleep(200_000)
        return FloorResult(
            mode: mode,
            packets: sent,
            nanosecondsOfPacket: Double(cost) / Double(max(1, sent)),
            received: Double(sink.received - before) / Double(max(1, sent))
        )
    }

    /// Frames and sound at their times, as a relay would get them.
    private func paced(runs: Int) {
        let start = SystemClock.monotonic
        var (frame, sound) = (0, 0)
        while true {
            let frameDue = Int64(frame) * 1_000_000_000 / Int64(shape.framesPerSecond)
            let soundDue = shape.hasAudio ? Int64(sound) * 20_000_000 + 7_000_000 : .max
            let due = min(frameDue, soundDue)
            guard Double(due) < shape.seconds * 5e8 else { break }
            let wait = start.advanced(byNanoseconds: due).nanoseconds(since: SystemClock.monotonic)
            if wait > 0 { usleep(UInt32(wait / 1_000)) }
            if frameDue <= soundDue {
                for viewer in viewers {
                    var left = shape.packetsOfFrame
                    while left > 0 {
                        let count = min(left, runs, Self.segments)
                        append(viewer, packets: count, bytes: shape.payloadBytes, limit: Self.slabMessages)
                        left -= count
                    }
                }
                frame += 1
            } else {
                for viewer in viewers {
                    append(viewer, packets: 1, bytes: shape.soundBytes, limit: Self.slabMessages)
                }
                sound += 1
            }
            flush()
        }
    }

    private func unpaced() {
        let packets = Int(Double(shape.packetsPerSecond) * shape.seconds / 2)
        let until = sent + min(max(packets, 20_000), 2_000_000)
        while sent < until {
            for viewer in viewers where sent < until {
                append(viewer, packets: Self.segments, bytes: shape.payloadBytes, limit: Self.messagesOfCall)
            }
        }
        flush()
    }

    /// Protects a run of packets for a viewer behind one another, as one message.
    private func append(_ viewer: FloorViewer, packets: Int, bytes: Int, limit: Int) {
        let start = messages.count * Self.segments * Self.packetRoom
        var end = start
        for _ in 0..<packets {
            let place = UnsafeMutableRawBufferPointer(rebasing: slab[end..<(end + Self.packetRoom)])
            end += viewer.protect(
                UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(payload)[..<bytes]),
                into: place
            )
        }
        var message = tally_outgoing()
        let run = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(slab)[start..<end])
        message.data = run.baseAddress?.assumingMemoryBound(to: UInt8.self)
        message.length = UInt32(end - start)
        message.segment = packets > 1 ? UInt16((end - start) / packets) : 0
        message.remote = SocketAddress(ipv4: Self.firstViewer + viewer.number, port: sink.port).system
        message.local = SocketAddress(ipv4: 127 << 24 | 1, port: 0).system
        messages.append(message)
        sent += packets
        if messages.count == limit { flush() }
    }

    private func flush() {
        var done = 0
        var calls: UInt64 = 0
        while done < messages.count {
            let result = messages.withUnsafeBufferPointer { list in
                let rest = UnsafeBufferPointer(rebasing: list[done...])
                return tally_send(out, rest.baseAddress, Int32(rest.count), &calls)
            }
            // A full buffer is waited for, since what is not sent would cost nothing.
            if result > 0 { done += Int(result) }
        }
        messages.removeAll(keepingCapacity: true)
    }
}

/// One viewer's keys and numbers.
final class FloorViewer {
    let number: UInt32
    private let protection: OutboundProtection
    private var sequence: UInt64 = 0

    init?(number: UInt32) {
        self.number = number
        var random = SeededRandom(seed: UInt64(number))
        let profile = SRTPProfile.aeadAES128GCM
        let key = (0..<profile.keyLength).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let salt = (0..<profile.saltLength).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        guard
            let protection = try? OutboundProtection(
                profile: profile,
                masterKey: key.span.bytes,
                masterSalt: salt.span.bytes
            )
        else { return nil }
        self.protection = protection
    }

    @inline(__always)
    func protect(_ payload: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        var writer = RTPHeaderWriter(into: target)
        writer.writeFixed(
            marker: false,
            payloadType: 96,
            sequenceNumber: UInt16(truncatingIfNeeded: sequence),
            timestamp: UInt32(truncatingIfNeeded: sequence),
            ssrc: number + 1
        )
        let headerLength = writer.finish()
        defer { sequence += 1 }
        return protection.protectRTP(
            headerLength: headerLength,
            payload: payload,
            output: target,
            extendedSequence: sequence,
            ssrc: number + 1
        )
    }
}

/// Takes what is sent, with GRO, and counts it.
final class FloorSink: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let count = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    var received: Int { count.load(ordering: .relaxed) }

    init?() {
        guard let socket = try? ClientSocket(isIPv6: false), let memory = try? ReceiveMemory() else {
            return nil
        }
        descriptor = socket.descriptor
        port = UInt16(truncatingIfNeeded: max(0, tally_udp_port(socket.descriptor)))
        // Safe because the thread alone touches these two from here on.
        nonisolated(unsafe) let ownSocket = socket
        nonisolated(unsafe) let ownMemory = memory
        let thread = Thread { [weak self] in
            while let self, !self.isOver.load(ordering: .relaxed) {
                guard tally_wait(ownSocket.descriptor, -1, -1, 20_000_000) > 0 else { continue }
                var packets = 0
                ownMemory.receive(from: ownSocket) { _, _, _, _ in packets += 1 }
                self.count.add(packets, ordering: .relaxed)
            }
        }
        thread.start()
    }

    deinit {
        isOver.store(true, ordering: .relaxed)
    }
}
