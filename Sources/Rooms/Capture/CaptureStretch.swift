import Primitives
import RTPPackets

/// What a recorder gets of one line without a break: one opening of its gate, one source of the publisher, one
/// codec, one interval of the disclosure ledger.
package struct CaptureStretch: Sendable, Equatable {
    package let line: LineName
    /// Where its packets are counted, and so in which interval they are disclosed.
    package let account: AccountID
    /// The number of the gate's opening.
    package let opening: UInt64
    /// The consent epoch of the permit: media of another is stored under another key.
    package let epoch: UInt64
    package let codec: MediaCodec
    /// The publisher's source, as `RingPacket.source` counts them.
    package let source: UInt32
    /// The lowest sequence number there will be; of video a keyframe starts with it, unless the stretch goes on.
    ///
    /// It need not come first: packets stand in the order of their arrival.
    package let firstSequence: Int64
    /// When the recorder came to it; no media in it counts as captured earlier.
    package let begunAt: ClockReading
    /// It goes on where the line's last stretch ended: pictures can be decoded, and numbers and times follow on.
    package let isContinued: Bool

    package init(
        line: LineName,
        account: AccountID,
        opening: UInt64,
        epoch: UInt64,
        codec: MediaCodec,
        source: UInt32,
        firstSequence: Int64,
        begunAt: ClockReading,
        isContinued: Bool
    ) {
        self.line = line
        self.account = account
        self.opening = opening
        self.epoch = epoch
        self.codec = codec
        self.source = source
        self.firstSequence = firstSequence
        self.begunAt = begunAt
        self.isContinued = isContinued
    }
}

/// Why a stretch is over.
package enum CaptureEnd: Sendable, Equatable {
    /// The door is closed, or its lease has run out.
    case withheld
    /// There is no order any more to record the line.
    case released
    /// The ring's writer has overtaken the recorder.
    case overtaken
    /// The publisher has begun anew, or sends another codec.
    case sourceChanged
    /// The line goes on under another consent epoch or in another interval.
    case renewed
    /// The sink did not take a packet.
    case refused
}
