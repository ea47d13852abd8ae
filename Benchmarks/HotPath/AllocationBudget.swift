import DTLSHandshakes
import MeasuredStretch

/// The allocation budget: none for a packet, on its way in or out.
enum AllocationBudget {
    private static let timerTurns = 500
    private static let timerMilliseconds: Int64 = 10

    /// Ends the process with 1 if anything was allocated, or if the counter does not count.
    static func run(_ request: Request) throws {
        try checkCounter()
        var total: UInt64 = 0
        for cipher in request.ciphers {
            for (viewers, shapes) in request.stages {
                var stage = try Stage.set(cipher.profile, viewers: viewers)
                for shape in shapes {
                    let (made, packets) = try count(shape, on: &stage, request)
                    total += made.count
                    print(
                        "\(shape.rawValue) \(cipher.rawValue): \(made.count) allocations",
                        "(\(made.bytes) bytes) in \(packets) packets"
                    )
                }
                tellTimers(&stage)
            }
        }
        guard total == 0 else {
            throw StageFailure("\(total) allocations on the way of packets; the budget is 0")
        }
    }

    /// Timers write reports to everybody, and are no packet's way.
    private static func tellTimers(_ stage: inout Stage) {
        var made = Allocations()
        for _ in 0..<timerTurns {
            made += Allocations.during { stage.tick(afterMilliseconds: timerMilliseconds) }
        }
        let seconds = Double(timerTurns) * Double(timerMilliseconds) / 1_000
        print(
            "timers: \(Int(Double(made.count) / seconds)) allocations a second with a broadcaster and",
            "\(stage.viewerCount) viewers, which the budget does not bound"
        )
    }

    /// A counter that is not there would always say 0.
    private static func checkCounter() throws {
        var expected: UInt64 = 0
        let byCalls = Allocations.during { expected = tally_allocate_every_way() }
        let byArray = Allocations.during { keep([UInt8](repeating: 1, count: expected == 0 ? 0 : 100)) }
        let byNothing = Allocations.during {}
        guard expected > 0, byCalls.count == expected, byArray.count == 1, byNothing.count == 0 else {
            throw StageFailure(
                "the counter does not count: \(byCalls.count) of \(expected) calls, \(byArray.count) of 1 array"
            )
        }
        print("the counter saw \(byCalls.count) of \(expected) calls and \(byArray.count) of 1 array")
    }

    @inline(never)
    private static func keep(_ bytes: [UInt8]) {
        withExtendedLifetime(bytes) {}
    }

    private static func count(
        _ shape: Shape,
        on stage: inout Stage,
        _ request: Request
    ) throws -> (Allocations, packets: Int) {
        let perStretch = shape.packetsPerStretch(viewers: stage.viewerCount)
        let stretches = max(1, request.packets / perStretch)
        var made = Allocations()
        tally_trace_allocations(Int32(request.traces))
        defer { tally_trace_allocations(0) }
        for _ in 0..<stretches {
            try stage.prepare(shape)
            var forwarded = 0
            if shape.isIngest {
                made += Allocations.during { stage.ingest() }
            } else {
                made += Allocations.during { forwarded = stage.forward() }
            }
            try stage.finish(shape, forwarded: forwarded)
        }
        return (made, stretches * perStretch)
    }
}
