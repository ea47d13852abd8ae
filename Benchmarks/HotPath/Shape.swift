import MediaRings
import RTPPackets

/// What is measured: which half of a packet's way, and of what kind of packet.
enum Shape: String, CaseIterable {
    /// A frame of video from the ring into the slab, for every viewer.
    case forwardVideo = "forward-video"
    /// The same of sound, of which a frame is one packet.
    case forwardAudio = "forward-audio"
    /// Datagrams of video from the broadcaster into the ring.
    case ingestVideo = "ingest-video"
    case ingestAudio = "ingest-audio"

    var kind: MediaKind {
        switch self {
        case .forwardVideo, .ingestVideo: .video
        case .forwardAudio, .ingestAudio: .audio
        }
    }

    var isIngest: Bool { self == .ingestVideo || self == .ingestAudio }

    /// Frames of one stretch: what comes in is far less than what goes out, and a clock takes time to read.
    ///
    /// A line forwards no more of a track in one batch than 32 packets.
    var framesPerStretch: Int {
        switch self {
        case .forwardVideo, .forwardAudio: 1
        case .ingestVideo: 6
        case .ingestAudio: 30
        }
    }

    /// Packets that one stretch handles.
    func packetsPerStretch(viewers: Int) -> Int {
        framesPerStretch * Broadcast.packets(of: kind) * (isIngest ? 1 : viewers)
    }
}
