// Hot path 3/6: decrypt once, replay window

import Primitives

/// Why an inbound packet goes no further.
package enum InboundDropReason: UInt8, CaseIterable, Sendable {
    case authenticationFailed
    case replayed
    /// Behind the replay window.
    case tooOld
    case malformed
    /// A new SSRC where the peer already has as many as it may.
    case tooManySources
}

/// What became of an inbound RTP packet.
package enum InboundResult: Equatable, Sendable {
    /// The packet's first `length` bytes are plain RTP; the sequence number is ROC << 16 | SEQ (RFC 3711 3.3.1).
    case plaintext(length: Int, extendedSequence: UInt64)
    case drop(InboundDropReason)
}

/// What became of an inbound RTCP packet.
package enum InboundControlResult: Equatable, Sendable {
    /// The packet's first `length` bytes are plain (compound) RTCP.
    case plaintext(length: Int)
    case drop(InboundDropReason)
}

/// One peer's keys and replay windows for the packets it sends us.
///
/// Packets are decrypted in place. The bytes of a dropped packet are unspecified and hold nothing decrypted.
package struct InboundProtection: ~Copyable {
    /// SSRCs a peer may use, since more would let one peer fill memory.
    ///
    /// Three simulcast layers with RTX, a screen share alike, and audio, with room.
    package static let defaultMaximumSources = 16
    /// Packets behind the newest that still count: 1024 is about a second of 10 Mbit/s video.
    package static let replayWindowWidth = 64 * replayWords
    /// RTCP packets behind the newest that still count; they are few and come in order.
    package static let controlReplayWindowWidth = 64 * controlReplayWords
    /// SSRCs a peer may report from.
    ///
    /// A viewer's client may use one for each media section it receives.
    package static let maximumControlSources = 64

    static let replayWords = 16
    static let controlReplayWords = 2
    /// An index has 48 bits: 32 of rollover counter and 16 of sequence number.
    static let indexLimit: UInt64 = 1 << 48
    /// An RTCP packet's clear part: the first header and the sender's SSRC (RFC 3711 3.4).
    static let controlHeaderLength = 8

    package let profile: SRTPProfile
    let media: PacketCipher
    let control: PacketCipher
    private var mediaSources: SourceTable<16>
    private var controlSources: SourceTable<2>

    init(
        profile: SRTPProfile,
        media: consuming PacketCipher,
        control: consuming PacketCipher,
        maximumSources: Int = Self.defaultMaximumSources
    ) {
        self.profile = profile
        self.media = media
        self.control = control
        mediaSources = SourceTable(capacity: maximumSources)
        controlSources = SourceTable(capacity: Self.maximumControlSources)
    }

    /// SSRCs from which authenticated RTP has come.
    package var sourceCount: Int { mediaSources.count }

    /// Authenticates and decrypts an SRTP packet in place.
    package mutating func unprotectRTP(_ packet: inout MutableRawSpan) -> InboundResult {
        let length = packet.byteCount
        guard
            let header = SRTPHeader(packet.bytes),
            header.length <= length - profile.tagLength
        else { return .drop(.malformed) }
        let place = mediaSources.find(header.source)
        guard place != nil || !mediaSources.isFull else { return .drop(.tooManySources) }
        let highest = place.map { mediaSources.highest(at: $0) }
        guard let index = Self.estimateIndex(sequence: header.sequence, highest: highest) else {
            return .drop(.tooOld)
        }
        if let place {
            switch mediaSources.verdict(on: index, at: place) {
            case .fresh: break
            case .replayed: return .drop(.replayed)
            case .tooOld: return .drop(.tooOld)
            }
        }
        let isAuthentic = packet.withUnsafeMutableBytes {
            media.openRTP($0, headerLength: header.length, source: header.source, index: index)
        }
        guard isAuthentic else { return .drop(.authenticationFailed) }
        mediaSources.accept(index, from: header.source, at: place)
        return .plaintext(length: length - profile.tagLength, extendedSequence: index)
    }

    /// Authenticates and decrypts an SRTCP packet in place (RFC 3711 3.4, RFC 7714 9).
    package mutating func unprotectRTCP(_ packet: inout MutableRawSpan) -> InboundControlResult {
        let plainLength = packet.byteCount - profile.rtcpOverhead
        guard
            plainLength >= Self.controlHeaderLength,
            let first = packet.bytes.byte(at: 0), first >> 6 == 2,
            let source = packet.bytes.bigEndianUInt32(at: 4),
            let word = packet.bytes.bigEndianUInt32(at: plainLength + profile.controlWordOffset)
        else { return .drop(.malformed) }
        let index = UInt64(word & 0x7FFF_FFFF)
        let place = controlSources.find(source)
        if let place {
            switch controlSources.verdict(on: index, at: place) {
            case .fresh: break
            case .replayed: return .drop(.replayed)
            case .tooOld: return .drop(.tooOld)
            }
        } else if controlSources.isFull {
            return .drop(.tooManySources)
        }
        let isAuthentic = packet.withUnsafeMutableBytes {
            control.openRTCP($0, plainLength: plainLength, source: source, word: word)
        }
        guard isAuthentic else { return .drop(.authenticationFailed) }
        controlSources.accept(index, from: source, at: place)
        return .plaintext(length: plainLength)
    }

    /// The index closest to the highest so far, or `nil` where it would be negative or have 49 bits
    /// (RFC 3711 3.3.1, appendix A).
    ///
    /// A source starts with a rollover counter of zero.
    static func estimateIndex(sequence: UInt16, highest: UInt64?) -> UInt64? {
        guard let highest else { return UInt64(sequence) }
        let newest = UInt16(truncatingIfNeeded: highest)
        var rollover = highest >> 16
        if newest < 0x8000 {
            if Int(sequence) - Int(newest) > 0x8000 {
                guard rollover > 0 else { return nil }
                rollover -= 1
            }
        } else if Int(newest) - 0x8000 > Int(sequence) {
            rollover += 1
        }
        let index = rollover << 16 | UInt64(sequence)
        return index < indexLimit ? index : nil
    }
}
