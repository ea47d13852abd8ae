import Primitives
import RTPPackets

/// The relay's own media for withheld lines: a keyframe as RTP payloads, or one packet of silence.
///
/// Made before use by the control plane; no byte of a participant's stream is in it.
package struct SlateFrames: Sendable {
    /// One keyframe.
    struct Frame: Sendable {
        /// RTP payloads in order; the last carries the marker.
        let payloads: [[UInt8]]
        /// What each payload's descriptor holds, so that picture numbers can be continued.
        let indexes: [PictureIndex]
    }

    /// Payloads of one keyframe: a still of a few colours has less than ten, and all must fit into one slab.
    package static let payloadLimit = 64

    package let codec: MediaCodec
    /// The level_idc that an H.264 slate keeps to; 0 for other codecs.
    package let level: UInt8
    /// Two that take turns: two H.264 IDR pictures in a row must differ (ITU-T H.264 7.4.3, idr_pic_id).
    let frames: (Frame, Frame)

    /// `nil` if there is no payload, or too many, or one is empty, too large or malformed for the codec.
    package init?(
        codec: MediaCodec,
        level: UInt8 = 0,
        payloads: [[UInt8]],
        alternatePayloads: [[UInt8]]? = nil
    ) {
        guard let first = Self.frame(codec, payloads),
            let second = Self.frame(codec, alternatePayloads ?? payloads)
        else { return nil }
        self.codec = codec
        self.level = level
        frames = (first, second)
    }

    private static func frame(_ codec: MediaCodec, _ payloads: [[UInt8]]) -> Frame? {
        guard !payloads.isEmpty, payloads.count <= payloadLimit else { return nil }
        var indexes: [PictureIndex] = []
        for (number, payload) in payloads.enumerated() {
            guard payload.count <= SendSlab.payloadCapacity,
                let facts = PayloadFacts.inspect(
                    codec: codec,
                    packet: payload.span.bytes,
                    marker: number == payloads.count - 1
                )
            else { return nil }
            indexes.append(facts.index)
        }
        return Frame(payloads: payloads, indexes: indexes)
    }
}
