import Primitives

/// One stretch of disclosure: a stream, shown to one recipient session under one opening of the door.
package struct DisclosureInterval: Sendable, Hashable {
    /// Unique within a ledger, and it says nothing about anybody: 32 lowercase hexadecimal digits, random.
    package let id: String
    package let room: RoomName
    /// Whose stream.
    package let participant: ParticipantID
    package let stream: String
    package let audience: Audience
    /// The recipient's session: opaque, and a new one for each WHEP session, recorder run or push.
    package let session: String
    package let media: Set<MediaType>
    /// The room's consent epoch of the permit that opened the interval, or of the refusal.
    package let epoch: UInt64
    /// Sequence of the event that grants or demands it; `nil` for a refusal.
    package let grant: UInt64?
    /// The notice that the grant refers to, if it names one.
    package let notice: NoticeReference?
    /// On what ground it is made; `nil` for a refusal, and in entries from before this was written down.
    package let basis: Permit.Basis?

    package init(
        id: String,
        room: RoomName,
        participant: ParticipantID,
        stream: String,
        audience: Audience,
        session: String,
        media: Set<MediaType>,
        epoch: UInt64,
        grant: UInt64?,
        notice: NoticeReference?,
        basis: Permit.Basis? = nil
    ) {
        self.id = id
        self.room = room
        self.participant = participant
        self.stream = stream
        self.audience = audience
        self.session = session
        self.media = media
        self.epoch = epoch
        self.grant = grant
        self.notice = notice
        self.basis = basis
    }
}

/// One leaf of the disclosure ledger: what happened to an interval, never changed afterwards.
package struct DisclosureEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Committed before the first packet may leave.
        case opened
        /// Still open, counted up to `time`.
        case progress
        /// Ended at `time`; the counts are final.
        case closed
        /// Found open at start-up: the counts are a lower bound of the packets, `time` an upper bound of the end.
        case interrupted
        /// Nothing was disclosed, and why.
        case refused(DenyReason)
    }

    package let interval: DisclosureInterval
    package let kind: Kind
    /// When the interval began (for a refusal, when it was decided).
    package let from: WallClockTime
    /// When this entry was made.
    package let time: WallClockTime
    /// RTP packets of the stream that were handed to the network since `from`, retransmissions included.
    package let packets: UInt64
    /// Their RTP payload in bytes, before encryption.
    package let bytes: UInt64

    package init(
        interval: DisclosureInterval,
        kind: Kind,
        from: WallClockTime,
        time: WallClockTime,
        packets: UInt64 = 0,
        bytes: UInt64 = 0
    ) {
        self.interval = interval
        self.kind = kind
        self.from = from
        self.time = time
        self.packets = packets
        self.bytes = bytes
    }
}
