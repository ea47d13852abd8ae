import Primitives
import RTPPackets

/// The relay's own media for withheld lines: one keyframe as RTP payloads, or one packet of silence.
///
/// Made before use by the control plane; no byte of a participant's stream is in it.
package struct SlateFrames: Sendable {
    package let codec: MediaCodec
    /// RTP payloads in order; the last carries the marker.
    let payloads: [[UInt8]]
    /// What each payload's descriptor holds, so that picture numbers can be continued.
    let indexes: [PictureIndex]

    /// `nil` if there is no payload, or one is empty, too large or malformed for the codec.
    package init?(codec: MediaCodec, payloads: [[UInt8]]) {
        guard !payloads.isEmpty else { return nil }
        var indexes: [PictureIndex] = []
        for (number, payload) in payloads.enumerated() {
            guard payload.count <= SendSlab.payloadCapacity,
                let facts = PayloadFacts.inspect(
                    codec: codec, packet: payload.span.bytes, marker: number == payloads.count - 1)
            else { return nil }
            indexes.append(facts.index)
        }
        self.codec = codec
        self.payloads = payloads
        self.indexes = indexes
    }
}
