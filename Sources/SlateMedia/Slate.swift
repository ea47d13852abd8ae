import MediaCodecs
import RTPPackets

/// What viewers see in place of a stream: one picture, encoded once, as RTP payloads.
///
/// There are no frames between keyframes: every repeat is a keyframe, so that any of them answers a PLI and none
/// depends on what was sent before.
package struct Slate: Sendable {
    package let codec: MediaCodec
    /// Pixels a row and rows.
    package let width: Int
    package let height: Int
    /// The payloads of one keyframe; the last one's packet has the marker bit.
    ///
    /// VP8 and VP9 descriptors carry a 15-bit picture id, TL0PICIDX (and VP8 KEYIDX), all 0, for the sender to
    /// rewrite.
    package let keyframePayloads: [[UInt8]]
    /// The same keyframe for every other sending: in H.264 two keyframes in a row must differ in idr_pic_id (ITU-T
    /// H.264 section 7.4.3), in VP8 and VP9 it equals `keyframePayloads`.
    package let alternateKeyframePayloads: [[UInt8]]

    /// The payloads of keyframe number `count` of a viewer, from 0.
    package func payloads(forKeyframe count: Int) -> [[UInt8]] {
        count % 2 == 0 ? keyframePayloads : alternateKeyframePayloads
    }

    /// The bytes of the larger keyframe's payloads.
    package var byteCount: Int {
        max(
            keyframePayloads.reduce(0) { $0 + $1.count },
            alternateKeyframePayloads.reduce(0) { $0 + $1.count }
        )
    }
}
