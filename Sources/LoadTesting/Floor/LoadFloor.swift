import CLinuxNet
import Foundation
import Glibc
import Primitives
import RelayRuntime

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
    /// Packets of one message at most: those of 1,500 bytes fill what a message may have.
    static let longestRun = 40
    static let longestPayload = 1_440
    private static let packetRoom = 1_536
    private static let slabMessages = 64
    /// As much as a batch of the relay holds: more would leave the processor's second cache.
    private static let slabBytes = 512 * 1_024
    private static let firstViewer: UInt32 = 127 << 24 | 1 << 16 | 1
    private static let nanosecondsOfSound: Int64 = 20_000_000
    /// Sound does not come together with pictures.
    private static let soundOffset: Int64 = 7_000_000

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
        slab = .allocate(byteCount: Self.slabBytes, alignment: 64)
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
        var results = [
            result("one packet a message", .load) { paced(shape.batches, runs: 1) },
            result("runs of a batch (GSO)", .load) { paced(shape.batches, runs: Self.longestRun) },
        ]
        if !shape.runs.isEmpty {
            var whole = shape
            whole.runs = []
            results.append(
                result("whole pictures (GSO)", .wholePictures) { paced(whole.batches, runs: Self.longestRun) }
            )
        }
        results.append(result("8 x 10 GSO, unpaced", .fixed) { unpaced() })
        return results
    }

    private func result(_ mode: String, _ kind: FloorResult.Kind, _ body: () -> Void) -> FloorResult {
        body()
        usleep(50_000)
        let before = sink.received
        _ = sink.takeAges()
        sent = 0
        let start = ViewerFleet.threadNanoseconds
        body()
        let cost = ViewerFleet.threadNanoseconds - start
        usleep(200_000)
        let ages = sink.takeAges()
        return FloorResult(
            mode: mode,
            kind: kind,
            packets: sent,
            nanosecondsOfPacket: Double(cost) / Double(max(1, sent)),
            received: Double(sink.received - before) / Double(max(1, sent)),
            latencyVideo: ages.video.isEmpty ? nil : .times(ages.video),
            latencyAudio: ages.audio.isEmpty ? nil : .times(ages.audio)
        )
    }

    /// Pictures and sound at their times, as a relay would get them, each cut into batches.
    private func paced(_ batches: [FloorRun], runs: Int) {
        let start = SystemClock.monotonic
        let mean = batches.reduce(0) { $0 + Double($1.packets) * $1.share }
        let batchesOfPicture = shape.packetsOfFrame / max(1, mean)
        var lengths = EvenDraw(batches.map(\.share))
        var owed = 0.0
        var (frame, sound) = (0, 0)
        while true {
            let frameDue = Int64(frame) * 1_000_000_000 / Int64(shape.framesPerSecond)
            let soundDue =
                shape.hasAudio ? Int64(sound) * Self.nanosecondsOfSound + Self.soundOffset : .max
            let due = min(frameDue, soundDue)
            guard Double(due) < shape.seconds * 5e8 else { break }
            let arrivedAt = awaitArrival(start.advanced(byNanoseconds: due))
            if frameDue <= soundDue {
                // What is owed beyond whole batches comes with a later picture.
                owed += batchesOfPicture
                let count = Int(owed + 1e-9)
                owed -= Double(count)
                for batch in 0..<count {
                    let packets = batches[lengths.next()].packets
                    fanOut(packets, runs: runs, arrivedAt: arrivedAt, endsPicture: batch == count - 1)
                }
                frame += 1
            } else {
                let stamp = FloorStamp(arrivedAt: arrivedAt, isSound: true)
                for viewer in viewers {
                    append(
                        viewer,
                        packets: 1,
                        bytes: shape.soundBytes,
                        stamp,
                        isMeasured: true,
                        limit: Self.slabMessages
                    )
                }
                flush()
                sound += 1
            }
        }
    }

    /// Waits for what is due and answers its arrival (nanoseconds since 1970): later than due if nobody was awake for
    /// it, which is no work of a relay, and when it was due if the work before it took longer.
    private func awaitArrival(_ due: MonotonicTime) -> Int64 {
        let wait = due.nanoseconds(since: SystemClock.monotonic)
        if wait > 0 { usleep(UInt32(wait / 1_000)) }
        let late = wait > 0 ? 0 : -wait
        return SystemClock.wall.nanosecondsSince1970 - late
    }

    /// Sends a batch of a picture to every viewer.
    private func fanOut(_ packets: Int, runs: Int, arrivedAt: Int64, endsPicture: Bool) {
        let stamp = FloorStamp(arrivedAt: arrivedAt, isSound: false)
        for viewer in viewers {
            var left = packets
            while left > 0 {
                let count = min(left, runs)
                left -= count
                append(
                    viewer,
                    packets: count,
                    bytes: shape.payloadBytes,
                    stamp,
                    isMeasured: endsPicture && left == 0,
                    limit: Self.slabMessages
                )
            }
        }
        flush()
    }

    private func unpaced() {
        let packets = Int(Double(shape.packetsPerSecond) * shape.seconds / 2)
        let until = sent + min(max(packets, 20_000), 2_000_000)
        let stamp = FloorStamp(arrivedAt: 0, isSound: false)
        while sent < until {
            for viewer in viewers where sent < until {
                append(
                    viewer,
                    packets: Self.segments,
                    bytes: shape.payloadBytes,
                    stamp,
                    isMeasured: false,
                    limit: Self.messagesOfCall
                )
            }
        }
        flush()
    }

    /// Protects a run of packets for a viewer behind one another, as one message; the age of its last is measured.
    private func append(
        _ viewer: FloorViewer,
        packets: Int,
        bytes: Int,
        _ stamp: FloorStamp,
        isMeasured: Bool,
        limit: Int
    ) {
        if used + packets * Self.packetRoom > Self.slabBytes { flush() }
        let start = used
        for packet in 0..<packets {
            let place = UnsafeMutableRawBufferPointer(rebasing: slab[used..<(used + Self.packetRoom)])
            var stamp = stamp
            stamp.isMeasured = isMeasured && packet == packets - 1
            used += viewer.protect(
                UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(payload)[..<bytes]),
                stamp,
                into: place
            )
        }
        var message = tally_outgoing()
        let run = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(slab)[start..<used])
        message.data = run.baseAddress?.assumingMemoryBound(to: UInt8.self)
        message.length = UInt32(used - start)
        message.segment = packets > 1 ? UInt16((used - start) / packets) : 0
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
        used = 0
    }
}
