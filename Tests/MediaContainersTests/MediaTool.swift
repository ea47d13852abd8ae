import Foundation
import Testing

/// A folder of a test, which goes with it.
final class TemporaryFolder: Sendable {
    let path: URL

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "tally-containers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: path)
    }

    func file(_ name: String) -> URL { path.appending(path: name) }

    func write(_ bytes: [UInt8], as name: String) throws -> URL {
        let file = file(name)
        try Data(bytes).write(to: file)
        return file
    }
}

/// One of FFmpeg's programs, which judge here what was written.
enum MediaTool: String {
    case ffmpeg
    case ffprobe

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs the program; answers its output, and what it complained of.
    ///
    /// Fails loudly where it is not installed.
    @discardableResult
    func run(_ arguments: [String]) throws -> (output: String, complaints: String) {
        let folder = try TemporaryFolder()
        let (output, errors) = (folder.file("output"), folder.file("errors"))
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let quiet = ["-hide_banner", "-v", "warning"] + (self == .ffmpeg ? ["-nostdin", "-y"] : [])
        process.arguments = [rawValue] + quiet + arguments
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let complaints = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw Failure(
                description:
                    "\(rawValue) (package ffmpeg) ended with \(process.terminationStatus): \(arguments): \(complaints)"
            )
        }
        return (String(decoding: try Data(contentsOf: output), as: UTF8.self), complaints)
    }
}

/// What FFmpeg says of a file.
struct MediaReport {
    /// One packet of one stream.
    struct Packet {
        var stream: Int
        var time: Double
        var isKeyframe: Bool
    }

    let file: URL
    /// An output that takes every frame at its own time, and none to fill a frame rate up.
    static let nowhere = ["-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-f", "null", "-"]

    private func lines(_ arguments: [String]) throws -> [[Substring]] {
        try MediaTool.ffprobe.run(["-of", "csv=p=0"] + arguments + [file.path]).output
            .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }

    /// Seconds, as the file itself states it.
    func duration() throws -> Double {
        let line = try #require(try lines(["-show_entries", "format=duration"]).first?.first)
        return try #require(Double(line), "no duration: \(line)")
    }

    func packets() throws -> [Packet] {
        try lines(["-show_entries", "packet=stream_index,pts_time,flags"]).map { fields in
            Packet(
                stream: try #require(Int(fields[0])),
                time: try #require(Double(fields[1]), "a packet without time: \(fields)"),
                isKeyframe: fields[2].hasPrefix("K")
            )
        }
    }

    /// Decodes everything without a complaint; answers how many frames each stream gave.
    func decodedFrames() throws -> [Int] {
        let complaints = try MediaTool.ffmpeg.run(
            ["-xerror", "-i", file.path, "-map", "0"] + Self.nowhere
        ).complaints
        #expect(complaints == "", "decoding \(file.lastPathComponent)")
        return try lines(["-count_frames", "-show_entries", "stream=nb_read_frames"]).map {
            try #require(Int($0[0]), "\($0)")
        }
    }

    /// When the picture turns white, in seconds.
    func flashes() throws -> [Double] {
        let output = try MediaTool.ffprobe.run([
            "-f", "lavfi", "-i", "movie=\(file.path),signalstats", "-of", "csv=p=0", "-show_entries",
            "frame=pts_time:frame_tags=lavfi.signalstats.YAVG",
        ]).output
        var found: [Double] = []
        var wasWhite = false
        for line in output.split(separator: "\n") {
            let fields = line.split(separator: ",")
            let (time, luma) = (try #require(Double(fields[0])), try #require(Double(fields[1])))
            if luma > 150, !wasWhite { found.append(time) }
            wasWhite = luma > 150
        }
        return found
    }

    /// When the tone begins, in seconds: sound is put at its timestamps, with silence where there is none.
    func beeps() throws -> [Double] {
        let folder = try TemporaryFolder()
        let sound = folder.file("sound.s16")
        try MediaTool.ffmpeg.run([
            "-i", file.path, "-map", "a", "-af", "aresample=async=1000:first_pts=0", "-ac", "1", "-ar",
            "48000",
            "-f", "s16le", sound.path,
        ])
        let bytes = Array(try Data(contentsOf: sound))
        var found: [Double] = []
        var wasLoud = false
        // Pieces of 5 ms.
        for piece in 0..<(bytes.count / 480) {
            let loudest = (0..<240).map { index in
                let place = piece * 480 + 2 * index
                return abs(Int(Int16(bitPattern: UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8)))
            }.max()
            let isLoud = (loudest ?? 0) > 3_000
            if isLoud, !wasLoud, found.last.map({ Double(piece) * 0.005 - $0 > 0.3 }) ?? true {
                found.append(Double(piece) * 0.005)
            }
            wasLoud = isLoud
        }
        return found
    }

    /// No two packets of a stream at one time, and none before the one in front of it.
    func expectMonotonicTimes(_ packets: [Packet], location: SourceLocation = #_sourceLocation) {
        for stream in Set(packets.map(\.stream)) {
            let times = packets.filter { $0.stream == stream }.map(\.time)
            for (early, late) in zip(times, times.dropFirst()) where late <= early {
                Issue.record("stream \(stream): \(late) after \(early)", sourceLocation: location)
                return
            }
        }
    }
}

extension [UInt8] {
    init(contentsOf file: URL) throws {
        self = Array(try Data(contentsOf: file))
    }
}
