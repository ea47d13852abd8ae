import RTPPackets

/// The two names that files of this structure go by.
package enum WebMDocumentType: String, Sendable {
    /// VP8, VP9, AV1 and Opus (WebM container guidelines).
    case webM = "webm"
    /// Everything else.
    case matroska

    package init(of tracks: [WebMTrack]) {
        self = tracks.contains { $0.codec == .h264 } ? .matroska : .webM
    }

    /// Internet media type.
    package var mediaType: String { self == .webM ? "video/webm" : "video/x-matroska" }
    /// File name extension, without a dot.
    package var fileExtension: String { self == .webM ? "webm" : "mkv" }
}
