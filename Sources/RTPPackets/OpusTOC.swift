import Primitives

/// The table-of-contents byte of an Opus packet and the frame count behind it (RFC 6716 3.1 and 3.2).
package struct OpusTOC: Sendable, Equatable {
    /// Most audio one packet may hold, in samples at 48 kHz: 120 ms (RFC 6716 3.2.5).
    package static let maximumSamples = 5760

    /// The configuration number, 0 to 31.
    package let configuration: UInt8
    package let isStereo: Bool
    /// Frames in the packet.
    package let frameCount: Int
    /// Samples of one frame at 48 kHz.
    package let samplesPerFrame: Int

    /// Samples of the packet at 48 kHz, which are RTP timestamp ticks (RFC 7587 4.1).
    package var samples: Int { samplesPerFrame * frameCount }

    /// Reads an Opus payload; `nil` if it is empty, has no frames, or lasts over 120 ms.
    package init?(parsing payload: RawSpan) {
        guard let first = payload.byte(at: 0) else { return nil }
        configuration = first >> 3
        isStereo = first & 0x04 != 0
        samplesPerFrame =
            switch configuration {
            // SILK: 10, 20, 40, 60 ms.
            case 0..<12: configuration & 3 == 3 ? 2880 : 480 << Int(configuration & 3)
            // Hybrid: 10, 20 ms.
            case 12..<16: configuration & 1 == 0 ? 480 : 960
            // CELT: 2.5, 5, 10, 20 ms.
            default: 120 << Int(configuration & 3)
            }
        switch first & 0x03 {
        case 0:
            frameCount = 1
        case 1, 2:
            frameCount = 2
        default:
            guard let count = payload.byte(at: 1), count & 0x3F > 0 else { return nil }
            frameCount = Int(count & 0x3F)
        }
        guard samplesPerFrame * frameCount <= Self.maximumSamples else { return nil }
    }
}
