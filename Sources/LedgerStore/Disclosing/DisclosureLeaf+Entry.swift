import Disclosures
import Primitives
import TransparencyLogs

extension DisclosureLeaf {
    /// The leaf of `entry`, whose interval's name spells the bytes `name`, under its participant's secret.
    init(_ entry: DisclosureEntry, name: [UInt8], secret: CommitmentSecret) {
        let interval = entry.interval
        func commitment(_ domain: CommitmentDomain, _ value: String) -> MerkleHash {
            secret.commitment(to: value, domain, context: name)
        }
        self.init(
            kind: entry.kind,
            interval: interval.id,
            participant: commitment(.participant, interval.participant.text),
            room: commitment(.room, interval.room.text),
            stream: commitment(.stream, interval.stream),
            session: commitment(.session, interval.session),
            recipient: interval.audience.recipient.map { commitment(.recipient, $0) },
            recipientClass: interval.audience.recipientClass.rawValue,
            purpose: interval.audience.purpose.rawValue,
            media: interval.media.sorted().map(\.rawValue),
            basis: interval.basis?.rawValue,
            epoch: interval.epoch,
            grant: interval.grant,
            notice: interval.notice?.sha256,
            from: entry.from,
            time: entry.time,
            packets: entry.packets,
            bytesSent: entry.bytes
        )
    }

    /// The leaf as it is published: of an interval that goes on only what changed.
    var ledgerLeaf: LedgerLeaf {
        kind == .progress
            ? .progress(
                ProgressLeaf(interval: interval, time: time, packets: packets, bytesSent: bytesSent)
            ) : .disclosure(self)
    }

    /// Whether both are of the same interval, however far it has gone.
    func describesTheSame(as other: DisclosureLeaf) -> Bool {
        var mine = self
        mine.kind = other.kind
        mine.time = other.time
        mine.packets = other.packets
        mine.bytesSent = other.bytesSent
        return mine == other
    }
}
