import CLinuxNet
import Foundation
import Synchronization

/// Takes what is sent, with GRO, counts it, and measures its age by the kernel's time of receipt.
final class FloorSink: Sendable {
    /// Told apart by whoever pins threads to cores.
    static let threadName = "floor sink"

    private struct Ages {
        var video = ValueHistogram()
        var audio = ValueHistogram()
    }

    let port: UInt16
    private let descriptor: Int32
    private let count = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private let ages = Mutex(Ages())

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
                self.take(from: ownSocket, ownMemory)
            }
        }
        thread.name = Self.threadName
        thread.start()
    }

    deinit {
        isOver.store(true, ordering: .relaxed)
    }

    private func take(from socket: ClientSocket, _ memory: ReceiveMemory) {
        var packets = 0
        ages.withLock { ages in
            memory.receive(from: socket) { packet, _, _, receivedAt in
                packets += 1
                guard receivedAt > 0, let stamp = FloorStamp(reading: UnsafeRawBufferPointer(packet)),
                    stamp.isMeasured
                else { return }
                if stamp.isSound {
                    ages.audio.record(stamp.age(at: receivedAt))
                } else {
                    ages.video.record(stamp.age(at: receivedAt))
                }
            }
        }
        count.add(packets, ordering: .relaxed)
    }

    /// The ages since the last call.
    func takeAges() -> (video: ValueHistogram, audio: ValueHistogram) {
        ages.withLock { ages in
            defer { ages = Ages() }
            return (ages.video, ages.audio)
        }
    }
}
