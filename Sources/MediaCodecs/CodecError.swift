/// Why a codec could not do what it was asked.
package enum CodecError: Error, Hashable {
    /// This build has no encoder or decoder for the codec.
    case unsupportedCodec
    /// The arguments are outside what the codec or this target allows; the text names value and limit.
    case invalidSettings(String)
    /// The codec library refused; its own number for the reason.
    case libraryFailure(Int)
    /// The bytes are not a frame that can be decoded (truncated, damaged, or without the frames before it).
    case undecodable(Int)
    /// The frame's picture is larger than is decoded here.
    case pictureTooLarge
    /// The encoder gave no frame.
    case noOutput
}
