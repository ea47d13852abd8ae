/// Handles exactly so many packets of one shape, and ends: what callgrind runs.
enum PacketRun {
    static func run(_ packets: Int, _ request: Request) throws {
        guard let shape = request.shapes.first, request.shapes.count == 1, let cipher = request.ciphers.first,
            request.ciphers.count == 1
        else { throw UsageError("packets wants one --shape and one --cipher") }
        let viewers = request.stages.first?.viewers ?? 1
        let perStretch = shape.packetsPerStretch(viewers: viewers)
        guard packets % perStretch == 0 else {
            throw UsageError("\(shape.rawValue) handles \(perStretch) packets at once, not a part of them")
        }
        var stage = try Stage.set(cipher.profile, viewers: viewers)
        for _ in 0..<(packets / perStretch) {
            try stage.prepare(shape)
            var forwarded = 0
            if shape.isIngest {
                _ = Allocations.during { stage.ingest() }
            } else {
                _ = Allocations.during { forwarded = stage.forward() }
            }
            try stage.finish(shape, forwarded: forwarded)
        }
        print("\(packets) packets of \(shape.rawValue) \(cipher.rawValue)")
    }
}
