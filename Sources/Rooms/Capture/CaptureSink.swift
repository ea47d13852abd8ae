import MediaRings

/// What takes the media that a recorder reads; called on the recorder's thread, and never waits.
///
/// Of a line come `begin`, packets and `end`, in this order, again and again. Within a stretch every sequence number
/// comes at most once, in the order of arrival; a packet without payload says that nothing is missing at its number.
package protocol CaptureSink: ~Copyable, SendableMetatype {
    /// A stretch is about to come; `false` if nothing can be kept now (it is asked again a little later).
    mutating func begin(_ stretch: CaptureStretch) -> Bool

    /// Takes a packet and copies what it keeps of the payload, which holds for this call only.
    ///
    /// `false` if it was not taken; `end` follows.
    mutating func take(_ packet: RingPacket, _ payload: RawSpan, of line: LineName) -> Bool

    /// The line's stretch is over: nothing of it may wait any longer for what would come next.
    mutating func end(_ line: LineName, because end: CaptureEnd)

    /// Has everything that was taken of stretches that have ended written; nobody waits here for that.
    mutating func flush(_ number: UInt64)

    /// The newest number of `flush` for which everything is written, or given up and never will be.
    mutating func flushed() -> UInt64

    /// Lines whose pictures cannot be put together any more without a keyframe, once each.
    mutating func takeKeyframeWishes() -> [LineName]

    /// Everything is lost that was not written when the recorder was cut off: there is no stretch any more.
    mutating func recover()
}
