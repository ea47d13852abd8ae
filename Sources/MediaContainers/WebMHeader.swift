import RTPPackets

/// What stands in front of a file's clusters, of those files that `WebMWriter` and `WebMFileLayout` make.
package struct WebMHeader: Hashable, Sendable {
    package private(set) var documentType = WebMDocumentType.matroska
    package private(set) var tracks: [WebMTrack] = []
    /// `nil` while a recording goes on.
    package private(set) var durationNanoseconds: Int64?
    /// Bytes up to the first cluster.
    package private(set) var byteCount = 0

    /// A participant has two; a file of more is somebody else's.
    private static let maximumTracks = 8
    private static let maximumPrivateBytes = 1 << 16
    private static let maximumTextBytes = 64
    private static let maximumSide: UInt64 = 1 << 16

    /// Reads a header, or a file from its beginning, up to the first cluster or the end.
    package init(reading bytes: [UInt8]) throws(WebMError) {
        var reader = EBMLReader(bytes[...])
        guard let head = try reader.next(), head.identifier == MatroskaIdentifier.fileHead else {
            throw .malformed("no EBML header")
        }
        try readHead(reader.contents(head))
        let segment = try reader.head(allowsTruncation: true)
        guard segment.identifier == MatroskaIdentifier.segment else { throw .malformed("no segment") }
        byteCount = bytes.count
        while !reader.isAtEnd {
            let start = reader.offset
            let element = try reader.head(allowsTruncation: true)
            if element.identifier == MatroskaIdentifier.cluster {
                byteCount = start
                break
            }
            guard !element.hasUnknownSize else { throw .malformed("element without size at \(start)") }
            reader = EBMLReader(bytes[start...])
            guard let whole = try reader.next() else { break }
            switch whole.identifier {
            case MatroskaIdentifier.info: try readInfo(reader.contents(whole))
            case MatroskaIdentifier.tracks: try readTracks(reader.contents(whole))
            default: break
            }
        }
        guard !tracks.isEmpty else { throw .malformed("no tracks") }
    }

    /// Whether a recording with these tracks can go on with video of this codec and Opus.
    package static func canContinue(_ tracks: [WebMTrack], video: MediaCodec?) -> Bool {
        tracks.allSatisfy { track in
            switch track.number {
            case WebMTrack.videoNumber: track.codec.kind == .video && (video == nil || track.codec == video)
            case WebMTrack.audioNumber: track.codec == .opus
            default: false
            }
        }
    }

    private mutating func readHead(_ reader: EBMLReader) throws(WebMError) {
        var reader = reader
        while let element = try reader.next() {
            switch element.identifier {
            case MatroskaIdentifier.documentType:
                let text = try reader.text(element, limit: Self.maximumTextBytes)
                guard let type = WebMDocumentType(rawValue: text) else {
                    throw .unsupported("document type '\(text)'")
                }
                documentType = type
            case MatroskaIdentifier.documentReadVersion:
                let version = try reader.unsigned(element)
                guard version <= 4 else { throw .unsupported("document version \(version)") }
            default: break
            }
        }
    }

    private mutating func readInfo(_ reader: EBMLReader) throws(WebMError) {
        var reader = reader
        while let element = try reader.next() {
            switch element.identifier {
            case MatroskaIdentifier.timestampScale:
                let scale = try reader.unsigned(element)
                guard scale == 1_000_000 else { throw .unsupported("timestamps of \(scale) ns") }
            case MatroskaIdentifier.duration:
                let milliseconds = try reader.float(element)
                guard milliseconds >= 0, milliseconds < 1e12 else {
                    throw .malformed("duration \(milliseconds)")
                }
                durationNanoseconds = Int64(milliseconds * 1_000_000)
            default: break
            }
        }
    }

    private mutating func readTracks(_ reader: EBMLReader) throws(WebMError) {
        var reader = reader
        while let element = try reader.next() {
            guard element.identifier == MatroskaIdentifier.trackEntry else { continue }
            guard tracks.count < Self.maximumTracks else {
                throw .tooLarge("more than \(Self.maximumTracks) tracks")
            }
            let track = try Self.readTrack(reader.contents(element))
            guard !tracks.contains(where: { $0.number == track.number }) else {
                throw .malformed("track \(track.number) twice")
            }
            tracks.append(track)
        }
    }

    private static func readTrack(_ reader: EBMLReader) throws(WebMError) -> WebMTrack {
        var reader = reader
        var track = WebMTrack(number: 0, codec: .opus)
        var codec: MediaCodec?
        while let element = try reader.next() {
            switch element.identifier {
            case MatroskaIdentifier.trackNumber:
                let number = try reader.unsigned(element)
                guard number <= WebMTrack.numbers.upperBound else {
                    throw .unsupported("track number \(number)")
                }
                track.number = UInt8(number)
            case MatroskaIdentifier.codecID:
                let name = try reader.text(element, limit: maximumTextBytes)
                guard let known = WebMTrack.codec(of: name) else { throw .unsupported("codec '\(name)'") }
                codec = known
            case MatroskaIdentifier.codecPrivate:
                guard element.data.count <= maximumPrivateBytes else {
                    throw .tooLarge("codec private of \(element.data.count) bytes: \(maximumPrivateBytes)")
                }
                track.codecPrivate = Array(reader.bytes[element.data])
            case MatroskaIdentifier.video, MatroskaIdentifier.audio:
                try readFormat(reader.contents(element), into: &track)
            default: break
            }
        }
        guard WebMTrack.numbers.contains(track.number) else { throw .malformed("a track without number") }
        guard let codec else { throw .malformed("track \(track.number) without codec") }
        track.codec = codec
        let isComplete = codec.kind == .audio ? track.channels > 0 : track.width > 0 && track.height > 0
        guard isComplete else { throw .malformed("track \(track.number) without size or channels") }
        if codec.kind == .audio { (track.width, track.height) = (0, 0) } else { track.channels = 0 }
        return track
    }

    private static func readFormat(_ reader: EBMLReader, into track: inout WebMTrack) throws(WebMError) {
        var reader = reader
        while let element = try reader.next() {
            switch element.identifier {
            case MatroskaIdentifier.pixelWidth, MatroskaIdentifier.pixelHeight:
                let side = try reader.unsigned(element)
                guard side <= maximumSide else { throw .tooLarge("\(side) pixels: \(maximumSide)") }
                if element.identifier == MatroskaIdentifier.pixelWidth {
                    track.width = Int(side)
                } else {
                    track.height = Int(side)
                }
            case MatroskaIdentifier.channels:
                let channels = try reader.unsigned(element)
                guard (1...8).contains(channels) else { throw .malformed("\(channels) channels") }
                track.channels = Int(channels)
            default: break
            }
        }
    }
}
