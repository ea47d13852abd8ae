import Disclosures
import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import RelayRuntime
import Rooms

/// One track on its way from the near relay's ring to the far one's.
final class RelayPush {
    private static let opus: UInt8 = 109

    let peer: PeerID
    /// The near relay's port of this push alone.
    let port: UInt16
    let source: MediaRing
    let sink: MediaRing
    let gate: DisclosureGate
    private let number: UInt64
    private var nextSequence: Int64 = 65_536

    init(number: UInt64, port: UInt16) {
        self.number = number
        self.port = port
        peer = PeerID(number)
        let track = TrackID(number)
        source = MediaRing(track: track, kind: .audio, minimumCapacity: 256)
        sink = MediaRing(track: track, kind: .audio, minimumCapacity: 256)
        gate = DisclosureGate(track: track, audience: AudienceID(1))
    }

    /// Packets that have reached the far relay and were decrypted there.
    var arrived: UInt64 { sink.head }

    var line: MediaLineParameters {
        var line = MediaLineParameters(
            kind: .audio,
            ssrc: UInt32(number),
            rtxSSRC: nil,
            firstSequence: 1
        )
        line.payloadTypes.set(.opus, Self.opus, rtx: nil)
        return line
    }

    var ingest: PublisherParameters {
        let track = IngestParameters(
            ring: sink,
            ssrcs: [UInt32(number)],
            rtxSSRCs: [],
            mid: Array("0".utf8),
            codecs: [Self.opus: .opus],
            rtxTypes: [:],
            sendsNACK: false,
            sendsPLI: false,
            sendsFIR: false
        )
        return PublisherParameters(
            tracks: [track],
            midExtension: 0,
            audioLevelExtension: 0,
            orientationExtension: 0,
            dependencyDescriptorExtension: 0,
            transportSequenceExtension: 0,
            sendsREMB: false,
            sendsTransportFeedback: false,
            maximumBitsPerSecond: 1_000_000
        )
    }

    /// Puts one packet of 20 ms into the near relay's ring.
    func publish() {
        let payload: [UInt8] = [0xF8, 0xFF, 0xFE]
        var facts = PayloadFacts()
        facts.startsKeyframe = true
        facts.startsFrame = true
        facts.endsFrame = true
        source.publish(
            RingPacket(
                sequence: nextSequence,
                timestamp: UInt32(truncatingIfNeeded: nextSequence &* 960),
                arrival: SystemClock.monotonic,
                facts: facts,
                codec: .opus,
                marker: false
            ),
            payload: payload.span.bytes
        )
        nextSequence += 1
    }

    /// Publishes until `count` more packets have arrived; `false` if they do not within seconds.
    func flows(_ count: UInt64) async throws -> Bool {
        let wanted = arrived + count
        return try await eventually {
            if arrived < wanted { publish() }
            return arrived >= wanted
        }
    }
}
