import Disclosures
import Primitives
import TransparencyLogs

/// A leaf of the ledger's Merkle tree: what is published, which names nobody.
///
/// Its bytes are canonical JSON (RFC 8785) with these members, `v` being the version of the form:
///
///     v                 1
///     kind              opened, progress, closed, interrupted, refused, operator-read, erasure
///     time              when the leaf was made (RFC 3339, nanoseconds, UTC)
///
///     of an interval (opened, closed, interrupted, refused; progress has interval, packets and bytes only)
///     interval          its random name, 32 hexadecimal digits
///     participant       whose stream (commitment)
///     stream, session   the stream, and the recipient's session (commitments)
///     room              the room (commitment)
///     recipient         the recipient's name, where the purpose names one (commitment)
///     recipient_class   room_viewer, embed_partner, recorder, restream_destination, ...
///     purpose           live_room, live_embed, recording, rebroadcast, ...
///     media             kinds of media, sorted
///     from              when it began
///     packets, bytes    handed to the network since then; of `interrupted` a lower bound, as `time` is an upper
///     epoch             of the room's consents at the decision
///     basis             consent, or legal-demand; absent from refusals and from leaves of earlier programs
///     grant             sequence of the consent event that grants it, or of the demand
///     notice            SHA-256 of the notice that the grant refers to
///     reason            of a refusal: the deny reason
///
///     operator-read     id, role, scope; participant and reason (commitments)
///     erasure           id, participant (commitment), disclosures, entries, first, last (leaves concerned)
///
/// A commitment is SHA-256(salt || field name || 0x00 || value) in hexadecimal. The salt is
/// HMAC-SHA-256(secret of the participant, interval or id || field name), with the 16 bytes that interval or
/// id spell: erasing the one secret makes all leaves of a participant unattributable, and showing one salt
/// proves one field and nothing else.
package enum LedgerLeaf: Sendable, Hashable {
    case disclosure(DisclosureLeaf)
    case progress(ProgressLeaf)
    case operatorRead(OperatorReadLeaf)
    case erasure(ErasureLeaf)

    /// The version of the form.
    package static let version = 1 as UInt64

    /// What stands in the log.
    package var bytes: [UInt8] {
        switch self {
        case .disclosure(let leaf): leaf.bytes
        case .progress(let leaf): leaf.bytes
        case .operatorRead(let leaf): leaf.bytes
        case .erasure(let leaf): leaf.bytes
        }
    }
}

/// The leaf of an interval that was opened, closed, interrupted or refused.
package struct DisclosureLeaf: Sendable, Hashable {
    package var kind: DisclosureEntry.Kind
    package let interval: String
    package let participant: MerkleHash
    package let room: MerkleHash
    package let stream: MerkleHash
    package let session: MerkleHash
    package let recipient: MerkleHash?
    package let recipientClass: String
    package let purpose: String
    package let media: [String]
    package let basis: String?
    package let epoch: UInt64
    package let grant: UInt64?
    package let notice: String?
    package let from: WallClockTime
    package var time: WallClockTime
    package var packets: UInt64
    package var bytesSent: UInt64

    package var bytes: [UInt8] {
        var json = CanonicalJSON()
        json.text("basis", basis)
        json.number("bytes", bytesSent)
        json.number("epoch", epoch)
        json.text("from", from.rfc3339)
        json.number("grant", grant)
        json.text("interval", interval)
        json.text("kind", kind.word)
        json.list("media", media)
        json.text("notice", notice)
        json.number("packets", packets)
        json.text("participant", participant.hexadecimal)
        json.text("purpose", purpose)
        json.text("reason", kind.denyReason?.rawValue)
        json.text("recipient", recipient?.hexadecimal)
        json.text("recipient_class", recipientClass)
        json.text("room", room.hexadecimal)
        json.text("session", session.hexadecimal)
        json.text("stream", stream.hexadecimal)
        json.text("time", time.rfc3339)
        json.number("v", LedgerLeaf.version)
        return json.finished()
    }
}

/// The leaf of an interval that goes on: all else stands in the leaf that opened it.
package struct ProgressLeaf: Sendable, Hashable {
    package let interval: String
    package let time: WallClockTime
    package let packets: UInt64
    package let bytesSent: UInt64

    package var bytes: [UInt8] {
        var json = CanonicalJSON()
        json.number("bytes", bytesSent)
        json.text("interval", interval)
        json.text("kind", DisclosureEntry.Kind.progress.word)
        json.number("packets", packets)
        json.text("time", time.rfc3339)
        json.number("v", LedgerLeaf.version)
        return json.finished()
    }
}

/// The leaf of an operator's look at personal data.
package struct OperatorReadLeaf: Sendable, Hashable {
    static let kind = "operator-read"

    package let id: String
    package let role: String
    package let scope: String
    package let reason: MerkleHash
    package let participant: MerkleHash?
    package let time: WallClockTime

    package var bytes: [UInt8] {
        var json = CanonicalJSON()
        json.text("id", id)
        json.text("kind", Self.kind)
        json.text("participant", participant?.hexadecimal)
        json.text("reason", reason.hexadecimal)
        json.text("role", role)
        json.text("scope", scope)
        json.text("time", time.rfc3339)
        json.number("v", LedgerLeaf.version)
        return json.finished()
    }
}

/// The leaf that says that a participant's leaves lead to nobody any more.
package struct ErasureLeaf: Sendable, Hashable {
    static let kind = "erasure"

    package let id: String
    /// Opened only by the salt in the certificate.
    package let participant: MerkleHash
    package let disclosures: UInt64
    package let entries: UInt64
    /// The first and the last leaf concerned; `nil` if there is none.
    package let leaves: ClosedRange<UInt64>?
    package let time: WallClockTime

    package var bytes: [UInt8] {
        var json = CanonicalJSON()
        json.number("disclosures", disclosures)
        json.number("entries", entries)
        json.number("first", leaves?.lowerBound)
        json.text("id", id)
        json.text("kind", Self.kind)
        json.number("last", leaves?.upperBound)
        json.text("participant", participant.hexadecimal)
        json.text("time", time.rfc3339)
        json.number("v", LedgerLeaf.version)
        return json.finished()
    }
}

extension DisclosureEntry.Kind {
    /// As leaves and rows spell it.
    var word: String {
        switch self {
        case .opened: "opened"
        case .progress: "progress"
        case .closed: "closed"
        case .interrupted: "interrupted"
        case .refused: "refused"
        }
    }

    var denyReason: DenyReason? {
        if case .refused(let reason) = self { return reason }
        return nil
    }

    /// The kind that rows spell `word`; a refusal's reason stands beside it.
    init?(word: String, reason: String?) {
        switch word {
        case "opened": self = .opened
        case "progress": self = .progress
        case "closed": self = .closed
        case "interrupted": self = .interrupted
        case "refused":
            guard let reason = reason.flatMap(DenyReason.init(rawValue:)) else { return nil }
            self = .refused(reason)
        default: return nil
        }
    }
}
