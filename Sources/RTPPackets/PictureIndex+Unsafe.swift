extension PictureIndex {
    /// Writes new numbers over those of `payload`, whose descriptor this index was read from (RFC 7741 4.2,
    /// RFC 9628 4.2).
    ///
    /// Absent fields stay absent and the picture id keeps its width, wrapped to it.
    package func rewrite(
        in payload: UnsafeMutableRawBufferPointer,
        pictureID newPictureID: UInt16,
        tl0PicIdx newTL0: UInt8
    ) {
        let offset = Int(pictureIDOffset)
        let wrapped = newPictureID & pictureIDMask
        if hasPictureID, offset + (isPictureIDLong ? 2 : 1) <= payload.count {
            if isPictureIDLong {
                payload[offset] = 0x80 | UInt8(truncatingIfNeeded: wrapped >> 8)
                payload[offset + 1] = UInt8(truncatingIfNeeded: wrapped)
            } else {
                payload[offset] = UInt8(truncatingIfNeeded: wrapped)
            }
        }
        if hasTL0PicIdx, Int(tl0PicIdxOffset) < payload.count {
            payload[Int(tl0PicIdxOffset)] = newTL0
        }
    }

    /// Writes this index's own numbers moved by offsets that wrap: what keeps a viewer's numbering
    /// continuous over frames it was not sent.
    package func rewrite(
        in payload: UnsafeMutableRawBufferPointer,
        addingToPictureID pictureIDOffset: UInt16,
        addingToTL0PicIdx tl0Offset: UInt8
    ) {
        rewrite(in: payload, pictureID: pictureID &+ pictureIDOffset, tl0PicIdx: tl0PicIdx &+ tl0Offset)
    }
}
