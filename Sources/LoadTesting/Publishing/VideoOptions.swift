import RTPPackets

/// Reads what a command's options say about video.
package enum VideoOptions {
    /// `vp8`, `vp9` or `h264`.
    package static func codec(_ text: some StringProtocol) throws(VideoOptionError) -> MediaCodec {
        switch text.lowercased() {
        case "vp8": .vp8
        case "vp9": .vp9
        case "h264": .h264
        default: throw VideoOptionError(description: "a codec is vp8, vp9 or h264, got \(text)")
        }
    }

    /// Codecs separated by commas, at least one.
    package static func codecs(_ text: String) throws(VideoOptionError) -> [MediaCodec] {
        var codecs: [MediaCodec] = []
        for part in text.split(separator: ",") { codecs.append(try codec(part)) }
        guard !codecs.isEmpty else { throw VideoOptionError(description: "no codec is named") }
        return codecs
    }

    /// Width and height, for example `640x360`.
    package static func size(_ text: String) throws(VideoOptionError) -> (width: Int, height: Int) {
        let parts = text.lowercased().split(separator: "x").compactMap { Int($0) }
        guard parts.count == 2, parts.allSatisfy({ (64...4_096).contains($0) && $0 % 2 == 0 }) else {
            throw VideoOptionError(
                description: "a size is two even numbers of 64 to 4096 such as 640x360, got \(text)"
            )
        }
        return (parts[0], parts[1])
    }
}

/// What is wrong with an option's value.
package struct VideoOptionError: Error, Sendable, CustomStringConvertible {
    package let description: String
}
