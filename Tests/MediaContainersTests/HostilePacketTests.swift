import MediaCodecs
import MediaContainers
import Primitives
import RTPPackets
import Testing

/// A publisher decides what is in its packets; the file that comes of them is whole all the same.
@Suite struct HostilePacketTests {
    static let codecs: [MediaCodec] = [.vp8, .vp9, .h264, .av1]

    @Test(arguments: codecs)
    func whateverIsSentGivesAReadableFile(codec: MediaCodec) throws {
        let session = try PublishedSession([FlashAndBeep.of(codec), FlashAndBeep.of(.opus)])
        for seed in 0..<6 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var muxer = PacketMuxer(video: codec, hasAudio: true)
            var outputs: [WebMOutput] = []
            var source: UInt32 = 0
            for (arrival, event) in session.events {
                guard case .packet(var packet, let kind) = event else {
                    muxer.senderReport(
                        NTPTimestamp(rawValue: .random(in: 0...UInt64.max, using: &random)),
                        timestamp: .random(in: 0...UInt32.max, using: &random),
                        kind: Bool.random(using: &random) ? .audio : .video
                    )
                    continue
                }
                packet.source = source
                switch Int.random(in: 0..<60, using: &random) {
                case 0: packet.timestamp = .random(in: 0...UInt32.max, using: &random)
                case 1: packet.sequence += .random(in: -50...50, using: &random)
                case 2: packet.marker.toggle()
                case 3: packet.payload = []
                case 4 where !packet.payload.isEmpty:
                    let place = Int.random(in: packet.payload.indices, using: &random)
                    packet.payload[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 5: packet.captureTime = .random(in: 0...UInt64.max, using: &random)
                case 6: packet.payload = packet.payload.map { _ in .random(in: 0...255, using: &random) }
                case 7: if Int.random(in: 0..<10, using: &random) == 0 { source += 1 }
                case 8:
                    if Int.random(in: 0..<10, using: &random) == 0 { outputs += try muxer.interrupt(kind) }
                default: break
                }
                outputs += try muxer.append(packet, kind: kind)
                outputs += try muxer.advance(to: arrival)
            }
            outputs += try muxer.finish()
            try expectReadable(outputs, codec)
        }
    }

    private func expectReadable(_ outputs: [WebMOutput], _ codec: MediaCodec) throws {
        let headers = outputs.compactMap { if case .header(let bytes) = $0 { bytes } else { nil } }
        let clusters = outputs.compactMap { if case .cluster(let cluster) = $0 { cluster } else { nil } }
        let header = try #require(headers.last)
        let reader = try WebMReader(header: header)
        var last: [MediaKind: Int64] = [:]
        for cluster in clusters {
            #expect(cluster.entry.endNanoseconds - cluster.entry.startNanoseconds <= 1_000_000_000)
            for frame in try reader.frames(of: cluster.bytes) {
                #expect(frame.time > last[frame.kind] ?? -1)
                #expect((0...12_000_000_000).contains(frame.time), "\(frame.time)")
                last[frame.kind] = frame.time
            }
        }
        #expect(clusters.count > 2)
        #expect(try WebMFileLayout(header: header, clusters: clusters.map(\.entry)).byteCount > 0)
    }
}
