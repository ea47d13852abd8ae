/// What the floor says, beside what a server needed.
package struct FloorReport: Sendable {
    /// On a processor with AVX-512 the fixed mode is below this, or the machine is too busy to say anything.
    static let fixedModeLimit = 700.0
    /// A mode of which less arrives was measured against a receiver that could not keep up.
    static let leastReceived = 0.99

    private let shape: FloorShape
    private let results: [FloorResult]
    private let server: LoadReport?
    private let machine = MachineFacts()

    package init(shape: FloorShape, results: [FloorResult], server: LoadReport?) {
        self.shape = shape
        self.results = results
        self.server = server
    }

    /// The paced mode that cost least.
    package var best: FloorResult? {
        results.dropLast().min { $0.nanosecondsOfPacket < $1.nanosecondsOfPacket }
    }

    /// Why the figures say nothing; empty if they do.
    package var objections: [String] {
        var found: [String] = []
        if let fixed = results.last, machine.hasWideVectors, fixed.nanosecondsOfPacket > Self.fixedModeLimit {
            found.append(
                "the 8 x 10 mode took \(Int(fixed.nanosecondsOfPacket)) ns a packet, and "
                    + "\(Int(Self.fixedModeLimit)) is what a processor with AVX-512 needs at most: too busy a machine"
            )
        }
        for result in results where result.received < Self.leastReceived {
            found.append("of \"\(result.mode)\" only \(Measure.share.text(result.received)) arrived")
        }
        return found
    }

    package var isValid: Bool { objections.isEmpty }

    package var text: String {
        var table = TextTable(["", "ns a packet", "packets", "received"])
        for result in results {
            table.append([
                result.mode, "\(Int(result.nanosecondsOfPacket.rounded()))", "\(result.packets)",
                Measure.share.text(result.received),
            ])
        }
        var lines = [
            "\(shape.viewers) viewers, \(shape.framesPerSecond) x \(shape.packetsOfFrame) packets of "
                + "\(shape.payloadBytes) bytes a second\(shape.hasAudio ? " and sound" : "")",
            "\(machine.processor), Linux \(machine.kernel)", "", table.text,
        ]
        if let best, let cost = server?.value(of: "server.cpu_per_packet")?.value {
            let times = cost * 1_000 / max(1, best.nanosecondsOfPacket)
            lines += [
                "",
                "the server needed \(Measure.short(cost)) us a packet: \(Measure.short(times)) times the floor",
            ]
        }
        if !objections.isEmpty { lines += [""] + objections.map { "not valid: \($0)" } }
        return lines.joined(separator: "\n")
    }
}

extension FloorShape {
    /// Takes over the viewers, the frame rate and the packets of a frame that a run had.
    package mutating func follow(_ report: LoadReport) {
        if let count = report.numbers["viewers"]?.value, count >= 1 { viewers = Int(count) }
        if let rate = report.options["fps"].flatMap({ Int($0) }) { framesPerSecond = rate }
        hasAudio = report.options["audio"] != "none"
        guard let packets = report.numbers["packets"]?.value, let frames = report.numbers["frames"]?.value,
            frames > 0
        else { return }
        // Sound has fifty packets a second where pictures have so many frames.
        let sound = hasAudio ? 50 / Double(framesPerSecond) : 0
        packetsOfFrame = min(max(Int((packets / frames - sound).rounded()), 1), LoadFloor.segments)
    }
}

extension MachineFacts {
    /// Whether the processor has AVX-512 and its AES instructions.
    var hasWideVectors: Bool { flags.isSuperset(of: ["avx512f", "vaes"]) }
}
