import ArgumentParser
import Foundation
import LoadTesting

/// `tally load floor`: what the same packets would cost a relay that did nothing else.
struct LoadFloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "Measure the least CPU that a packet to a viewer can cost on this machine.",
        discussion: """
            Encrypts and sends what a relay of one room would: a run of packets to each viewer for each picture, and \
            sound, with AES-GCM, to a socket of this process. Best of the ways to send; the mode of 8 x 10 packets \
            without pauses says how fast the machine is. Benchmarks/Floor is the same in C.
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
        help: "Take viewers and pace from the report of a run, and say how far the server was from the floor."
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
        shape.packetsOfFrame = packets
        shape.framesPerSecond = fps
        shape.payloadBytes = payloadBytes
        shape.hasAudio = !noAudio
        shape.seconds = duration
        let measured = try report.map { try LoadReport.read(path: $0) }
        if let measured { shape.follow(measured) }
        let results = try LoadFloor(shape).measure()
        if json {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            print(String(decoding: try encoder.encode(results), as: UTF8.self))
        } else {
            print(FloorReport(shape: shape, results: results, server: measured).text)
        }
        guard FloorReport(shape: shape, results: results, server: measured).isValid else {
            throw ExitCode.failure
        }
    }
}
