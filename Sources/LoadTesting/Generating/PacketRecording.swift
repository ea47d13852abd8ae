import MediaCodecs
import Primitives
import RTPPackets

/// Encoded media cut into payloads once, which any number of publishers send again and again.
package final class PacketRecording: Sendable {
    /// A payload, and where in it a stamp has room.
    struct Payload {
        let start: Int
        let count: Int
        let stampOffset: Int?
    }

    /// Payloads of the same time: a picture, or one packet of sound.
    struct Frame {
        let payloads: Range<Int>
        let isKeyframe: Bool
    }

    package let codec: MediaCodec
    let framesPerSecond: Int
    let bytes: [UInt8]
    let payloads: [Payload]
    let frames: [Frame]
    /// What `PayloadHash` says of the payloads without a stamp.
    let hashes: PayloadHashes

    /// Frames of 20 ms of sound.
    private static let soundFramesPerSecond = 50

    private init(codec: MediaCodec, framesPerSecond: Int, cut: [(payloads: [[UInt8]], isKeyframe: Bool)]) {
        self.codec = codec
        self.framesPerSecond = framesPerSecond
        var bytes: [UInt8] = []
        var payloads: [Payload] = []
        var frames: [Frame] = []
        var hashes: [UInt64] = []
        for frame in cut {
            let first = payloads.count
            for payload in frame.payloads {
                let span = payload.span.bytes
                let stampOffset = MediaStamp.offset(in: span, codec: codec)
                payloads.append(
                    Payload(start: bytes.count, count: payload.count, stampOffset: stampOffset)
                )
                bytes += payload
                if stampOffset == nil, let hash = PayloadHash.of(span, codec: codec) { hashes.append(hash) }
            }
            frames.append(Frame(payloads: first..<payloads.count, isKeyframe: frame.isKeyframe))
        }
        self.bytes = bytes
        self.payloads = payloads
        self.frames = frames
        self.hashes = PayloadHashes(hashes)
    }

    /// Cuts a video into payloads of at most `payloadBytes`, with room for a stamp in each frame.
    package convenience init(_ video: RecordedVideo, payloadBytes: Int) {
        // Numbers of pictures are written when they are sent.
        var packetizer = VideoPacketizer(codec: video.codec, maximumPayloadBytes: payloadBytes)
        self.init(
            codec: video.codec,
            framesPerSecond: video.framesPerSecond,
            cut: video.frames.map { frame in
                (packetizer.packetize(MediaStamp.addingRoom(to: frame)), frame.isKeyframe)
            }
        )
    }

    /// Packets of 20 ms of Opus, with room for a stamp in each.
    package convenience init(sound packets: [[UInt8]]) {
        self.init(
            codec: .opus,
            framesPerSecond: Self.soundFramesPerSecond,
            cut: packets.map { ([MediaStamp.addingRoom(toSound: $0) ?? $0], false) }
        )
    }

    /// `seconds` of a tone.
    ///
    /// Throws `CodecError`.
    package static func tone(_ frequency: Double, seconds: Int) throws -> PacketRecording {
        let source = try AudioSource(.tone(frequency))
        return PacketRecording(
            sound: try (0..<(max(1, seconds) * soundFramesPerSecond)).map { _ in try source.next() }
        )
    }

    /// The longest payload.
    var longestPayload: Int { payloads.reduce(0) { max($0, $1.count) } }

    /// The frame at which to go on for a keyframe, from `frame` on.
    func keyframe(from frame: Int) -> Int {
        let order = (0..<frames.count).lazy.map { (frame + $0) % self.frames.count }
        return order.first { self.frames[$0].isKeyframe } ?? frame
    }
}

/// A set of hashes that does not change, quick to ask.
struct PayloadHashes: Sendable {
    /// Open addressing, at most half full; 0 for nothing.
    private let table: [UInt64]

    init(_ hashes: [UInt64]) {
        var size = 16
        while size < hashes.count * 2 { size *= 2 }
        var table = [UInt64](repeating: 0, count: size)
        for hash in hashes where hash != 0 {
            var place = Int(truncatingIfNeeded: hash) & (size - 1)
            while table[place] != 0, table[place] != hash { place = (place + 1) & (size - 1) }
            table[place] = hash
        }
        self.table = table
    }

    func contains(_ hash: UInt64) -> Bool {
        guard hash != 0 else { return false }
        var place = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[place] != 0 {
            if table[place] == hash { return true }
            place = (place + 1) & (table.count - 1)
        }
        return false
    }
}
