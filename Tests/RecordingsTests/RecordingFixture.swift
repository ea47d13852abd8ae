import Foundation
import Primitives
import RecordingSamples
import Recordings
import Testing

/// A folder for recordings and one for keys, both removed with this value.
final class RecordingFixture: Sendable {
    let root: String
    let folder: RecordingFolder
    let store: FileKeyStore
    let names: RecordingKeyNames
    let id = RecordingID()

    init() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "recordings-\(UUID())").path
        self.root = root
        folder = try RecordingFolder(path: "\(root)/data")
        store = try FileKeyStore(directory: "\(root)/keys", apartFrom: "\(root)/data")
        names = try RecordingKeyNames(path: "\(root)/keys/\(FileKeyStore.namesFile)")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    var path: String { folder.path(of: id) }

    func name(
        _ participant: String = "ada",
        _ purpose: RecordingKeyPurpose = .ordinary
    ) throws -> RecordingKeyName {
        names.name(
            of: try #require(ParticipantID(participant)),
            in: try #require(RoomName("studio")),
            for: purpose
        )
    }

    func epoch(_ number: UInt64 = 1, _ participant: String = "ada") throws -> RecordingEpoch {
        RecordingEpoch(number: number, keyName: try name(participant))
    }

    /// A file of `count` segments, of which the last `second` belong to an epoch of their own.
    @discardableResult
    func record(
        _ count: Int,
        second: Int = 0,
        longest: Int = 40,
        seal: Bool = true,
        path: String? = nil,
        id: RecordingID? = nil,
        participant: String = "ada",
        seed: UInt64 = 1
    ) throws -> SampleSegments {
        let samples = SampleSegments(seed: seed, longest: longest)
        let file = try RecordingFile(path: path ?? self.path, id: id ?? self.id, keys: store)
        try file.begin(epoch(1, participant))
        for number in 0..<count {
            if number > 0, number == count - second { try file.begin(epoch(2, participant)) }
            try file.append(samples.segment(number))
        }
        if seal { try file.seal() }
        return samples
    }

    func reader(_ path: String? = nil) throws(RecordingError) -> RecordingReader {
        try RecordingReader(path: path ?? self.path, keys: store)
    }

    func bytes(_ path: String? = nil) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path ?? self.path)))
    }

    func put(_ bytes: [UInt8], _ path: String? = nil) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path ?? self.path))
    }

    /// Whether the file at this fixture's path can be read to its end without a complaint.
    func isWhole() -> Bool {
        guard let reader = try? reader() else { return false }
        return (try? reader.verify(keys: store)) != nil
    }

    /// Files below `folder` that hold `wanted` anywhere.
    static func files(below folder: String, holding wanted: [UInt8]) throws -> [String] {
        let walk = try #require(FileManager.default.enumerator(atPath: folder))
        return walk.compactMap { $0 as? String }.filter { name in
            let data = FileManager.default.contents(atPath: "\(folder)/\(name)")
            return data?.range(of: Data(wanted)) != nil
        }
    }
}

/// The segments that a reader gives.
func content(of reader: RecordingReader) throws -> [RecordingSegment] {
    try reader.segments.map { try reader.segment($0) }
}

/// What a call throws; `nil` if it does not.
func thrown(_ body: () throws -> Void) -> RecordingError? {
    do {
        try body()
        return nil
    } catch {
        return error as? RecordingError
    }
}

extension RecordingError {
    var isForged: Bool {
        if case .forged = self { return true }
        return false
    }
}
