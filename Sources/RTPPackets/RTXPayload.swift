import Primitives

/// The two bytes that a retransmission carries before the original payload (RFC 4588 4).
package enum RTXPayload {
    /// Bytes of the original sequence number.
    package static let headerByteCount = 2

    /// The original sequence number at the front of an RTX payload; `nil` if it is too short.
    package static func originalSequenceNumber(in payload: RawSpan) -> UInt16? {
        payload.bigEndianUInt16(at: 0)
    }
}
