import Foundation
import RecordingSamples
import Recordings
import Testing

/// A full disk is told and costs the segments that came meanwhile, and nothing else.
@Suite struct NoRoomTests {
    private let fixture: RecordingFixture

    init() throws { fixture = try RecordingFixture() }

    private func run(_ kind: String, script: String? = nil) throws -> [String] {
        let probe = try ProbeProcess(
            [
                kind, fixture.path, fixture.id.description, fixture.root + "/keys",
                try fixture.name().description, "7",
            ],
            script: script
        )
        return probe.lines()
    }

    private func check(_ lines: [String], errno: Int32) throws {
        try #require(lines.count >= 4, "\(lines)")
        #expect(lines[0] == "full full(\(errno))")
        #expect(lines[1] == "still full(\(errno)) 4")
        #expect(lines[2] == "again writing 4")
        let numbers = lines[3].split(separator: " ").compactMap { Int($0.filter(\.isNumber)) }
        try #require(numbers.count == 3, "\(lines)")
        // All that was handed over but the four, and the trailer says how many are missing.
        #expect(numbers[0] == numbers[1] - 4 && numbers[2] == 4)
        #expect(lines[3].contains("sealed true"))
    }

    @Test func aFullFileSystemIsToldAndRecoveredFrom() throws {
        // A file system of its own, in a mount name space of its own: as root, or as whoever may be root there.
        let script = """
            unshare --mount true 2>/dev/null && own=--mount || own="--mount --map-root-user"
            exec unshare $own sh -c 'mount -t tmpfs -o size=1m,mode=700 tmpfs "$0" && exec "$@"' \
                '\(fixture.folder.path)' "$@"
            """
        let lines = try run("tmpfs", script: script)
        if lines.isEmpty {
            // Where nobody may mount anything, the limit of the other test stands in.
            Issue.record("no file system can be mounted here", severity: .warning)
            return
        }
        try check(lines, errno: ENOSPC)
        #expect(lines.last == "files 1")
    }

    @Test func aRecordingThatHasNoRoomToBeginBeginsWhenThereIs() throws {
        try check(try run("nothing"), errno: EFBIG)
        #expect(try fixture.reader().segments.first?.number == 0)
    }

    @Test func aLimitOnTheSizeOfFilesIsToldAndRecoveredFrom() throws {
        try check(try run("limit"), errno: EFBIG)
        #expect(try fixture.reader().ending == .sealed)
        // What could not be written was sealed, and a part of it may have been on the disk: its nonces are spent.
        let layout = RecordingLayout(try fixture.bytes())
        let segments = layout.records.indices.filter { layout.kind($0) == 2 }
        let jumps = zip(segments, segments.dropFirst()).map { layout.counter($1) - layout.counter($0) }
        #expect(jumps.filter { $0 != 1 } == [5])
    }
}
