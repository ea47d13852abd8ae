import Foundation
import Primitives
import RecordingSamples
import Recordings
import Testing

/// Whoever hands segments over never waits, and knows what became of them.
@Suite(.timeLimit(.minutes(2))) struct RecordingWriterTests {
    private let fixture: RecordingFixture
    private let samples = SampleSegments(seed: 4, longest: 10_000)

    init() throws { fixture = try RecordingFixture() }

    private func writer(
        _ store: (any RecordingKeyStore)? = nil,
        queueBytes: Int = RecordingWriter.usualQueueBytes
    ) throws -> RecordingWriter {
        let keys = store ?? fixture.store
        return RecordingWriter(path: fixture.path, id: fixture.id, keys: keys, queueBytes: queueBytes)
    }

    /// Waits for a state of the writer, which has to come.
    private func wait(
        for writer: RecordingWriter,
        where isReached: (RecordingWriter) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !isReached(writer) {
            try #require(ContinuousClock.now < deadline, "\(writer.state) \(writer.counts)")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// A key store whose command waits until `release` is made, and does then what the file store's does.
    private func waitingStore() throws -> CommandKeyStore {
        let script = """
            #!/bin/sh
            touch '\(fixture.root)/waiting'
            while [ ! -e '\(fixture.root)/release' ]; do sleep 0.01; done
            case $1 in wrap|unwrap) cat ;; esac
            """
        let path = fixture.root + "/command"
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        return try CommandKeyStore(command: [path], seconds: 60)
    }

    private func touch(_ name: String) throws { try fixture.put([], "\(fixture.root)/\(name)") }

    private func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(fixture.root)/\(name)")
    }

    @Test func whatIsHandedOverIsWrittenAndSealed() async throws {
        let writer = try writer()
        #expect(writer.append(samples.segment(0)) == .closed)
        #expect(try fixture.folder.recordings() == [])
        writer.begin(try fixture.epoch(1))
        for number in 0..<20 {
            if number == 12 { writer.begin(try fixture.epoch(2)) }
            #expect(writer.append(samples.segment(number)) == .queued)
        }
        let summary = try #require(await writer.finish())
        #expect(summary.segmentCount == 20 && summary.isSealed && summary.droppedSegments == 0)
        #expect(writer.state == .ended)
        #expect(writer.append(samples.segment(20)) == .closed)
        let reader = try fixture.reader()
        #expect(reader.ending == .sealed)
        #expect(try content(of: reader) == (0..<20).map(samples.segment))
        #expect(reader.stretches.map { $0.segments } == [0..<12, 12..<20])
        #expect(summary.contentByteCount == (0..<20).map { samples.segment($0).content.count }.reduce(0, +))
    }

    @Test func aWriterWithoutASegmentLeavesNoFile() async throws {
        let writer = try writer()
        writer.begin(try fixture.epoch())
        #expect(await writer.finish() == nil)
        #expect(try fixture.folder.recordings() == [])
        #expect(try !fixture.store.exists(fixture.name()))
    }

    @Test func anotherWriterContinuesTheRecording() async throws {
        for start in [0, 5, 10] {
            let writer = try writer()
            writer.begin(try fixture.epoch())
            for number in start..<(start + 5) { writer.append(samples.segment(number)) }
            if start == 5 {
                // As if the process had ended: without a trailer.
                try await wait(for: writer) { $0.counts.writtenSegments == 5 }
                continue
            }
            #expect(await writer.finish()?.segmentCount == start + 5)
        }
        #expect(try content(of: fixture.reader()) == (0..<15).map(samples.segment))
    }

    @Test func segmentsThatGoBackOrAreTooLongAreRefused() async throws {
        let writer = try writer()
        writer.begin(try fixture.epoch())
        writer.append(samples.segment(5))
        #expect(writer.append(samples.segment(4)) == .refused)
        var segment = samples.segment(6)
        segment.endNanoseconds = segment.startNanoseconds - 1
        #expect(writer.append(segment) == .refused)
        segment = samples.segment(6)
        segment.content = [UInt8](repeating: 0, count: RecordingSegment.longestContent + 1)
        #expect(writer.append(segment) == .refused)
        #expect(writer.append(samples.segment(6)) == .queued)
        let summary = await writer.finish()
        #expect(summary?.segmentCount == 2 && summary?.droppedSegments == 3)
        // A later writer is held to what the file has already.
        let later = try self.writer()
        later.begin(try fixture.epoch())
        later.append(samples.segment(3))
        later.append(samples.segment(7))
        #expect(await later.finish()?.segmentCount == 3)
    }

    @Test func aWriterThatIsHeldUpDropsAndNeverWaits() async throws {
        let writer = try writer(try waitingStore(), queueBytes: 100_000)
        writer.begin(try fixture.epoch())
        writer.append(samples.segment(0))
        try await wait(for: writer) { _ in exists("waiting") }
        let began = ContinuousClock.now
        var fates: [RecordingSegmentFate] = []
        for number in 1...2000 { fates.append(writer.append(samples.segment(number))) }
        #expect(ContinuousClock.now - began < .seconds(5))
        let queued = fates.filter { $0 == .queued }.count
        #expect(queued > 5 && queued < 100)
        #expect(fates.suffix(2000 - queued).allSatisfy { $0 == .dropped })
        #expect(writer.state == .slow)
        #expect(writer.counts.queuedBytes <= 100_000)
        try touch("release")
        try await wait(for: writer) { $0.counts.writtenSegments == queued + 1 }
        #expect(writer.state == .writing)
        #expect(writer.append(samples.segment(3000)) == .queued)
        let summary = await writer.finish()
        #expect(summary?.segmentCount == queued + 2 && summary?.droppedSegments == 2000 - queued)
        var told: [RecordingWriterState] = []
        for await state in writer.states { told.append(state) }
        #expect(told == [.slow, .writing, .ended])
    }

    @Test func aPurgeTakesBackWhatIsNotWrittenAndWaitsForNoKey() async throws {
        let store = try waitingStore()
        let writer = try writer(store)
        writer.begin(try fixture.epoch(1))
        for number in 0..<10 { writer.append(samples.segment(number)) }
        try await wait(for: writer) { _ in exists("waiting") }
        await writer.purge()
        #expect(!exists("release"))
        #expect(writer.counts.queuedBytes == 0)
        #expect(writer.counts.purgedSegments == 9)
        try touch("release")
        // The one in the making finds out when it would be written; its key is not written either.
        try await wait(for: writer) { $0.counts.purgedSegments == 10 }
        #expect(writer.counts.writtenSegments == 0)
        #expect(try fixture.bytes().isEmpty)
        writer.begin(try fixture.epoch(2))
        writer.append(samples.segment(20))
        #expect(await writer.finish()?.segmentCount == 1)
        let reader = try RecordingReader(path: fixture.path, keys: store)
        #expect(reader.stretches.map { $0.epoch.number } == [2])
    }

    @Test(arguments: [true, false])
    func aRecordingThatIsTakenBackBeforeItIsWrittenLeavesNoFile(_ isFinished: Bool) async throws {
        do {
            let writer = try writer(try waitingStore())
            writer.begin(try fixture.epoch())
            writer.append(samples.segment(0))
            try await wait(for: writer) { _ in exists("waiting") }
            #expect(try fixture.folder.recordings() == [fixture.id])
            if isFinished {
                await writer.purge()
                try touch("release")
                #expect(await writer.finish() == nil)
            }
        }
        try touch("release")
        // Whoever is let go of ends by itself.
        let deadline = ContinuousClock.now + .seconds(60)
        while try fixture.folder.recordings() != [] {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test func nothingIsWrittenAfterAPurgeWasAnswered() async throws {
        let writer = try writer()
        writer.begin(try fixture.epoch())
        var random = SeededRandom(seed: 11)
        let samples = SampleSegments(seed: 11, longest: 200_000)
        var number = 0
        for _ in 0..<60 {
            let before = writer.counts.writtenSegments
            for _ in 0..<12 {
                writer.append(samples.segment(number))
                number += 1
            }
            let wanted = before + Int.random(in: 0..<6, using: &random)
            try await wait(for: writer) { $0.counts.writtenSegments >= wanted }
            await writer.purge()
            let bytes = (try? fixture.bytes().count) ?? 0
            let written = writer.counts.writtenSegments
            // The thread has had time for several segments by then.
            try await Task.sleep(for: .milliseconds(5))
            #expect(((try? fixture.bytes().count) ?? 0) == bytes)
            #expect(writer.counts.writtenSegments == written)
            #expect(written + writer.counts.purgedSegments == number)
        }
        #expect(await writer.finish()?.segmentCount == writer.counts.writtenSegments)
        #expect(writer.counts.purgedSegments > 0)
        try fixture.reader().verify(keys: fixture.store)
    }

    @Test func aKeyStoreThatIsAwayIsToldAndAskedAgain() async throws {
        let script = """
            #!/bin/sh
            echo >>'\(fixture.root)/asked'
            [ -e '\(fixture.root)/release' ] || exit 9
            case $1 in wrap|unwrap) cat ;; esac
            """
        let path = fixture.root + "/command"
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        let writer = try writer(try CommandKeyStore(command: [path]))
        writer.begin(try fixture.epoch())
        for number in 0..<50 { writer.append(samples.segment(number)) }
        try await wait(for: writer) { $0.counts.droppedSegments == 50 }
        guard case .withoutKey = writer.state else {
            Issue.record("\(writer.state)")
            return
        }
        // Not once for each segment.
        #expect(try fixture.bytes(fixture.root + "/asked").count < 10)
        try touch("release")
        var number = 50
        while writer.counts.writtenSegments == 0 {
            try #require(number < 5000)
            writer.append(samples.segment(number))
            number += 1
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(writer.state == .writing)
        #expect(await writer.finish()?.isSealed == true)
    }

    @Test func aFileThatIsNoRecordingIsToldAndLeftAlone() async throws {
        try fixture.put(Array("somebody else's file, which is long enough".utf8))
        let writer = try writer()
        writer.begin(try fixture.epoch())
        for number in 0..<3 { writer.append(samples.segment(number)) }
        try await wait(for: writer) { $0.counts.droppedSegments == 3 }
        #expect(writer.state == .failed(.notARecording))
        #expect(await writer.finish() == nil)
        #expect(try String(contentsOfFile: fixture.path, encoding: .utf8).hasPrefix("somebody"))
    }

    @Test func theDiskIsWaitedForOnceASecondAtMost() async throws {
        let writer = try writer()
        writer.begin(try fixture.epoch())
        let began = ContinuousClock.now
        var number = 0
        while ContinuousClock.now - began < .seconds(2.5) {
            writer.append(samples.segment(number))
            number += 1
            try await Task.sleep(for: .milliseconds(10))
        }
        let most = Int((ContinuousClock.now - began) / .seconds(1))
        #expect((1...most).contains(writer.counts.synchronizations))
        // And without anything that comes after the last one, too.
        let so = writer.counts.synchronizations
        try await wait(for: writer) { $0.counts.synchronizations == so + 1 }
        _ = await writer.finish()
    }

    @Test func nothingInTheClearIsOnTheDiskWhileItIsWritten() async throws {
        let writer = try writer()
        writer.begin(try fixture.epoch())
        for number in 0..<60 {
            writer.append(samples.segment(number))
            try await wait(for: writer) { $0.counts.writtenSegments == number + 1 }
            #expect(
                try RecordingFixture.files(below: fixture.root, holding: SampleSegments.marker) == []
            )
        }
        // The search does find what is there.
        try fixture.put(samples.segment(0).content, fixture.root + "/clear")
        let found = try RecordingFixture.files(below: fixture.root, holding: SampleSegments.marker)
        #expect(found == ["clear"])
        _ = await writer.finish()
    }
}
