import Primitives
import SRTPProtection
import Testing

/// A profile on a back end; everything but the keys' own vectors is claimed of each.
struct Suite: Sendable, CustomTestStringConvertible {
    var profile: SRTPProfile
    var backend: CipherBackend

    var testDescription: String { "\(profile) on \(backend)" }

    static let all: [Suite] = SRTPProfile.allCases.flatMap { profile in
        backends.map { Suite(profile: profile, backend: $0) }
    }
    static let backends = CipherBackend.allCases.filter(\.isAvailable)

    /// Both ends of one direction, keyed alike.
    func keys(seed: UInt64 = 1) -> (key: [UInt8], salt: [UInt8]) {
        var random = SeededRandom(seed: seed)
        return (random.bytes(profile.keyLength), random.bytes(profile.saltLength))
    }

    func outbound(seed: UInt64 = 1) throws -> OutboundProtection {
        let (key, salt) = keys(seed: seed)
        return try OutboundProtection(
            profile: profile,
            masterKey: key.span.bytes,
            masterSalt: salt.span.bytes,
            backend: backend
        )
    }

    func inbound(
        seed: UInt64 = 1,
        maximumSources: Int = InboundProtection.defaultMaximumSources
    ) throws -> InboundProtection {
        let (key, salt) = keys(seed: seed)
        return try InboundProtection(
            profile: profile,
            masterKey: key.span.bytes,
            masterSalt: salt.span.bytes,
            backend: backend,
            maximumSources: maximumSources
        )
    }
}

/// A plain RTP packet and where its payload begins.
struct PlainPacket: Equatable {
    var bytes: [UInt8]
    var headerLength: Int
    var source: UInt32
    var extendedSequence: UInt64

    var payload: ArraySlice<UInt8> { bytes[headerLength...] }

    /// A packet with a CSRC list of `contributors` and, unless `nil`, a header extension of so many words.
    init(
        extendedSequence: UInt64,
        source: UInt32 = 0x5501_A0B2,
        contributors: Int = 0,
        extensionWords: Int? = nil,
        payload: [UInt8]
    ) {
        var header: [UInt8] = [0x80 | UInt8(contributors) | (extensionWords == nil ? 0 : 0x10), 96]
        header += [
            UInt8(truncatingIfNeeded: extendedSequence >> 8), UInt8(truncatingIfNeeded: extendedSequence),
        ]
        header += [0, 0, 0x30, 0x39]
        header += (0..<4).map { UInt8(truncatingIfNeeded: source >> (24 - 8 * $0)) }
        header += [UInt8](repeating: 0xC5, count: 4 * contributors)
        if let words = extensionWords {
            header +=
                [0xBE, 0xDE, UInt8(words >> 8), UInt8(words & 255)] + [UInt8](repeating: 0, count: 4 * words)
        }
        bytes = header + payload
        headerLength = header.count
        self.source = source
        self.extendedSequence = extendedSequence
    }
}

extension OutboundProtection {
    /// Protects from a payload that lies elsewhere, and checks that nothing is written behind the packet.
    func protect(_ packet: PlainPacket) -> [UInt8] {
        let guardLength = 64
        let length = packet.bytes.count + profile.rtpOverhead
        var output = [UInt8](repeating: 0xEE, count: length + guardLength)
        output.replaceSubrange(0..<packet.headerLength, with: packet.bytes[..<packet.headerLength])
        var span = output.mutableSpan
        var bytes = span.mutableBytes
        let written = protectRTP(
            headerLength: packet.headerLength,
            payload: packet.payload.span.bytes,
            output: &bytes,
            extendedSequence: packet.extendedSequence,
            ssrc: packet.source
        )
        #expect(written == length)
        #expect(output[length...].allSatisfy { $0 == 0xEE }, "wrote behind the packet")
        return Array(output[..<length])
    }

    /// Protects an RTCP packet, and checks that nothing is written behind it.
    mutating func protectControl(_ packet: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0xEE, count: packet.count + profile.rtcpOverhead + 64)
        var span = output.mutableSpan
        var bytes = span.mutableBytes
        let written = protectRTCP(packet.span.bytes, into: &bytes)
        #expect(output[written...].allSatisfy { $0 == 0xEE }, "wrote behind the packet")
        return Array(output[..<written])
    }
}

extension InboundProtection {
    /// The result for a copy of the packet, and what the copy then holds.
    mutating func unprotect(_ packet: [UInt8]) -> (result: InboundResult, bytes: [UInt8]) {
        var bytes = packet
        let result = bytes.withUnsafeMutableBytes { unprotectRTP($0) }
        return (result, bytes)
    }

    mutating func unprotectControl(_ packet: [UInt8]) -> (result: InboundControlResult, bytes: [UInt8]) {
        var bytes = packet
        let result = bytes.withUnsafeMutableBytes { unprotectRTCP($0) }
        return (result, bytes)
    }
}

extension SeededRandom {
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }
    }
}

/// The bytes that hexadecimal digits stand for; blanks between them are passed over.
func hex(_ text: String) throws -> [UInt8] {
    let digits = try text.filter { !$0.isWhitespace }.map { UInt8(try #require($0.hexDigitValue)) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// An RTCP receiver report's header and SSRC, then `count` bytes.
func controlPacket(source: UInt32 = 0xCAFE_BABE, count: Int = 24) -> [UInt8] {
    [0x80, 201, 0, 7] + (0..<4).map { UInt8(truncatingIfNeeded: source >> (24 - 8 * $0)) }
        + (0..<count).map { UInt8(truncatingIfNeeded: $0) }
}
