import CMatroska
import RTPPackets

/// The elements of a file, made by libmatroska, with times in milliseconds.
enum MatroskaElements {
    /// A frame of a cluster: `count` bytes of the cluster's data from `offset` on.
    struct Block {
        var track: UInt8
        var time: Int64
        var isKeyframe: Bool
        var offset: Int
        var count: Int
    }

    /// A place to seek to; `position` is counted from the first cluster.
    struct Cue {
        var time: Int64
        var track: UInt8
        var position: Int64
    }

    /// The library failed, for which there is no cause but memory.
    struct LibraryFailure: Error {}

    /// What stands in front of clusters while there is no end.
    static func header(_ tracks: [WebMTrack]) throws(LibraryFailure) -> [UInt8] {
        try take(
            withTracks(tracks) { list, data in
                tally_matroska_header(WebMDocumentType(of: tracks).rawValue, list, list.count, data)
            }
        )
    }

    /// What stands in front of `clusterBytes` bytes of clusters in a finished file.
    static func index(
        _ tracks: [WebMTrack],
        duration: Double,
        cues: [Cue],
        clusterBytes: Int64
    ) throws(LibraryFailure) -> [UInt8] {
        let cues = cues.map {
            tally_matroska_cue(
                time: UInt64($0.time),
                track: UInt64($0.track),
                position: UInt64($0.position)
            )
        }
        return try take(
            withTracks(tracks) { list, data in
                tally_matroska_index(
                    WebMDocumentType(of: tracks).rawValue,
                    list,
                    list.count,
                    data,
                    duration,
                    cues,
                    cues.count,
                    UInt64(clusterBytes)
                )
            }
        )
    }

    /// One cluster; blocks are in the order of their times, and lie in `data`.
    static func cluster(time: Int64, blocks: [Block], data: [UInt8]) throws(LibraryFailure) -> [UInt8] {
        let frames = blocks.map { block in
            precondition(
                block.offset >= 0 && block.offset + block.count <= data.count,
                "a block of other data"
            )
            precondition(
                (0...0x7FFF).contains(block.time - time),
                "a block \(block.time - time) ms in a cluster"
            )
            return tally_matroska_frame(
                track: UInt64(block.track),
                time: UInt64(block.time),
                offset: block.offset,
                count: block.count,
                is_keyframe: block.isKeyframe ? 1 : 0
            )
        }
        return try take(tally_matroska_cluster(UInt64(time), frames, frames.count, data))
    }

    private static func withTracks(
        _ tracks: [WebMTrack],
        _ body: ([tally_matroska_track], [UInt8]) -> tally_matroska_bytes
    ) -> tally_matroska_bytes {
        var data: [UInt8] = []
        // Safe because the pointers to codec names outlive the call: each is of a copy that is freed after it.
        var names: [UnsafeMutablePointer<CChar>] = []
        defer { for name in names { name.deallocate() } }
        let list = tracks.map { track in
            let text = WebMTrack.identifier(of: track.codec).utf8CString
            let name = UnsafeMutablePointer<CChar>.allocate(capacity: text.count)
            for (index, character) in text.enumerated() { name[index] = character }
            names.append(name)
            defer { data += track.codecPrivate }
            let isAudio = track.codec.kind == .audio
            return tally_matroska_track(
                number: UInt64(track.number),
                codec_id: UnsafePointer(name),
                codec_private_offset: data.count,
                codec_private_count: track.codecPrivate.count,
                width: UInt64(track.width),
                height: UInt64(track.height),
                channels: UInt64(track.channels),
                sampling_frequency: isAudio ? Double(track.codec.clockRate) : 0,
                codec_delay_nanoseconds: isAudio ? OpusHead.codecDelayNanoseconds : 0,
                seek_preroll_nanoseconds: isAudio ? OpusHead.seekPreRollNanoseconds : 0
            )
        }
        return body(list, data)
    }

    private static func take(_ bytes: tally_matroska_bytes) throws(LibraryFailure) -> [UInt8] {
        guard let start = bytes.bytes else { throw LibraryFailure() }
        defer { tally_matroska_free(bytes) }
        return Array(UnsafeBufferPointer(start: start, count: bytes.count))
    }
}
