extension RTXPayload {
    /// Writes the original sequence number into the first two bytes of `payload`.
    package static func write(
        originalSequenceNumber: UInt16,
        into payload: UnsafeMutableRawBufferPointer
    ) {
        precondition(payload.count >= headerByteCount, "no room for the original sequence number")
        payload.storeBytes(of: originalSequenceNumber.bigEndian, as: UInt16.self)
    }
}
