import RTPPackets

/// Reads the frames of a recording again: a header and its clusters, as they are stored.
///
/// It reads what is written here and refuses everything else by name; no allocation is larger than the bytes it is
/// given.
package struct WebMReader: Sendable {
    package let header: WebMHeader

    package init(header: [UInt8]) throws(WebMError) {
        self.header = try WebMHeader(reading: header)
    }

    /// The latest time of a cluster, in milliseconds: far above any recording's.
    private static let maximumTime: UInt64 = 1 << 40

    /// The frames of one cluster, in the order of the file.
    ///
    /// `followsGap` is not kept in files and always false, `duration` is the audio packet's own.
    package func frames(of cluster: [UInt8]) throws(WebMError) -> [MediaFrame] {
        var outer = EBMLReader(cluster[...])
        guard let element = try outer.next(), element.identifier == MatroskaIdentifier.cluster else {
            throw .malformed("no cluster")
        }
        guard !element.hasUnknownSize, outer.isAtEnd else { throw .malformed("bytes behind the cluster") }
        var reader = outer.contents(element)
        var start: Int64?
        var frames: [MediaFrame] = []
        while let element = try reader.next() {
            guard !element.hasUnknownSize else {
                throw .malformed("element without size at \(element.start)")
            }
            switch element.identifier {
            case MatroskaIdentifier.timestamp:
                let time = try reader.unsigned(element)
                guard time <= Self.maximumTime else { throw .malformed("cluster at \(time) ms") }
                start = Int64(time)
            case MatroskaIdentifier.simpleBlock:
                guard let start else { throw .malformed("a block before its cluster's time") }
                if let frame = try frame(of: reader.bytes[element.data], start: start) {
                    frames.append(frame)
                }
            case MatroskaIdentifier.blockGroup:
                throw .unsupported("block groups")
            default: break
            }
        }
        return frames
    }

    /// A block: track number, time to the cluster's, flags, the frame (RFC 9559 10.2).
    ///
    /// `nil` for a track of a later header.
    private func frame(of block: ArraySlice<UInt8>, start: Int64) throws(WebMError) -> MediaFrame? {
        let head = EBMLReader(block)
        guard let number = head.byte(at: block.startIndex), let flags = head.byte(at: block.startIndex + 3),
            let relative = head.number(at: block.startIndex + 1, count: 2)
        else { throw .truncated("block of \(block.count) bytes") }
        guard number & 0x80 != 0 else { throw .unsupported("track numbers above 126") }
        guard flags & 0x06 == 0 else { throw .unsupported("lacing") }
        let time = start + Int64(Int16(truncatingIfNeeded: relative))
        guard time >= 0 else { throw .malformed("a block before the file") }
        guard let track = header.tracks.first(where: { $0.number == number & 0x7F }) else { return nil }
        var bytes = Array(block.dropFirst(4))
        guard !bytes.isEmpty else { throw .malformed("a block without frame") }
        var frame = MediaFrame(
            kind: track.codec.kind,
            time: time * 1_000_000,
            isKeyframe: flags & 0x80 != 0,
            bytes: []
        )
        if track.codec == .h264 {
            guard let units = AVCConfiguration.annexB(lengthPrefixed: bytes) else {
                throw .malformed("NAL units longer than their block")
            }
            bytes = units
        }
        if track.codec == .opus, let contents = OpusTOC(parsing: bytes.span.bytes) {
            frame.duration = Int64(contents.samples) * 1_000_000_000 / 48_000
        }
        frame.bytes = bytes
        return frame
    }
}
