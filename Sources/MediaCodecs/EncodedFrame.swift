import RTPPackets

/// One picture as a codec wrote it.
package struct EncodedFrame: Hashable, Sendable {
    package var codec: MediaCodec
    /// A VP8 or VP9 frame, an H.264 access unit in Annex B form (start codes), or an AV1 temporal unit of OBUs with
    /// sizes.
    package var bytes: [UInt8]
    /// RTP time, 90 kHz.
    package var timestamp: UInt32
    package var isKeyframe: Bool
    /// Temporal layer, 0 the lowest.
    package var temporalLayer: UInt8
    /// The frame depends on the lowest temporal layer only, so that a viewer may move up to this layer here.
    package var isLayerSync: Bool
    /// Later frames may refer to this one; without it they still decode if this is false.
    package var isReferenced: Bool
    /// Pixels a row and rows of the picture.
    package var width: Int
    package var height: Int

    package init(
        codec: MediaCodec,
        bytes: [UInt8],
        timestamp: UInt32,
        isKeyframe: Bool,
        temporalLayer: UInt8 = 0,
        isLayerSync: Bool = false,
        isReferenced: Bool = true,
        width: Int,
        height: Int
    ) {
        self.codec = codec
        self.bytes = bytes
        self.timestamp = timestamp
        self.isKeyframe = isKeyframe
        self.temporalLayer = temporalLayer
        self.isLayerSync = isLayerSync
        self.isReferenced = isReferenced
        self.width = width
        self.height = height
    }

    /// The NAL units of an H.264 access unit, without start codes; empty for other codecs.
    package var networkAbstractionLayerUnits: [ArraySlice<UInt8>] {
        codec == .h264 ? AnnexB.split(bytes) : []
    }
}
