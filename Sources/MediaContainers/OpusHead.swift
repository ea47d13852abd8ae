/// The identification header of an Opus stream (RFC 7845 5.1), which is its CodecPrivate.
package struct OpusHead: Hashable, Sendable {
    /// 1 or 2.
    package var channels: UInt8

    /// Samples at 48 kHz that a decoder drops at the start: what libopus looks ahead, 6.5 ms.
    ///
    /// RTP does not state it. A decoder that is joined in the middle of a stream has at least that much to settle,
    /// and by the delay that goes with it sound lies where it was captured instead of 6.5 ms later.
    package static let preSkipSamples: UInt16 = 312
    /// The same in nanoseconds, as CodecDelay wants it.
    package static let codecDelayNanoseconds: UInt64 = 6_500_000
    /// What a decoder has to hear before a place it is sent to (WebM container guidelines): 80 ms.
    package static let seekPreRollNanoseconds: UInt64 = 80_000_000

    package init(channels: UInt8) {
        self.channels = channels
    }

    /// Magic, version 1, channels, pre-skip, input rate, gain 0 and mapping family 0; numbers little-endian.
    package var bytes: [UInt8] {
        Array("OpusHead".utf8) + [1, channels]
            + [UInt8(truncatingIfNeeded: Self.preSkipSamples), UInt8(Self.preSkipSamples >> 8)]
            + [0x80, 0xBB, 0, 0] + [0, 0, 0]
    }
}
