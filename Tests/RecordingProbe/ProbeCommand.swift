import Foundation
import RecordingSamples
import Recordings

/// What tests need a process of its own for: one that is killed while it writes, and one that has no room.
@main enum ProbeCommand {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 6, let id = RecordingID(words[2]), let seed = UInt64(words[5]),
            let name = RecordingKeyName(words[4])
        else { fatalError("usage: append|tmpfs|limit|nothing PATH ID KEYS NAME SEED") }
        let store = try FileKeyStore(
            directory: words[3],
            apartFrom: String(words[1].prefix(upTo: words[1].lastIndex(of: "/") ?? words[1].endIndex))
        )
        let epoch = RecordingEpoch(number: 1, keyName: name)
        switch words[0] {
        case "append": try append(words[1], id, store, epoch, seed)
        case "tmpfs", "limit", "nothing":
            var space = DiskSpace(kind: words[0], path: words[1])
            try space.shrink()
            try await fill(words[1], id, store, epoch, seed, &space)
        default: fatalError("unknown: \(words[0])")
        }
    }

    /// Goes on with a recording until it is killed, and says how many segments there are after each.
    private static func append(
        _ path: String,
        _ id: RecordingID,
        _ store: FileKeyStore,
        _ epoch: RecordingEpoch,
        _ seed: UInt64
    ) throws {
        let samples = SampleSegments(seed: seed, longest: 256 << 10)
        let file = try RecordingFile(path: path, id: id, keys: store)
        say("\(file.segmentCount)")
        while true {
            // Continuations of another epoch are killed as well.
            if file.segmentCount % 40 == 0 || file.epoch == nil { try file.begin(epoch) }
            try file.append(samples.segment(file.segmentCount))
            say("\(file.segmentCount)")
        }
    }

    /// Writes until there is no room, makes room, and goes on.
    private static func fill(
        _ path: String,
        _ id: RecordingID,
        _ store: FileKeyStore,
        _ epoch: RecordingEpoch,
        _ seed: UInt64,
        _ space: inout DiskSpace
    ) async throws {
        let samples = SampleSegments(seed: seed, longest: 64 << 10)
        let writer = RecordingWriter(path: path, id: id, keys: store)
        writer.begin(epoch)
        var number = 0
        func hand() async throws {
            writer.append(samples.segment(number))
            number += 1
            while writer.counts.writtenSegments + writer.counts.droppedSegments < number {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        while writer.state == .writing { try await hand() }
        say("full \(writer.state)")
        for _ in 0..<3 { try await hand() }
        say("still \(writer.state) \(writer.counts.droppedSegments)")
        try space.grow()
        for _ in 0..<3 { try await hand() }
        say("again \(writer.state) \(writer.counts.droppedSegments)")
        let summary = await writer.finish()
        let reader = try RecordingReader(path: path, expecting: id, keys: store)
        try reader.verify(keys: store)
        var expected: [Int64] = []
        for entry in reader.segments {
            let segment = try reader.segment(entry)
            let second = Int(segment.startNanoseconds / SampleSegments.second)
            let number = segment.kind == .initialization ? 0 : second + 1
            guard segment == samples.segment(number) else { return say("another segment \(entry.number)") }
            expected.append(segment.startNanoseconds)
        }
        say(
            "read \(reader.segments.count) of \(number), sealed \(summary?.isSealed ?? false), "
                + "dropped \(reader.droppedSegments)"
        )
        if let free = try? FileManager.default.contentsOfDirectory(atPath: space.folder) {
            say("files \(free.count)")
        }
    }

    static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}
