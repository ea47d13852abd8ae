import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import SRTPProtection

/// What one broadcaster sends: VP8 in frames of five packets, and Opus; and what its answer settled.
struct Broadcast {
    static let packetsPerFrame = 5
    /// As a viewer gets it, padded and with header and the tag of AES-GCM, a packet of it has 1204 bytes.
    static let videoPayloadBytes = 1_164
    /// 20 ms at 48 kbit/s.
    static let audioPayloadBytes = 120

    static let videoType: UInt8 = 96
    static let rtxType: UInt8 = 97
    static let audioType: UInt8 = 111
    static let midExtension: UInt8 = 4
    private static let audioLevelExtension: UInt8 = 1
    private static let transportSequenceExtension: UInt8 = 5
    private static let videoSSRC: UInt32 = 0x1000_0000
    private static let audioSSRC: UInt32 = 0x1000_0002

    let video = MediaRing(track: TrackID(1), kind: .video, minimumCapacity: 1_024)
    let audio = MediaRing(track: TrackID(2), kind: .audio, minimumCapacity: 512)
    private var videoSequence: UInt64 = 1_000
    private var audioSequence: UInt64 = 2_000
    private var videoTimestamp: UInt32 = 90_000
    private var audioTimestamp: UInt32 = 48_000
    private var pictureID: UInt16 = 100
    private var transportSequence: UInt16 = 0
    private var picture: [UInt8]
    private var sound: [UInt8]

    init(random: inout SeededRandom) {
        picture = (0..<Self.videoPayloadBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        sound = (0..<Self.audioPayloadBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        // CELT, fullband, 20 ms, stereo, one frame (RFC 6716 3.1).
        sound[0] = 0xFC
    }

    func ring(_ kind: MediaKind) -> MediaRing { kind == .audio ? audio : video }

    static func packets(of kind: MediaKind) -> Int { kind == .audio ? 1 : packetsPerFrame }

    static func interval(of kind: MediaKind) -> Int64 { kind == .audio ? 20_000_000 : 33_333_333 }

    var parameters: PublisherParameters {
        let video = IngestParameters(
            ring: video,
            ssrcs: [Self.videoSSRC],
            rtxSSRCs: [Self.videoSSRC + 1],
            mid: Array("0".utf8),
            codecs: [Self.videoType: .vp8],
            rtxTypes: [Self.rtxType: Self.videoType],
            sendsNACK: true,
            sendsPLI: true,
            sendsFIR: true
        )
        let audio = IngestParameters(
            ring: audio,
            ssrcs: [Self.audioSSRC],
            rtxSSRCs: [],
            mid: Array("1".utf8),
            codecs: [Self.audioType: .opus],
            rtxTypes: [:],
            sendsNACK: false,
            sendsPLI: false,
            sendsFIR: false
        )
        return PublisherParameters(
            tracks: [video, audio],
            midExtension: Self.midExtension,
            audioLevelExtension: Self.audioLevelExtension,
            orientationExtension: 0,
            dependencyDescriptorExtension: 0,
            transportSequenceExtension: Self.transportSequenceExtension,
            sendsREMB: true,
            sendsTransportFeedback: true,
            maximumBitsPerSecond: 8_000_000
        )
    }

    /// Puts one frame into the stock, protected with the broadcaster's keys.
    mutating func write(
        _ kind: MediaKind,
        from client: Client,
        at time: MonotonicTime,
        into stock: inout DatagramStock
    ) {
        switch kind {
        case .audio:
            write(sound, kind, marker: false, from: client, at: time, into: &stock)
            audioTimestamp &+= 960
        case .video:
            // A keyframe each hundred pictures, its size as RFC 6386 9.1 writes it.
            let isKeyframe = pictureID % 100 == 0
            for number in 0..<Self.packetsPerFrame {
                let isFirst = number == 0
                // X, and S on the first; I with 15 bits (RFC 7741 4.2).
                picture[0] = isFirst ? 0x90 : 0x80
                picture[1] = 0x80
                picture[2] = UInt8(pictureID >> 8) | 0x80
                picture[3] = UInt8(truncatingIfNeeded: pictureID)
                if isFirst {
                    picture.replaceSubrange(
                        4..<14,
                        with: [isKeyframe ? 0x10 : 0x11, 2, 0, 0x9D, 0x01, 0x2A, 0x00, 0x05, 0xD0, 0x02]
                    )
                }
                let isLast = number == Self.packetsPerFrame - 1
                write(picture, kind, marker: isLast, from: client, at: time, into: &stock)
            }
            pictureID = (pictureID + 1) & 0x7FFF
            videoTimestamp &+= 3_000
        }
    }

    private mutating func write(
        _ payload: [UInt8],
        _ kind: MediaKind,
        marker: Bool,
        from client: Client,
        at time: MonotonicTime,
        into stock: inout DatagramStock
    ) {
        let isAudio = kind == .audio
        let sequence = isAudio ? audioSequence : videoSequence
        let ssrc = isAudio ? Self.audioSSRC : Self.videoSSRC
        let space = stock.space
        var writer = RTPHeaderWriter(into: space)
        writer.writeFixed(
            marker: marker,
            payloadType: isAudio ? Self.audioType : Self.videoType,
            sequenceNumber: UInt16(truncatingIfNeeded: sequence),
            timestamp: isAudio ? audioTimestamp : videoTimestamp,
            ssrc: ssrc
        )
        _ = writer.appendExtension(
            id: Self.midExtension,
            value: UInt32(isAudio ? UInt8(ascii: "1") : UInt8(ascii: "0")),
            byteCount: 1
        )
        _ = writer.appendExtension(
            id: Self.transportSequenceExtension,
            value: UInt32(transportSequence),
            byteCount: 2
        )
        if isAudio { _ = writer.appendExtension(id: Self.audioLevelExtension, value: 0x9E, byteCount: 1) }
        let headerLength = writer.finish()
        let length = payload.withUnsafeBytes { payload in
            client.outbound?.protectRTP(
                headerLength: headerLength,
                payload: payload,
                output: space,
                extendedSequence: sequence,
                ssrc: ssrc
            ) ?? 0
        }
        stock.commit(length, at: time)
        transportSequence &+= 1
        if isAudio { audioSequence += 1 } else { videoSequence += 1 }
    }
}
