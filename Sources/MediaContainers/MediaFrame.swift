import RTPPackets

/// One encoded frame with its place on the recording's clock.
package struct MediaFrame: Hashable, Sendable {
    package var kind: MediaKind
    /// Nanoseconds since the recording began.
    package var time: Int64
    /// How long it is heard or, if known, seen; 0 if not known.
    package var duration: Int64
    /// Audio is always true.
    package var isKeyframe: Bool
    /// Frames are missing between the one before and this one, so that it may not decode if not a keyframe.
    package var followsGap: Bool
    /// What codecs take: an Opus packet, a VP8 or VP9 frame, an H.264 access unit in Annex B form, or an AV1 temporal
    /// unit of OBUs with sizes.
    package var bytes: [UInt8]

    package init(
        kind: MediaKind,
        time: Int64,
        duration: Int64 = 0,
        isKeyframe: Bool,
        followsGap: Bool = false,
        bytes: [UInt8]
    ) {
        self.kind = kind
        self.time = time
        self.duration = duration
        self.isKeyframe = isKeyframe
        self.followsGap = followsGap
        self.bytes = bytes
    }
}
