import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

/// A published checkpoint with the file that says so, which proofs lead to.
struct PublishedCheckpoint: Sendable, Hashable {
    let checkpoint: Checkpoint
    /// The signed file.
    let bytes: [UInt8]
    let verifierKey: String
}

extension AccountingQuery {
    /// A page of a participant's accounting, with proofs as far as it is published.
    static func document(
        of participant: ParticipantID,
        after: Int64,
        limit: Int,
        published: PublishedCheckpoint?,
        _ connection: Database
    ) throws -> AccountingDocument {
        let page = try accounting(of: participant, after: after, limit: limit, connection)
        let size = try LeafTable.size(connection)
        // A checkpoint that the database does not reach yet proves nothing of it.
        let published = published.flatMap { $0.checkpoint.size <= size ? $0 : nil }
        let tiles = published.map { CachedTiles(size: $0.checkpoint.size, connection) }
        return AccountingDocument(
            participant: participant.text,
            disclosures: try page.disclosures.map { try document($0, published, tiles, connection) },
            operatorReads: after > 0 ? [] : try reads(of: participant, connection).map(document),
            next: page.next,
            verifierKey: published?.verifierKey ?? ""
        )
    }

    private static func document(
        _ account: DisclosureAccount,
        _ published: PublishedCheckpoint?,
        _ tiles: CachedTiles?,
        _ connection: Database
    ) throws -> AccountingDocument.Disclosure {
        let interval = account.interval
        let (outcome, reason) = words(account.outcome)
        let leaves = Set([account.leaves.lowerBound, account.leaves.upperBound]).sorted()
        return AccountingDocument.Disclosure(
            interval: interval.id,
            outcome: outcome,
            reason: reason,
            room: interval.room.text,
            stream: interval.stream,
            purpose: interval.audience.purpose.rawValue,
            recipientClass: interval.audience.recipientClass.rawValue,
            recipient: interval.audience.recipient,
            session: interval.session,
            media: interval.media.sorted().map(\.rawValue),
            from: account.from.rfc3339,
            until: account.until.rfc3339,
            packets: account.packets,
            bytes: account.bytes,
            epoch: interval.epoch,
            grant: interval.grant,
            basis: interval.basis?.rawValue,
            notice: interval.notice.map {
                AccountingDocument.Notice(id: $0.id, version: $0.version, sha256: $0.sha256)
            },
            salts: Dictionary(
                uniqueKeysWithValues: account.salts.map { ($0.key.rawValue, Hexadecimal.encode($0.value)) }
            ),
            evidence: try leaves.map { try evidence($0, published, tiles, connection) }
        )
    }

    private static func evidence(
        _ index: UInt64,
        _ published: PublishedCheckpoint?,
        _ tiles: CachedTiles?,
        _ connection: Database
    ) throws -> AccountingDocument.Evidence {
        let leaf = try LeafTable.leaves(index..<index + 1, connection)[0]
        var proof: LogProof?
        if let published, let tiles, index < published.checkpoint.size {
            proof = LogProof(try tiles.inclusionProof(of: index), checkpoint: published.bytes)
        }
        return AccountingDocument.Evidence(
            leaf: index,
            statement: String(decoding: leaf, as: UTF8.self),
            proof: proof?.text
        )
    }

    private static func document(_ read: OperatorReadAccount) -> AccountingDocument.OperatorRead {
        AccountingDocument.OperatorRead(
            time: read.time.rfc3339,
            role: read.role,
            scope: read.scope,
            reason: read.reason,
            leaf: read.leaf
        )
    }

    private static func words(_ outcome: DisclosureAccount.Outcome) -> (String, String?) {
        switch outcome {
        case .open: ("open", nil)
        case .closed: ("closed", nil)
        case .interrupted: ("interrupted", nil)
        case .refused(let reason): ("refused", reason.rawValue)
        }
    }
}

/// The tiles that the proofs of one page need, each read once.
private final class CachedTiles {
    private let size: UInt64
    private let connection: Database
    private var tiles: [TileID: HashTile] = [:]

    init(size: UInt64, _ connection: Database) {
        self.size = size
        self.connection = connection
    }

    func inclusionProof(of index: UInt64) throws -> InclusionProof {
        try TileReader(size: size) { [self] id throws(any Error) in
            if let tile = tiles[id] { return tile }
            let tile = try LeafTable.tile(id, connection)
            tiles[id] = tile
            return tile
        }.inclusionProof(of: index)
    }
}
