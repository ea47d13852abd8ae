import Foundation

/// What the floor says, beside what a server needed.
package struct FloorReport: Sendable {
    /// On a processor with AVX-512 the fixed mode is below this, or the machine is too busy to say anything.
    static let fixedModeLimit = 700.0
    /// A mode of which less arrives was measured against a receiver that could not keep up.
    static let leastReceived = 0.99
    package static let schemaName = "tally-floor/1"

    private let shape: FloorShape
    private let results: [FloorResult]
    private let server: LoadReport?
    private let machine = MachineFacts()

    package init(shape: FloorShape, results: [FloorResult], server: LoadReport?) {
        self.shape = shape
        self.results = results
        self.server = server
    }

    /// The way of sending the load that cost least.
    package var best: FloorResult? {
        results.filter { $0.kind == .load }.min { $0.nanosecondsOfPacket < $1.nanosecondsOfPacket }
    }

    /// Why the figures say nothing; empty if they do.
    package var objections: [String] {
        var found: [String] = []
        for fixed in results where fixed.kind == .fixed {
            guard machine.hasWideVectors, fixed.nanosecondsOfPacket > Self.fixedModeLimit else { continue }
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

    /// The server's CPU for a packet as a multiple of the floor's.
    private var timesTheFloor: Double? {
        guard let best, let cost = server?.value(of: "server.cpu_per_packet")?.value else { return nil }
        return cost * 1_000 / max(1, best.nanosecondsOfPacket)
    }

    package var text: String {
        var table = TextTable(["", "ns a packet", "packets", "received", "latency p50", "p99"])
        for result in results {
            let latency = result.latencyVideo ?? result.latencyAudio
            table.append([
                result.mode, "\(Int(result.nanosecondsOfPacket.rounded()))", "\(result.packets)",
                Measure.share.text(result.received), latency.map { Measure.milliseconds.text($0.p50) } ?? "",
                latency.map { Measure.milliseconds.text($0.p99) } ?? "",
            ])
        }
        var lines = [
            "\(shape.viewers) viewers, \(shape.framesPerSecond) x \(Measure.short(shape.packetsOfFrame)) packets of "
                + "\(shape.payloadBytes) bytes a second\(shape.hasAudio ? " and sound" : "")"
        ]
        if !shape.runs.isEmpty {
            let runs = shape.runs.map { "\($0.packets): \(Measure.share.text($0.share))" }
            lines.append("the relay's messages of video by their packets: \(runs.joined(separator: ", "))")
        }
        lines += ["\(machine.processor), Linux \(machine.kernel)", "", table.text]
        if let timesTheFloor, let cost = server?.value(of: "server.cpu_per_packet")?.value {
            lines += [
                "",
                "the server needed \(Measure.short(cost)) us a packet: \(Measure.short(timesTheFloor)) times the floor",
            ]
        }
        if !objections.isEmpty { lines += [""] + objections.map { "not valid: \($0)" } }
        return lines.joined(separator: "\n")
    }

    /// What `--json` prints.
    private struct Document: Encodable {
        var schema = FloorReport.schemaName
        var machine: MachineFacts
        var shape: FloorShape
        var results: [FloorResult]
        var best: String?
        var timesTheFloor: Double?
        var objections: [String]
    }

    /// The report as a document.
    ///
    /// Throws only if a number in it is none.
    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(
            Document(
                machine: machine,
                shape: shape,
                results: results,
                best: best?.mode,
                timesTheFloor: timesTheFloor,
                objections: objections
            )
        )
    }
}

extension MachineFacts {
    /// Whether the processor has AVX-512 and its AES instructions.
    var hasWideVectors: Bool { flags.isSuperset(of: ["avx512f", "vaes"]) }
}
