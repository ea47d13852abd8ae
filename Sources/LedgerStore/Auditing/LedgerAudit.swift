import Foundation
import TransparencyLogs

/// Verifies a published log, and the database behind it where there is one.
package enum LedgerAudit {
    /// What holds.
    package struct Report: Sendable, Hashable {
        package let checkpoint: Checkpoint
        /// Files that hold: tiles and bundles.
        package let tiles: Int
        package let bundles: Int
        /// Leaves of the older checkpoint that this one extends; `nil` if none was given.
        package let extends: UInt64?
        /// What was compared with the database; `nil` if there was none.
        package let rows: RowReport?
    }

    /// What does not hold: a sentence for whoever has to look into it.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Verifies everything under `source`: the signature, every tile against the root, every entry against
    /// its tile, an older checkpoint's file, and the rows that `reader` has.
    package static func verify(
        _ source: some LogSource,
        key: VerifierKey,
        older: [UInt8]? = nil,
        rows reader: LedgerReader? = nil
    ) async throws -> Report {
        guard let bytes = try await source.read(.checkpoint) else {
            throw Failure(description: "there is no checkpoint: nothing was ever published here")
        }
        let checkpoint = try read(bytes, "the checkpoint", key)
        let before = try older.map { try read($0, "the older checkpoint", key) }
        try reader?.checkIntegrity()
        var audit = reader.map { RowAudit($0) }
        var (tiles, bundles) = (0, 0)
        do {
            var log = try LogVerification(checkpoint, extending: before)
            while let id = log.nextBundle {
                let entries = try log.take(
                    entries: try await wholeOrPart(.entries(id), source),
                    tile: try await wholeOrPart(.tile(id), source)
                )
                bundles += 1
                tiles += 1
                try audit?.compare(entries, from: id.index * UInt64(TileID.fullWidth))
                for id in log.nextTiles {
                    try log.take(tile: id, try await wholeOrPart(.tile(id), source))
                    tiles += 1
                }
            }
            try log.finish()
        } catch let finding as LogVerification.Finding {
            throw Failure(description: finding.sentence)
        }
        return Report(
            checkpoint: checkpoint,
            tiles: tiles,
            bundles: bundles,
            extends: before?.size,
            rows: try audit?.finish()
        )
    }

    /// A partial file that is gone because the full one has taken its place is cut out of that.
    private static func wholeOrPart(
        _ resource: LogResource,
        _ source: some LogSource
    ) async throws -> [UInt8]? {
        if let bytes = try await source.read(resource) { return bytes }
        switch resource {
        case .tile(let id) where !id.isFull:
            guard let full = TileID(level: id.level, index: id.index),
                let bytes = try await source.read(.tile(full))
            else { return nil }
            return Array(bytes.prefix(id.width * MerkleHash.byteCount))
        case .entries(let id) where !id.isFull:
            guard let full = TileID(level: 0, index: id.index),
                let bytes = try await source.read(.entries(full)),
                let entries = EntryBundle.decode(bytes, count: TileID.fullWidth)
            else { return nil }
            return EntryBundle.encode(entries.prefix(id.width))
        default: return nil
        }
    }

    private static func read(_ bytes: [UInt8], _ what: String, _ key: VerifierKey) throws -> Checkpoint {
        do {
            return try Checkpoint(verifying: bytes, with: key)
        } catch {
            let reason =
                switch error {
                case .malformed(let text): "is malformed: \(text)"
                case .unsigned(let key): "is not signed by \(key.text)"
                case .badSignature(let key): "has a signature of \(key.text) that is not over its text"
                }
            throw Failure(description: "\(what) \(reason)")
        }
    }
}

extension LogVerification.Finding {
    /// The finding as a sentence.
    var sentence: String {
        switch self {
        case .missing(let resource):
            "\(resource.path) is missing"
        case .malformed(let resource):
            "\(resource.path) has not the form or the number of entries that its place demands"
        case .entryDiffers(let index):
            "the entry of leaf \(index) has not the hash that its tile says: one of them was changed"
        case .tileDiffers(let id):
            "\(LogResource.tile(id).path) differs from the hashes of the leaves below it"
        case .rootDiffers(let checkpoint, let found):
            "the \(checkpoint.size) leaves lead to the root \(Base64Text.encode(found.bytes)), and the checkpoint "
                + "signs \(Base64Text.encode(checkpoint.root.bytes)): leaves were changed, dropped or added"
        case .forked(let older, let found):
            "the log was forked: its first \(older.size) leaves lead to \(Base64Text.encode(found.bytes)), and the "
                + "older checkpoint signs \(Base64Text.encode(older.root.bytes))"
        case .shrunk(let older, let checkpoint):
            "the log has \(checkpoint.size) leaves and had \(older.size) at the older checkpoint: leaves were "
                + "dropped"
        }
    }
}
