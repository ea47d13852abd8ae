import Disclosures
import Foundation

/// What a packet costs in processor time: every shape in turn, round after round.
enum ForwardMeasurement {
    static func run(_ request: Request) throws {
        if DisclosureGate.isDisabled { print("this build has the door taken out") }
        for cipher in request.ciphers {
            for (viewers, shapes) in request.stages {
                // None stands in another's caches.
                var stage = try Stage.set(cipher.profile, viewers: viewers)
                var rounds: [Shape: [Double]] = [:]
                for round in 0...request.rounds {
                    for shape in shapes {
                        let nanoseconds = try measure(shape, on: &stage, packets: request.packets)
                        if round > 0 { rounds[shape, default: []].append(nanoseconds) }
                    }
                }
                for shape in shapes { tell(shape, cipher, (rounds[shape] ?? []).sorted()) }
            }
        }
    }

    private static func tell(_ shape: Shape, _ cipher: Cipher, _ sorted: [Double]) {
        guard let least = sorted.first, let most = sorted.last else { return }
        let middle = sorted.count / 2
        let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        print(
            "\(shape.rawValue) \(cipher.rawValue): \(tenths(median)) ns a packet",
            "(median of \(sorted.count) rounds, \(tenths(least)) to \(tenths(most)))"
        )
    }

    private static func tenths(_ number: Double) -> Double { (number * 10).rounded() / 10 }

    /// Nanoseconds a packet.
    private static func measure(_ shape: Shape, on stage: inout Stage, packets: Int) throws -> Double {
        let perStretch = shape.packetsPerStretch(viewers: stage.viewerCount)
        let stretches = max(1, packets / perStretch)
        var spent = 0.0
        for _ in 0..<stretches {
            try stage.prepare(shape)
            var forwarded = 0
            let began = processorNanoseconds()
            if shape.isIngest { stage.ingest() } else { forwarded = stage.forward() }
            spent += processorNanoseconds() - began
            try stage.finish(shape, forwarded: forwarded)
        }
        return (spent - readingNanoseconds() * Double(stretches)) / Double(stretches * perStretch)
    }

    /// What reading the clock costs, which stands in every stretch once.
    private static func readingNanoseconds() -> Double {
        var least = Double.infinity
        for _ in 0..<100 {
            let began = processorNanoseconds()
            least = min(least, processorNanoseconds() - began)
        }
        return least
    }

    /// Of this thread: what others do on its processor meanwhile is no part of it.
    private static func processorNanoseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
