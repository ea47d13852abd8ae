/// The running numbers in a VP8 or VP9 payload descriptor, with where they stand, so that they can be
/// renumbered in place without parsing again.
package struct PictureIndex: Sendable, Equatable {
    /// The picture id, 7 or 15 bits; 0 if absent.
    package var pictureID: UInt16 = 0
    /// TL0PICIDX; 0 if absent.
    package var tl0PicIdx: UInt8 = 0
    /// Offset of the picture id in the payload; 0 if absent, as it never stands first.
    package var pictureIDOffset: UInt8 = 0
    /// Offset of TL0PICIDX in the payload; 0 if absent.
    package var tl0PicIdxOffset: UInt8 = 0
    /// Whether the picture id has 15 bits, not 7.
    package var isPictureIDLong = false

    package init() {}

    package var hasPictureID: Bool { pictureIDOffset != 0 }
    package var hasTL0PicIdx: Bool { tl0PicIdxOffset != 0 }

    /// The largest picture id of its width: the mask to wrap with.
    package var pictureIDMask: UInt16 { isPictureIDLong ? 0x7FFF : 0x7F }
}
