import ArgumentParser
import Foundation
import LoadTesting

/// `tally load floor`: what the same packets would cost a relay that did nothing else.
struct LoadFloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "Measure the least CPU that a packet to a viewer can cost on this machine.",
        discussion: """
            Encrypts and sends what a relay of one publisher would: a run of packets to each viewer for each picture, \
            and sound, with AES-GCM, to a socket of this process. Best of the ways to send, and how old packets are \
            when they arrive; the mode of 8 x 10 packets without pauses says how fast the machine is. With the \
            report of a run, viewers, pace, sizes and, of a Tally relay, the runs are those that it had. \
            Benchmarks/Floor is the same in C.
            """
    )

    @Option(help: "Viewers.")
    var viewers = 500

    @Option(help: "Packets of a picture.")
    var packets = 5

    @Option(help: "Pictures a second.")
    var fps = 30

    @Option(help: "Bytes of a packet of video without headers.")
    var payloadBytes = 1_150

    @Flag(help: "No sound.")
    var noAudio = false

    @Option(help: "Seconds for each way to send.")
    var duration = 3.0

    @Option(
        help: """
            Take viewers, pace, sizes and runs from the report of a run with one publisher, and say how far the server \
            was from the floor.
            """
    )
    var report: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        try LoadLimits.check("viewers", viewers, 1...60_000)
        try LoadLimits.check("packets", packets, 1...10)
        try LoadLimits.check("fps", fps, 1...60)
        try LoadLimits.check("payload-bytes", payloadBytes, 100...1_400)
        try LoadLimits.check("duration", duration, 0.2...600)
    }

    func run() throws {
        var shape = FloorShape()
        shape.viewers = viewers
        shape.packetsOfFrame = Double(packets)
        shape.framesPerSecond = fps
        shape.payloadBytes = payloadBytes
        shape.hasAudio = !noAudio
        shape.seconds = duration
        let measured = try report.map { try LoadReport.read(path: $0) }
        if let measured {
            for name in ["rooms", "publishers"] where (measured.options[name] ?? "1") != "1" {
                throw ValidationError(
                    "a floor is of one publisher; --\(name) of the report's run was more than 1"
                )
            }
            shape.follow(measured)
        }
        let results = try LoadFloor(shape).measure()
        let found = FloorReport(shape: shape, results: results, server: measured)
        print(json ? String(decoding: try found.json(), as: UTF8.self) : found.text)
        guard found.isValid else { throw ExitCode.failure }
    }
}
